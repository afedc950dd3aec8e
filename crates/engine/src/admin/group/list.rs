//! `Get-PAMGroup`.

use ephor_domain::{
    Refusal,
    id::{GroupId, TargetId},
    pam::group::Group,
};
use ephor_store::tx::{NameCursor, Page as NamePage};

use crate::{
    admin::Listing,
    admin::{
        desk::{Files, Query, Subject},
        user::list::occurs,
    },
    answer::Answer,
};

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetGroup {
    /// Which.
    pub group: GroupId,
}

impl Query for GetGroup {
    type Output = Group;

    fn subject(&self) -> Subject {
        Subject::group(self.group)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Group> {
        Ok(files.tx.group(self.group).await?.ok_or(Refusal::NotFound { what: "group" })?)
    }
}

/// What groups are searched by: each given text must occur in its field, case-blind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupSearch {
    /// In the name of the CORP group.
    pub source_account: Option<String>,
    /// In the name of the mirror.
    pub priv_account: Option<String>,
    /// In the display name of the mirror.
    pub priv_display_name: Option<String>,
    /// At this target.
    pub target: Option<TargetId>,
}

impl GroupSearch {
    fn fits(&self, group: &Group) -> bool {
        occurs(self.source_account.as_deref(), Some(&group.source_account))
            && occurs(self.priv_account.as_deref(), Some(&group.priv_account))
            && self.target.is_none_or(|target| target == group.target)
    }
}

/// Groups by display name.
#[derive(Debug, Clone, Default)]
pub struct ListGroups {
    /// Which.
    pub search: GroupSearch,
    /// Goes on here.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListGroups {
    type Output = Listing<Group, NameCursor>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (mut rows, mut after) = (Vec::new(), self.after);
        loop {
            let page =
                NamePage { search: self.search.priv_display_name.clone(), after: after.clone(), limit: self.limit };
            let groups = files.tx.groups(&page).await?;
            let is_last = groups.len() < self.limit as usize;
            for group in groups {
                let cursor = NameCursor::after(&group.display_name, group.id.uuid());
                if self.search.fits(&group) {
                    rows.push(group);
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
