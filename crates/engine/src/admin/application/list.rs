//! Looking at applications.

use ephor_domain::id::PrincipalId;

use super::{ApplicationDetail, ApplicationRow, UNKNOWN};
use crate::{
    admin::{
        Listing, NameCursor,
        desk::{Files, Query, Subject},
    },
    answer::Answer,
};

/// Registered applications by name.
#[derive(Debug, Clone, Default)]
pub struct ListApplications {
    /// Goes on here.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListApplications {
    type Output = Listing<ApplicationRow, NameCursor>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let rows = files.tx.applications(self.after.as_ref(), self.limit).await?;
        let last = rows.last().filter(|_| rows.len() >= self.limit as usize);
        let next = last.map(|row| NameCursor::after(&row.principal.display_name, row.principal.id.uuid()));
        Ok(Listing { rows, next })
    }
}

/// An application with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetApplication {
    /// Which: its service principal.
    pub application: PrincipalId,
}

impl Query for GetApplication {
    type Output = ApplicationDetail;

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<ApplicationDetail> {
        let row = files.tx.application(self.application).await?.ok_or(UNKNOWN)?;
        Ok(ApplicationDetail::load(files.tx, row).await?)
    }
}
