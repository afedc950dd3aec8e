//! Identities of outside issuers and the accounts they sign in to (seams §13).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    approval::Way,
    id::PrincipalId,
    principal::{Principal, PrincipalKind, may_take_identity},
};
pub use ephor_store::tx::identity_link::IdentityLink;
use ephor_store::tx::lock::Lock;

use super::{
    credential::{given, told},
    desk::{Command, Desk, Files, Query, Subject},
};
use crate::answer::Answer;

/// Most bytes of an issuer's or a subject's name.
const LONGEST: usize = 1024;

/// The outside identities that sign in to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListIdentities {
    /// The account.
    pub principal: PrincipalId,
}

impl Query for ListIdentities {
    type Output = Vec<IdentityLink>;

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<IdentityLink>> {
        files.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "user" })?;
        Ok(files.tx.links_of_principal(self.principal).await?)
    }
}

/// Lets an identity of an outside issuer sign in to an account. Takes a person at the keyboard whose account it is not:
/// whoever links, decides who that person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkIdentity {
    /// The account.
    pub principal: PrincipalId,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
}

impl Command for LinkIdentity {
    type Output = IdentityLink;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.principal.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<IdentityLink> {
        let account = theirs(desk, self.principal).await?;
        for (field, text) in [("issuer", &self.issuer), ("subject", &self.subject)] {
            if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
                return Err(Refusal::Invalid { field, rule: "text of at most 1024 bytes" }.into());
            }
        }
        let mut before = Vec::new();
        for former in desk.tx.links_of_identity(&self.issuer, &self.subject).await? {
            if former.ended.is_none() && former.principal != account.id {
                return Err(Refusal::Conflict { what: "the identity" }.into());
            }
            before.extend(desk.tx.principal(former.principal).await?.map(|former| former.person));
        }
        if !may_take_identity(account.person, before) {
            let by = "another person, who signed in with it: link the accounts first";
            return Err(Refusal::InUse { what: "the identity", by }.into());
        }
        let link = IdentityLink {
            issuer: self.issuer,
            subject: self.subject,
            principal: account.id,
            created: desk.now(),
            created_by: desk.administrator(),
            ended: None,
        };
        desk.tx.put_identity_link(&link).await?;
        given(desk, &account, Way::Identity).await?;
        told(desk, account.id);
        desk.changed(events::IDENTITY_LINKED, Subject::user(account.id), |record| {
            record.detail("issuer", link.issuer.clone()).detail("subject", link.subject.clone())
        });
        Ok(link)
    }
}

/// Ends a link, and with it the sessions and tokens of the account: whoever had the identity may have begun or made them.
/// The identity stays that person's: it signs in to nobody else's account afterwards (F13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlinkIdentity {
    /// The account.
    pub principal: PrincipalId,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
}

impl Command for UnlinkIdentity {
    type Output = ();

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.principal.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let account = theirs(desk, self.principal).await?;
        let now = desk.now();
        if !desk.tx.end_identity_link(&self.issuer, &self.subject, account.id, now).await? {
            return Err(Refusal::NotFound { what: "identity" }.into());
        }
        desk.tx.delete_sessions_of(account.id).await?;
        desk.tx.revoke_token_families_of(account.id, now).await?;
        desk.tx.revoke_api_tokens_of(account.id, now).await?;
        desk.changed(events::IDENTITY_UNLINKED, Subject::user(account.id), |record| {
            record.detail("issuer", self.issuer.clone()).detail("subject", self.subject.clone())
        });
        Ok(())
    }
}

/// An account that signs in, and is not of the person who gives the order.
async fn theirs(desk: &mut Desk<'_>, principal: PrincipalId) -> Answer<Principal> {
    desk.require_person()?;
    let account = desk.tx.principal(principal).await?.filter(|account| account.kind != PrincipalKind::Group);
    let account = account.ok_or(Refusal::NotFound { what: "user" })?;
    if desk.person() == Some(account.person) {
        return Err(Refusal::SelfApproval.into());
    }
    desk.require_over(account.person).await?;
    Ok(account)
}
