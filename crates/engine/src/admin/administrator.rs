//! Standing administrators (seams §14): who they are, and how they come and go.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right},
    id::PrincipalId,
    principal::Principal,
};
use ephor_store::tx::{administrator::Administrator as Assignment, lock::Lock};

use super::{
    credential::end_given,
    desk::{Command, Desk, Files, Query, Subject},
};
use crate::answer::Answer;

/// A standing administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// What he administers.
    pub role: AdministratorRole,
    /// The account.
    pub principal: Principal,
    /// Since when.
    pub since: jiff::Timestamp,
}

/// All standing administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAdministrators;

impl Query for ListAdministrators {
    type Output = Vec<Administrator>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let all = files.tx.administrators(None).await?;
        Ok(all
            .into_iter()
            .filter_map(|(assignment, principal)| {
                let role = AdministratorRole::from_template(assignment.template)?;
                Some(Administrator { role, principal, since: assignment.created })
            })
            .collect())
    }
}

/// Makes a standing administrator; one who is it already stays as he is. Takes a person's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appoint {
    /// Who.
    pub principal: PrincipalId,
    /// What he is to administer.
    pub role: AdministratorRole,
}

impl Command for Appoint {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.principal, self.role)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        desk.require_presence()?;
        let account = desk.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "principal" })?;
        if desk.tx.administrator_roles(account.id).await?.contains(&self.role.template()) {
            return Ok(());
        }
        appoint(desk, &account, self.role).await
    }
}

/// Makes `account` a standing administrator, and tells the operator. Links from before end, and every way in that a
/// lesser administrator gave: whoever could give them may not be one who may become an administrator.
pub(super) async fn appoint(desk: &mut Desk<'_>, account: &Principal, role: AdministratorRole) -> Answer<()> {
    let assignment = Assignment {
        principal: account.id,
        template: role.template(),
        created: desk.now(),
        created_by: desk.administrator(),
    };
    desk.tx.insert_administrator(&assignment).await?;
    appointed(desk, account).await?;
    let subject = Subject::user(account.id);
    desk.changed(events::ASSIGNMENT_ASSIGNED, subject, |record| record.detail("role", role.word()));
    if desk.person() == Some(account.person) {
        desk.changed(events::SELF_ASSIGNED, subject, |record| record.detail("as", role.word()));
    }
    tell(desk, "administrator.appointed", account, role);
    Ok(())
}

/// What somebody else could have given the account to sign in with ends once it holds a directory role.
pub(crate) async fn appointed(desk: &mut Desk<'_>, account: &Principal) -> Answer<()> {
    for own in desk.tx.principals_of_person(account.person).await? {
        desk.tx.delete_enrolments_of(own.id).await?;
    }
    end_given(desk, account.person).await
}

/// Whether the account may lose its place as Global Administrator.
///
/// # Errors
/// [`Refusal::LastAdministrator`].
pub(crate) async fn dismissed(desk: &mut Desk<'_>, account: &Principal) -> Answer<()> {
    super::user::disable::keep_last(desk, account).await
}

/// Ends a standing administrator's assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismiss {
    /// Who.
    pub principal: PrincipalId,
    /// What he is no longer to administer.
    pub role: AdministratorRole,
}

impl Command for Dismiss {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.principal, self.role)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let account = desk.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "principal" })?;
        if self.role == AdministratorRole::Global {
            super::user::disable::keep_last(desk, &account).await?;
        }
        if !desk.tx.delete_administrator(account.id, self.role.template()).await? {
            return Err(Refusal::NotFound { what: "administrator" }.into());
        }
        let role = self.role.word();
        desk.changed(events::ASSIGNMENT_REMOVED, Subject::user(account.id), |record| record.detail("role", role));
        tell(desk, "administrator.dismissed", &account, self.role);
        Ok(())
    }
}

fn locks(principal: PrincipalId, role: AdministratorRole) -> Vec<Lock> {
    vec![Lock::Exclusive(role.template()), Lock::Exclusive(principal.uuid())]
}

/// The others are told of each change among administrators (seams §14).
fn tell(desk: &mut Desk<'_>, event: &'static str, account: &Principal, role: AdministratorRole) {
    let facts = [("role", role.name().to_owned()), ("principal", account.id.to_string())];
    desk.alarm(event, account.id.uuid(), facts);
}
