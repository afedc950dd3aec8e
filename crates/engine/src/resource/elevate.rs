//! The way of the tenant's administrators to resources: recorded, told to the others, and standing until taken back
//! (`ARM 20`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right},
    principal::PrincipalKind,
    resource::{Assignment, AssignmentContent, ResourceRefusal, USER_ACCESS_ADMINISTRATOR},
    scope::ArmScope,
};
use ephor_store::tx::lock::Lock;

use super::rights::author;
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// Makes the caller, who administers the tenant, User Access Administrator of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElevateAccess;

impl Command for ElevateAccess {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(USER_ACCESS_ADMINISTRATOR)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let refused = || {
            let action = "Microsoft.Authorization/elevateAccess/action".to_owned();
            Refusal::from(ResourceRefusal::NotAuthorized { action, scope: "/".to_owned(), conditioned: false })
        };
        desk.require_presence()?;
        let caller = desk.administrator().ok_or_else(refused)?;
        if !desk.directory_roles().await?.contains(&AdministratorRole::Global.template()) {
            return Err(refused().into());
        }
        let root = ArmScope::root();
        if desk.tx.role_assignment_on(caller, &root, USER_ACCESS_ADMINISTRATOR).await?.is_some() {
            return Ok(());
        }
        let now = desk.now();
        let assignment = Assignment {
            name: desk.derived_id("elevation", caller.uuid()),
            scope: root,
            definition: USER_ACCESS_ADMINISTRATOR,
            principal: caller,
            kind: PrincipalKind::User,
            content: AssignmentContent::default(),
            created: now,
            updated: now,
            created_by: author(Some(caller)),
            updated_by: author(Some(caller)),
        };
        desk.tx.insert_role_assignment(&assignment).await?;
        desk.changed(events::ROOT_ELEVATION_TAKEN, Subject::user(caller), |record| record);
        desk.alarm("resources.elevated", caller.uuid(), [("principal", caller.to_string())]);
        Ok(())
    }
}
