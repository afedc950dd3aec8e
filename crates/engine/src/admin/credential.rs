//! What people sign in with, as far as administrators handle it: local passwords, enrolment links, API tokens.
//!
//! Secrets arrive hashed or leave once; none is ever recorded (promise A4). Nobody makes tokens for somebody else: such a
//! token would be that person's voice (S1).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    approval::{Given, Way},
    id::{ApiTokenId, PersonId, PrincipalId},
    principal::Principal,
};
pub use ephor_store::tx::token::ApiToken;
use ephor_store::tx::{
    credential::{Credential, Enrolment},
    lock::Lock,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use super::desk::{Command, Desk, Files, Query, Subject};
use crate::{answer::Answer, port::Entropy};

/// After all that was ever given.
pub(crate) const EVER: Timestamp = Timestamp::MAX;

/// Purpose of a link that lets its bearer set a password.
pub const ENROL_PASSWORD: &str = "password";
/// Longest life of an enrolment link.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Goes before the secret of a link into its hash: the same text is another secret elsewhere.
const PURPOSE: &[u8] = b"ephor enrolment\0";

/// 256 random bits, and what the store keeps of them.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// A fresh one.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// The text its bearer gets: 64 hexadecimal digits.
    pub(crate) fn text(&self) -> SecretString {
        SecretString::from(hex(&self.0))
    }

    /// What the store keeps: SHA-256 of the text, for this purpose alone.
    pub(crate) fn hash(&self) -> Vec<u8> {
        hash_of(&hex(&self.0))
    }
}

/// What the store keeps of a link's text.
pub(super) fn hash_of(text: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(PURPOSE);
    hash.update(text);
    hash.finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) async fn account(desk: &mut Desk<'_>, principal: PrincipalId) -> Answer<Principal> {
    let account = desk.tx.principal(principal).await?.ok_or(Refusal::NotFound { what: "user" })?;
    desk.require_over(account.person).await?;
    Ok(account)
}

/// Sets the local password of an account: its sessions, tokens and links end. Takes a person's presence.
#[derive(Clone)]
pub struct SetPassword {
    /// The account.
    pub principal: PrincipalId,
    /// Argon2 text.
    pub hash: String,
}

impl std::fmt::Debug for SetPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetPassword").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl Command for SetPassword {
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
        desk.require_presence()?;
        let account = account(desk, self.principal).await?;
        let changed = desk.now();
        replaced(desk, account.id, Way::Password, EVER).await?;
        given(desk, &account, Way::Password).await?;
        desk.tx.put_credential(&Credential { principal: account.id, hash: self.hash, changed }).await?;
        desk.tx.delete_sessions_of(account.id).await?;
        desk.tx.delete_enrolments_of(account.id).await?;
        desk.tx.revoke_token_families_of(account.id, changed).await?;
        desk.tx.revoke_api_tokens_of(account.id, changed).await?;
        desk.changed(events::PASSWORD_CHANGED, Subject::user(account.id), |record| {
            record.detail("by", "administrator")
        });
        told(desk, account.id);
        Ok(())
    }
}

/// Issues a link that lets its bearer set the password of an account, once. It takes the place of those before it. Takes
/// a person's presence.
#[derive(Debug, Clone)]
pub struct IssueEnrolment {
    /// The account.
    pub principal: PrincipalId,
    /// Hash of the link's secret.
    pub hash: Vec<u8>,
    /// When it ends; at most [`LINK_LIFE`] ahead.
    pub expires: Timestamp,
}

impl Command for IssueEnrolment {
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
        desk.require_presence()?;
        let account = account(desk, self.principal).await?;
        bounded(desk.now(), self.expires, LINK_LIFE)?;
        let link = Enrolment {
            hash: self.hash,
            principal: account.id,
            purpose: ENROL_PASSWORD.to_owned(),
            created: desk.now(),
            expires: self.expires,
        };
        desk.tx.delete_enrolments_of(account.id).await?;
        desk.tx.insert_enrolment(&link).await?;
        given(desk, &account, Way::Password).await?;
        let expires = self.expires;
        desk.changed(events::ENROLMENT_LINK_ISSUED, Subject::user(account.id), |record| {
            record.detail("expires", expires)
        });
        told(desk, account.id);
        Ok(())
    }
}

/// Notes that the caller gives the account a way in: he might speak as its holder from now on, who then does not decide on
/// what he asks for (F13). The operator at the host asks for nothing.
pub(crate) async fn given(desk: &mut Desk<'_>, account: &Principal, way: Way) -> Answer<()> {
    if let Some(by) = desk.person().filter(|by| *by != account.person) {
        let at = desk.now();
        desk.tx.put_way_in(account.id, Given { way, by, at }).await?;
    }
    Ok(())
}

/// A way in takes the place of those like it: who gave one before `before` speaks for nobody any more. Unless the account
/// has second factors: he may have enrolled one while he could.
pub(crate) async fn replaced(desk: &mut Desk<'_>, account: PrincipalId, way: Way, before: Timestamp) -> Answer<()> {
    if !desk.tx.factors(account).await?.is_empty() {
        return Ok(());
    }
    desk.tx.forget_ways_in(account, way, before).await?;
    if way == Way::Renamed {
        desk.tx.forget_ways_in(account, Way::Names, before).await?;
    }
    if way == Way::Password && desk.tx.links_of_principal(account).await?.iter().all(|link| link.ended.is_some()) {
        desk.tx.forget_ways_in(account, Way::Identity, before).await?;
    }
    Ok(())
}

