//! `Get-PAMUser`: search, and the export of what is stored about a person.

use ephor_domain::{Refusal, administration::Right, id::PrincipalId, principal::Principal};
use ephor_store::tx::{NameCursor, Page as NamePage, user::UserRow};

use super::UserDetail;
use crate::{
    admin::Listing,
    admin::desk::{Files, Query, Subject},
    answer::Answer,
};

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetUser {
    /// Which.
    pub user: PrincipalId,
}

impl Query for GetUser {
    type Output = UserDetail;

    fn subject(&self) -> Subject {
        Subject::user(self.user)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<UserDetail> {
        let row = files.tx.user(self.user).await?.ok_or(Refusal::NotFound { what: "user" })?;
        UserDetail::load(files.tx, row).await
    }
}

/// One account, PAM user or not, for somebody who may change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPrincipal {
    /// Which.
    pub principal: PrincipalId,
}

impl Query for GetPrincipal {
    type Output = Principal;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Principal> {
        Ok(files.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "user" })?)
    }
}

/// What users are searched by: each given text must occur in its field, case-blind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserSearch {
    /// In the CORP domain.
    pub source_domain: Option<String>,
    /// In the CORP account name.
    pub source_account: Option<String>,
    /// In the CORP display name.
    pub source_display_name: Option<String>,
    /// In the name of the PRIV account.
    pub priv_account: Option<String>,
    /// In the display name of the PRIV account.
    pub priv_display_name: Option<String>,
}

impl UserSearch {
    fn fits(&self, row: &UserRow) -> bool {
        let source = &row.user.source;
        occurs(self.source_domain.as_deref(), Some(&source.domain))
            && occurs(self.source_account.as_deref(), Some(&source.account))
            && occurs(self.source_display_name.as_deref(), source.display_name.as_deref())
            && occurs(self.priv_account.as_deref(), Some(&row.principal.account))
    }
}

/// `part` occurs in `text`, or nothing was asked.
pub(in crate::admin) fn occurs(part: Option<&str>, text: Option<&str>) -> bool {
    part.is_none_or(|part| text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase())))
}

/// Users by display name of the PRIV account.
#[derive(Debug, Clone, Default)]
pub struct ListUsers {
    /// Which.
    pub search: UserSearch,
    /// Goes on here.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListUsers {
    type Output = Listing<UserRow, NameCursor>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (mut rows, mut after) = (Vec::new(), self.after);
        loop {
            let page =
                NamePage { search: self.search.priv_display_name.clone(), after: after.clone(), limit: self.limit };
            let users = files.tx.users(&page).await?;
            let is_last = users.len() < self.limit as usize;
            for row in users {
                let cursor = NameCursor::after(&row.principal.display_name, row.principal.id.uuid());
                if self.search.fits(&row) {
                    rows.push(row);
                }
                if rows.len() >= self.limit as usize {
                    return Ok(Listing { rows, next: Some(cursor) });
                }
                after = Some(cursor);
            }
            if is_last {
                return Ok(Listing { rows, next: None });
            }
        }
    }
}
