//! O1, O3, O5: what a caller may see (`PAM 12`), and which account he acts as.

use ephor_domain::{
    Refusal,
    approval::Approval,
    id::{ApprovalId, RequestId},
    pam::Role,
    principal::{Actor, Principal},
    request::Request,
};
use ephor_store::RequestCursor;

use super::PamRequest;
use crate::{answer::Answer, call::Call, engine::Engine};

/// A request that waits for the caller's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PamToApprove {
    /// The request.
    pub request: Request,
    /// Its approval.
    pub approval: Approval,
    /// Display name of the role.
    pub role_name: String,
    /// Who asks.
    pub requester: Principal,
}

/// One page of a list, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Page<T, C> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<C>,
}

impl Engine {
    /// The account the caller acts as on the PAM face: his own, or the PRIV account of the same person where the
    /// deployment lets CORP accounts act (seams §1). The record names both.
    ///
    /// # Errors
    /// [`Refusal::UnknownCaller`] for callers that are no PAM users, [`Refusal::AccountDisabled`]; faults of the store.
    pub(crate) async fn pam_actor(&self, actor: &Actor) -> Answer<(Actor, Call)> {
        let call = self.call(actor);
        let signed_in = actor.principal;
        let account = self
            .inner
            .store
            .read(move |tx| Box::pin(async move { tx.pam_account(signed_in).await }))
            .await?
            .ok_or(Refusal::UnknownCaller);
        let account = match account {
            Ok(account) => account,
            // A command records its refusal itself; it finds the same answer in its own transaction.
            Err(_) => return Ok((actor.clone(), call)),
        };
        if account.id == signed_in {
            return Ok((actor.clone(), call));
        }
        let acting = Actor { principal: account.id, ..actor.clone() };
        Ok((acting, call.acting_for(account.id, signed_in)))
    }

    /// The caller's PAM account for reading.
    ///
    /// # Errors
    /// As the commands': unknown callers and disabled accounts see nothing (`PAM-021`, `PAM-022`).
    async fn pam_reader(&self, actor: &Actor) -> Answer<Principal> {
        let signed_in = actor.principal;
        let account = self
            .inner
            .store
            .read(move |tx| Box::pin(async move { tx.pam_account(signed_in).await }))
            .await?
            .ok_or(Refusal::UnknownCaller)?;
        if !account.enabled {
            return Err(Refusal::AccountDisabled.into());
        }
        Ok(account)
    }

    /// O1: the roles the caller is a candidate of, by display name without regard to case, then by id (`PAM 7.1`).
    ///
    /// # Errors
    /// [`Refusal::UnknownCaller`], [`Refusal::AccountDisabled`]; faults of the store.
    pub async fn pam_roles(&self, actor: &Actor) -> Answer<Vec<Role>> {
        let account = self.pam_reader(actor).await?.id;
        let mut roles =
            self.inner.store.read(move |tx| Box::pin(async move { tx.pam_roles_of(account).await })).await?;
        roles.sort_by_cached_key(|role| (role.name.as_str().to_lowercase(), role.id));
        Ok(roles)
    }

    /// O3: one page of the caller's own requests in the order of `PAM 7.3`.
    ///
    /// # Errors
    /// As [`Engine::pam_roles`].
    pub async fn pam_requests(
        &self,
        actor: &Actor,
        after: Option<RequestCursor>,
        limit: u32,
    ) -> Answer<Page<PamRequest, RequestCursor>> {
        let account = self.pam_reader(actor).await?.id;
        let now = self.now();
        let (rows, next) = self
            .inner
            .store
            .read(move |tx| {
                let after = after.clone();
                Box::pin(async move { tx.pam_requests_ordered(account, after, limit).await })
            })
            .await?;
        let rows = rows.into_iter().map(|(request, grant)| PamRequest::at(request, grant, now)).collect();
        Ok(Page { rows, next })
    }

    /// O5: one page of what waits for the caller's decision, oldest first; never anything of his own person (S1).
    ///
    /// # Errors
    /// As [`Engine::pam_roles`].
    pub async fn pam_to_approve(
        &self,
        actor: &Actor,
        after: Option<ApprovalId>,
        limit: u32,
    ) -> Answer<Page<PamToApprove, ApprovalId>> {
        let account = self.pam_reader(actor).await?;
        let now = self.now();
        let rows = self
            .inner
            .store
            .read(move |tx| {
                Box::pin(async move { tx.pam_to_approve(account.id, account.person, now, after, limit).await })
            })
            .await?;
        let next = (u32::try_from(rows.len()).unwrap_or(u32::MAX) >= limit)
            .then(|| rows.last().map(|row| row.approval.id))
            .flatten();
        let rows = rows
            .into_iter()
            .map(|row| PamToApprove {
                request: row.request,
                approval: row.approval,
                role_name: row.role_name,
                requester: row.requester,
            })
            .collect();
        Ok(Page { rows, next })
    }

    /// One request as it stands now, whoever's it is. For the engine's own answers and the admin face.
    pub(crate) async fn pam_request(&self, id: RequestId) -> Answer<Option<PamRequest>> {
        let now = self.now();
        let case = self.inner.store.read(move |tx| Box::pin(async move { tx.request_case(id).await })).await?;
        Ok(case.map(|case| PamRequest::at(case.request, case.grant, now)))
    }
}
