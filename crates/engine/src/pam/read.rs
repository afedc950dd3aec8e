//! O1, O3, O5: what a caller may see (`PAM 12`), and which account he acts as.

use ephor_domain::{
    Refusal,
    id::{PrincipalId, RequestId},
    pam::{Role, Settings},
    principal::{Actor, Principal},
    provider::Provider,
};
pub use ephor_store::tx::{Cursor, list::ToApprove};
use ephor_store::{Fault, Tx, tx::case::RequestCase};
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;

use super::{PamRequest, readers::Reader};
use crate::{answer::Answer, call::Call, engine::Engine};

/// One page of a list, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

fn next<T>(rows: &[T], limit: u32, cursor: impl Fn(&T) -> Cursor) -> Option<Cursor> {
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    rows.last().filter(|_| full).map(cursor)
}

/// The PAM account a signed-in account acts as: itself, or the PRIV account of the same person where the deployment lets
/// CORP accounts act (seams §1). `None` for everybody who is no PAM user.
pub(crate) async fn acting_account(
    tx: &mut Tx,
    signed_in: PrincipalId,
    settings: &Settings,
) -> Result<Option<Principal>, Fault> {
    match tx.user(signed_in).await? {
        Some(row) => Ok(Some(row.principal)),
        None => priv_account(tx, signed_in, settings).await,
    }
}

/// The PAM account that a CORP account acts as.
async fn priv_account(tx: &mut Tx, signed_in: PrincipalId, settings: &Settings) -> Result<Option<Principal>, Fault> {
    if !settings.corp_may_act {
        return Ok(None);
    }
    let Some(corp) = tx.principal(signed_in).await?.filter(|corp| corp.enabled) else { return Ok(None) };
    Ok(tx.user_of_corp(corp.id).await?.map(|row| row.principal))
}

/// A request of PAM's with what hangs on it: what was asked for by the rules of another provider is none here, and only
/// that provider's rules end or decide it (seams §1).
///
/// # Errors
/// Faults of the store.
pub(crate) async fn case(tx: &mut Tx, id: RequestId) -> Result<Option<RequestCase>, Fault> {
    Ok(tx.request_case(id).await?.filter(of_pam))
}

/// Is it PAM's?
pub(super) fn of_pam(case: &RequestCase) -> bool {
    case.request.provider == Provider::Pam
}

/// The caller's PAM account for reading, in the command that reads. Unknown callers and disabled accounts see nothing
/// (`PAM-021`, `PAM-022`).
async fn reader(tx: &mut Tx, signed_in: PrincipalId) -> Result<Result<Reader, Refusal>, Fault> {
    let account = match tx.user(signed_in).await? {
        Some(row) => Some(row.principal),
        None => {
            let settings = tx.settings().await?;
            priv_account(tx, signed_in, &settings).await?
        }
    };
    Ok(match account {
        None => Err(Refusal::UnknownCaller),
        Some(account) if !account.enabled => Err(Refusal::AccountDisabled),
        Some(account) => Ok(Reader { id: account.id, person: account.person }),
    })
}

/// Who may use the PAM provider at all (`PAM-021`, `PAM-022`). Judged inside the command, which records the refusal.
pub(crate) async fn check_known(tx: &mut Tx, account: PrincipalId) -> Result<Result<(), Refusal>, Fault> {
    Ok(match tx.user(account).await? {
        None => Err(Refusal::UnknownCaller),
        Some(row) if !row.principal.enabled => Err(Refusal::AccountDisabled),
        Some(_) => Ok(()),
    })
}