/// Ends every way in of a person who comes to hold a directory role that somebody gave who may not give such roles: he may
/// still know the password, and may have planted a token or a factor while he did. Names stay as they are, and so does
/// who gave them; an account that he gave other names is held back until it gets a password from those who may, for a
/// directory or a realm may know him by them.
pub(in crate::admin) async fn end_given(desk: &mut Desk<'_>, person: PersonId) -> Answer<()> {
    for own in desk.tx.principals_of_person(person).await? {
        let (now, mut ended) = (desk.now(), Vec::new());
        // Nothing may begin beside its end.
        desk.tx.lock(&[Lock::Exclusive(own.id.uuid())]).await?;
        for link in desk.tx.links_of_principal(own.id).await? {
            if link.ended.is_none() && is_lesser(desk, link.created_by).await? {
                desk.tx.end_identity_link(&link.issuer, &link.subject, own.id, now).await?;
                desk.changed(events::IDENTITY_UNLINKED, Subject::user(own.id), |record| {
                    record.detail("issuer", link.issuer).detail("subject", link.subject).detail("by", "appointment")
                });
                ended.push(Way::Identity);
            }
        }
        let ways = desk.tx.ways_in(own.id).await?;
        for given in &ways {
            if given.by != person && !desk.may_appoint(given.by).await? {
                ended.push(given.way);
            }
        }
        if ended.is_empty() {
            continue;
        }
        desk.tx.delete_factors(own.id).await?;
        desk.tx.delete_sessions_of(own.id).await?;
        desk.tx.revoke_api_tokens_of(own.id, now).await?;
        desk.tx.revoke_token_families_of(own.id, now).await?;
        if ended.contains(&Way::Password) {
            desk.tx.delete_credential(own.id).await?;
            desk.changed(events::PASSWORD_CHANGED, Subject::user(own.id), |record| record.detail("by", "appointment"));
        }
        if ended.contains(&Way::Renamed) {
            desk.tx.put_credential(&Credential::held(own.id, now)).await?;
            // Once: whoever lets the account in again has been told.
            for given in ways.into_iter().filter(|given| given.way == Way::Renamed) {
                desk.tx.put_way_in(own.id, Given { way: Way::Names, ..given }).await?;
            }
            desk.changed(events::PASSWORD_CHANGED, Subject::user(own.id), |record| record.detail("by", "names"));
        }
        for way in [Way::Password, Way::Identity, Way::Renamed] {
            desk.tx.forget_ways_in(own.id, way, EVER).await?;
        }
        desk.alarm("credential.ended-by-appointment", own.id.uuid(), [("principal", own.id.to_string())]);
    }
    Ok(())
}

async fn is_lesser(desk: &mut Desk<'_>, giver: Option<PrincipalId>) -> Answer<bool> {
    let Some(giver) = giver else { return Ok(false) };
    match desk.tx.principal(giver).await? {
        Some(giver) => Ok(!desk.may_appoint(giver.person).await?),
        None => Ok(true),
    }
}

/// Who can sign in as somebody can speak for him: such a change is never silent.
pub(super) fn told(desk: &mut Desk<'_>, account: PrincipalId) {
    desk.alarm("credential.changed-by-administrator", account.uuid(), [("principal", account.to_string())]);
}

fn bounded(now: Timestamp, expires: Timestamp, life: SignedDuration) -> Result<(), Refusal> {
    let latest = now.saturating_add(life).unwrap_or(Timestamp::MAX);
    if expires <= now || expires > latest {
        return Err(Refusal::Invalid { field: "expires", rule: "must lie in the future and within the longest life" });
    }
    Ok(())
}

/// Enrolment links are issued by the engine, so that their secrets come from its randomness.
impl crate::Engine {
    /// Issues an enrolment link and answers its secret, once.
    ///
    /// # Errors
    /// As [`IssueEnrolment`].
    pub async fn issue_enrolment(
        &self,
        actor: &ephor_domain::principal::Actor,
        principal: PrincipalId,
        life: SignedDuration,
    ) -> Answer<(SecretString, Timestamp)> {
        let secret = Secret::draw(&*self.inner.entropy);
        let expires = self.now().saturating_add(life).unwrap_or(Timestamp::MAX);
        self.administer(actor, IssueEnrolment { principal, hash: secret.hash(), expires }).await?;
        Ok((secret.text(), expires))
    }
}

/// API tokens of an account, newest first. Their secrets are nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTokens {
    /// The account.
    pub principal: PrincipalId,
}

impl Query for ListTokens {
    type Output = Vec<ApiToken>;

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        files.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "user" })?;
        Ok(files.tx.api_tokens(self.principal).await?)
    }
}

/// Takes an API token of an account back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeToken {
    /// The account.
    pub principal: PrincipalId,
    /// The token.
    pub token: ApiTokenId,
}

impl Command for RevokeToken {
    type Output = ();

    fn right(&self) -> Right {
        Right::Read
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        if desk.administrator() != Some(self.principal) {
            desk.require(Right::Pam)?;
            account(desk, self.principal).await?;
        }
        let now = desk.now();
        if !desk.tx.revoke_api_token(self.principal, self.token, now).await? {
            return Err(Refusal::NotFound { what: "token" }.into());
        }
        let token = self.token.uuid();
        desk.changed(events::API_TOKEN_REVOKED, Subject::user(self.principal), |record| record.detail("token", token));
        Ok(())
    }
}
