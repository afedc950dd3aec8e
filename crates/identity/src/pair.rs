//! Name and password: whose they are, and who checks them.

use std::{net::IpAddr, sync::Arc};

use ephor_domain::principal::{Principal, PrincipalKind};
use ephor_engine::port::{Entropy, password::PasswordVerdict};
use ephor_store::tx::{credential::Credential, fold};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    basic::LONGEST_NAME,
    basis::Basis,
    caller::{Caller, Denied, Reason, Via},
    directory::{Desk, NoVerdict},
    event::FailureReason,
    identity::Identity,
    password::Overloaded,
    secret::handle_of,
    throttle::{Attempt, Subject},
};

/// Who checks the password of an account.
#[derive(Debug)]
enum Keeper {
    /// The store has its hash.
    Here(Credential),
    /// A directory has it.
    Directory(Arc<Desk>),
}

impl Keeper {
    /// When the password was set, as far as that is known here: what is remembered of another one counts no more.
    fn changed(&self) -> Timestamp {
        match self {
            Self::Here(credential) => credential.changed,
            Self::Directory(_) => Timestamp::MIN,
        }
    }
}

impl Keeper {
    /// What a sign-in by the password rests on.
    fn basis(&self) -> Basis {
        match self {
            Self::Here(credential) => Basis::of_password(Some(credential.changed)),
            Self::Directory(_) => Basis::of_password(None),
        }
    }
}

/// What a name means.
struct Named {
    /// The account, if a person can sign in to it with a password.
    account: Option<(Principal, Keeper)>,
    /// Whom a failure counts against.
    subject: Subject,
    /// The directory that is asked in vain, so that nobody learns by the time of an answer which accounts there are.
    shadow: Option<Arc<Desk>>,
}

/// How the check of a password came out.
enum Checked {
    Right,
    Wrong(FailureReason),
}

impl Identity {
    /// Whose name and password these are.
    pub(crate) async fn verify_pair(
        &self,
        name: &str,
        password: SecretString,
        address: IpAddr,
    ) -> Result<Caller, Denied> {
        self.prove_password(name, password, address).await.map(|(caller, _)| caller)
    }

    /// Checks name and password, and says what the answer rests on: for whoever begins something by it. Unknown account,
    /// account without a password and wrong password take the same time and get the same answer.
    ///
    /// # Errors
    /// As [`Identity::caller`].
    pub async fn prove_password(
        &self,
        name: &str,
        password: SecretString,
        address: IpAddr,
    ) -> Result<(Caller, Basis), Denied> {
        let now = self.ports.clock.now();
        let named = self.look_up(name).await?;
        if let Some((principal, keeper)) = &named.account
            && self.remembered.knows(principal.id, keeper.changed(), &password, now)
        {
            let caller = self.known(principal.clone(), Via::Basic, address, now)?;
            return Ok((caller, keeper.basis()));
        }
        let id = named.account.as_ref().map(|(principal, _)| principal.id);
        let attempt = match self.throttle.attempt(named.subject.clone(), address, now) {
            Ok(attempt) => attempt,
            Err(retry_after) => {
                self.failed(id, address, FailureReason::Throttled, now);
                return Err(Denied::TooMany { retry_after });
            }
        };
        let Ok(fits) = self.fits(&named, &password).await else {
            self.throttle.refund(&attempt);
            return Err(Denied::Busy);
        };
        let checked = match self.check(&named, fits, &attempt, &password, now).await {
            Ok(checked) => checked,
            Err(denied) => {
                match (&denied, &named.account) {
                    (Denied::TooMany { .. }, _) => self.failed(id, address, FailureReason::Throttled, now),
                    (_, Some((_, Keeper::Here(_)))) => self.failed(id, address, FailureReason::WrongPassword, now),
                    // Of whoever is known the directory's silence costs nothing; strangers pay for every name alike.
                    _ if attempt.is_from_known_address() => self.throttle.refund(&attempt),
                    _ => {}
                }
                return Err(denied);
            }
        };
        match (named.account, checked) {
            (Some((principal, keeper)), Checked::Right) => {
                self.throttle.succeed(attempt, now);
                if principal.enabled {
                    self.remembered.remember(principal.id, keeper.changed(), &password, now);
                }
                Ok((self.known(principal, Via::Basic, address, now)?, keeper.basis()))
            }
            (_, Checked::Wrong(reason)) => {
                self.failed(id, address, reason, now);
                Err(Denied::NotSignedIn(Reason::Wrong))
            }
            (None, Checked::Right) => {
                self.failed(None, address, FailureReason::UnknownAccount, now);
                Err(Denied::NotSignedIn(Reason::Wrong))
            }
        }
    }