impl Engine {
    /// Reads something as the caller's PAM account, in one command.
    ///
    /// # Errors
    /// Unknown callers and disabled accounts see nothing (`PAM-021`, `PAM-022`); faults of the store.
    pub(super) async fn read_as<T, F>(&self, actor: &Actor, list: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, Reader) -> BoxFuture<'t, Result<T, Fault>> + Clone + Send + Sync + 'static,
    {
        let signed_in = actor.principal;
        let version = self.store.version();
        let known = version.and_then(|version| self.inner.readers.find(signed_in, version));
        let read = self.store.read(move |tx| {
            let list = list.clone();
            Box::pin(async move {
                let reader = match known {
                    Some(reader) => reader,
                    None => match reader(tx, signed_in).await? {
                        Ok(reader) => reader,
                        Err(refusal) => return Ok(Err(refusal)),
                    },
                };
                Ok(Ok((reader, list(tx, reader).await?)))
            })
        });
        let (reader, found) = read.await??;
        if let Some(version) = version.filter(|_| known.is_none()) {
            self.inner.readers.remember(signed_in, version, reader);
        }
        Ok(found)
    }

    /// The account the caller acts as, and a call that names both. A caller that is no PAM user stays himself: the command
    /// finds and records that.
    pub(crate) async fn pam_actor(&self, actor: &Actor) -> Answer<(Actor, Call)> {
        let call = self.call(actor);
        let Some(account) = self.pam_account(actor).await?.filter(|account| account.id != actor.principal) else {
            return Ok((actor.clone(), call));
        };
        let acting = Actor { principal: account.id, ..actor.clone() };
        Ok((acting, call.acting_for(account.id, actor.principal)))
    }

    async fn pam_account(&self, actor: &Actor) -> Answer<Option<Principal>> {
        let signed_in = actor.principal;
        Ok(self
            .store
            .read(move |tx| {
                Box::pin(async move {
                    let settings = tx.settings().await?;
                    acting_account(tx, signed_in, &settings).await
                })
            })
            .await?)
    }

    /// O1: the roles the caller is a candidate of, by display name without regard to case, then by id (`PAM 7.1`).
    ///
    /// # Errors
    /// [`Refusal::UnknownCaller`], [`Refusal::AccountDisabled`]; faults of the store.
    pub async fn pam_roles(&self, actor: &Actor) -> Answer<Vec<Role>> {
        let mut roles = self.read_as(actor, |tx, reader| Box::pin(tx.pam_roles_of(reader.id))).await?;
        roles.sort_by_cached_key(|role| (role.name.as_str().to_lowercase(), role.id));
        Ok(roles)
    }

    /// O3: one page of the caller's own requests in the order of `PAM 7.3`.
    ///
    /// # Errors
    /// As [`Engine::pam_roles`].
    pub async fn pam_requests(&self, actor: &Actor, after: Option<Cursor>, limit: u32) -> Answer<Page<PamRequest>> {
        let now = self.now();
        let read = self.read_as(actor, move |tx, reader| Box::pin(tx.pam_requests_ordered(reader.id, after, limit)));
        let rows = read.await?;
        let next = next(&rows, limit, |row| row.cursor);
        Ok(Page { rows: rows.into_iter().map(|row| PamRequest::at(row.request, row.grant, now)).collect(), next })
    }

    /// O5: one page of what waits for the caller's decision, oldest first; never anything of his own person (S1).
    ///
    /// # Errors
    /// As [`Engine::pam_roles`].
    pub async fn pam_to_approve(&self, actor: &Actor, after: Option<Cursor>, limit: u32) -> Answer<Page<ToApprove>> {
        let now = self.now();
        let read = self
            .read_as(actor, move |tx, reader| Box::pin(tx.pam_to_approve(reader.id, reader.person, now, after, limit)));
        let rows = read.await?;
        let next = next(&rows, limit, |row| row.cursor);
        Ok(Page { rows, next })
    }

    /// The zone in which input without one is read (`PAM 7.2`).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn pam_zone(&self) -> Answer<TimeZone> {
        Ok(self.store.read(|tx| Box::pin(async move { Ok(tx.settings().await?.zone()) })).await?)
    }

    /// One request of PAM as it stands now, whoever's it is. For the engine's own answers.
    pub(crate) async fn pam_request(&self, id: RequestId) -> Answer<Option<PamRequest>> {
        let now = self.now();
        let case = self.store.read(move |tx| Box::pin(async move { case(tx, id).await })).await?;
        Ok(case.map(|case| PamRequest::at(case.request, case.grant, now)))
    }
}
