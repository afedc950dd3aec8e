//! Withdrawing a request that waits, or that starts later (`GRAPH 8.6`, `ARM 9.4`).

use ephor_audit::events::Transition;
use ephor_domain::{
    Refusal,
    administration::Right,
    grant::Phase,
    id::RequestId,
    pam::PamStatus,
    principal::Actor,
    provider::{Provider, ScheduleRefusal, directory_roles, groups, resources},
    request::{Declined, Stage},
};
use ephor_store::tx::{line::ScheduleLine, lock::Lock};

use super::{authority, end, place, submit::phase_is_open};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    engine::Engine,
    pam::end::{Why, end_case},
};

/// Withdraws a request: by its requester, its holder, or an administrator of what it orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancel {
    /// Which.
    pub request: RequestId,
    /// Of which family; one of another family is none.
    pub provider: Provider,
}

impl Engine {
    /// Withdraws a request.
    ///
    /// # Errors
    /// [`Refusal::RequestNotAvailable`] for unknown ones, [`Refusal::NotAdministrator`], [`ScheduleRefusal::NotCancellable`];
    /// faults of the store.
    pub async fn cancel(&self, actor: &Actor, cancel: Cancel) -> Answer<()> {
        self.administer(actor, cancel).await
    }
}

impl Command for Cancel {
    type Output = ();

    fn right(&self) -> Right {
        Right::Known
    }

    fn is_open(&self) -> bool {
        true
    }

    fn subject(&self) -> Subject {
        Subject { provider: Some(self.provider), ..Subject::request(self.request) }
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let unknown = || Refusal::RequestNotAvailable;
        let found = desk.tx.order(self.request).await?.filter(|row| row.request.provider == self.provider);
        let found = found.ok_or_else(unknown)?;
        let (principal, entitlement) = (found.request.principal, found.request.entitlement);
        desk.tx.lock(&[Lock::Shared(entitlement.uuid()), Lock::Exclusive(principal.uuid())]).await?;
        let row = desk.tx.order(self.request).await?.ok_or_else(unknown)?;
        let key = place::key(row.request.provider, row.order.definition, &row.order.scope)?;
        let caller = desk.administrator();
        let own = caller == Some(row.request.requester) || caller == Some(principal);
        if !own {
            desk.require_enough().await?;
            if !authority::administers(desk, &key, row.order.kind, row.request.action).await? {
                return Err(Refusal::NotAdministrator.into());
            }
        }
        let now = desk.now();
        let check = match self.provider {
            Provider::DirectoryRoles => directory_roles::check_cancel,
            Provider::Groups => groups::check_cancel,
            Provider::Resources => resources::check_cancel,
            Provider::Pam => return Err(unknown().into()),
        };
        check(&row.request, row.grant.as_ref(), now)?;
        let why = if own { Why::REQUESTER } else { Why::ADMINISTRATOR };
        if let Some(grant) = row.grant.filter(phase_is_open) {
            debug_assert!(!matches!(grant.phase, Phase::InForce { .. }), "what runs is not cancelled");
            return end::grant(desk, grant.id, why).await;
        }
        match row.request.stage {
            Stage::Recorded { at } => {
                // An eligibility that lies ahead: gone with its line, if it still shapes that.
                let line = desk.tx.line(row.order.line).await?.map(|row| row.line);
                let line = line.filter(|line| line.live && line.made_by == row.request.id);
                let line = line.ok_or(ScheduleRefusal::NotCancellable)?;
                desk.tx.put_line(&ScheduleLine { live: false, end: Some(at), ..line }).await?;
                let cause = if own { Declined::Withdrawn } else { Declined::Cancelled };
                let request = row.request.withdrawn_ahead(cause, now);
                desk.ledger().update_request(&request);
                let (old, new) = (Some(PamStatus::Scheduled), PamStatus::Closed);
                desk.ledger().moved(Transition::T14, &request, old, new, Some(cause.word()));
            }
            Stage::AwaitingMfa { .. }
            | Stage::AwaitingApproval { .. }
            | Stage::AwaitingAdministrator { .. }
            | Stage::Granted { .. }
            | Stage::Declined { .. } => {
                if let Some(case) = desk.tx.request_case(self.request).await? {
                    end_case(desk.ledger(), case, why);
                }
            }
        }
        Ok(())
    }
}