    /// True when the password is the one that is kept here.
    async fn fits(&self, named: &Named, password: &SecretString) -> Result<bool, Overloaded> {
        let hash = match &named.account {
            // What cannot be read takes no time to be wrong.
            Some((_, Keeper::Here(credential))) if !credential.is_held() => Some(credential.hash.clone()),
            Some((_, Keeper::Here(_) | Keeper::Directory(_))) | None => None,
        };
        self.hashers.verify(password.clone(), hash).await
    }

    /// The work is the same for every name: a hash here (`fits`) and, unless that was right, a question to a directory.
    async fn check(
        &self,
        named: &Named,
        fits: bool,
        attempt: &Attempt,
        password: &SecretString,
        now: Timestamp,
    ) -> Result<Checked, Denied> {
        if fits {
            return Ok(Checked::Right);
        }
        // A name with an empty password is an anonymous bind, which directories answer with success (RFC 4513 §5.1.2).
        let empty = password.expose_secret().is_empty();
        match &named.account {
            Some((_, Keeper::Directory(_))) if empty => Ok(Checked::Wrong(FailureReason::WrongPassword)),
            Some((principal, Keeper::Directory(desk))) => {
                Self::at_directory(desk, &named.subject, &principal.account, password, now).await
            }
            Some((_, Keeper::Here(_))) => {
                if let Some(desk) = named.shadow.as_ref().filter(|_| !empty) {
                    // Known addresses are held back by nobody's failures (see `throttle`), here as little as there.
                    let limited = !attempt.is_from_known_address();
                    let asked = self.in_vain(desk, &named.subject, limited, now).await;
                    // A wrong password is wrong, whether the directory is up or not; strangers are told what they are told
                    // of any other name.
                    if limited || matches!(asked, Err(Denied::TooMany { .. })) {
                        asked?;
                    }
                }
                Ok(Checked::Wrong(FailureReason::WrongPassword))
            }
            None => {
                if let Some(desk) = named.shadow.as_ref().filter(|_| !empty) {
                    self.in_vain(desk, &named.subject, true, now).await?;
                }
                Ok(Checked::Wrong(FailureReason::UnknownAccount))
            }
        }
    }

    async fn at_directory(
        desk: &Desk,
        subject: &Subject,
        account: &str,
        password: &SecretString,
        now: Timestamp,
    ) -> Result<Checked, Denied> {
        desk.failures.reserve(subject, now).map_err(|retry_after| Denied::TooMany { retry_after })?;
        match desk.ask(account, password).await {
            Ok(PasswordVerdict::Right) => {
                desk.failures.forget(subject);
                Ok(Checked::Right)
            }
            // Counted whichever it is: what the directory counts is its own affair.
            Ok(PasswordVerdict::Refused(why)) => Ok(Checked::Wrong(FailureReason::AtDirectory(why))),
            Err(none) => {
                desk.failures.refund(subject, now);
                Err(denied_by(none))
            }
        }
    }

    /// Asks a directory for somebody whom nobody knows, with a password of nobody.
    async fn in_vain(&self, desk: &Desk, subject: &Subject, limited: bool, now: Timestamp) -> Result<(), Denied> {
        if limited {
            desk.failures.reserve(subject, now).map_err(|retry_after| Denied::TooMany { retry_after })?;
        }
        let nobody = random(self.ports.entropy.as_ref());
        let asked = desk.ask(&nobody, &SecretString::from(random(self.ports.entropy.as_ref()))).await;
        asked.map(drop).map_err(|none| {
            if limited {
                desk.failures.refund(subject, now);
            }
            denied_by(none)
        })
    }

    /// The account that a name means, who has its password, and whom a failure counts against.
    async fn look_up(&self, name: &str) -> Result<Named, Denied> {
        let name = name.trim();
        let readable = !name.is_empty() && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control);
        let found = if readable { self.ports.vault.account_named(name).await? } else { None };
        let shadow = self.directories.of_stranger(name).cloned();
        Ok(match found {
            Some((principal, credential)) => {
                let subject = Subject::Account(principal.id);
                // A password here goes before one in a directory, which is then not asked.
                let keeper = credential
                    .map(Keeper::Here)
                    .or_else(|| self.directories.of_domain(&principal.domain).cloned().map(Keeper::Directory));
                let is_person = principal.kind == PrincipalKind::User;
                let account = keeper.filter(|_| is_person).map(|keeper| (principal, keeper));
                Named { account, subject, shadow }
            }
            None => {
                let subject = Subject::Nobody(fold(name).chars().take(LONGEST_NAME).collect());
                Named { account: None, subject, shadow }
            }
        })
    }
}

fn denied_by(none: NoVerdict) -> Denied {
    match none {
        NoVerdict::Busy => Denied::Busy,
        NoVerdict::Unanswered => Denied::Unanswered,
    }
}

/// 64 bits that are nobody's name and nobody's password.
fn random(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    // A letter first, for directories that want one.
    format!("n{}", handle_of(&bytes))
}
