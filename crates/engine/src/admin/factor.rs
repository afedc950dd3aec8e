//! Second factors, as far as the server and administrators switch them off.

use std::net::IpAddr;

use ephor_audit::events;
use ephor_domain::{Refusal, administration::Right, id::PrincipalId};
use ephor_store::tx::lock::Lock;
use uuid::Uuid;

use super::{
    credential::{account, told},
    desk::{Command, Desk, Subject},
};
use crate::{answer::Answer, engine::Engine};

impl Engine {
    /// Switches a passkey off whose counter went back: it may be copied. Alarms.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it is off already; faults of the store.
    pub async fn disable_copied_factor(&self, principal: PrincipalId, factor: Uuid, address: IpAddr) -> Answer<()> {
        self.ordain("passkey", Disable { principal, factor, address }).await
    }
}

#[derive(Debug, Clone)]
struct Disable {
    principal: PrincipalId,
    factor: Uuid,
    address: IpAddr,
}

impl Command for Disable {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.principal.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let now = desk.now();
        if !desk.tx.disable_factor(self.factor, now).await? {
            return Err(Refusal::NotFound { what: "factor that is on" }.into());
        }
        // What rests on the copy is nobody's word.
        desk.tx.delete_sessions_of(self.principal).await?;
        desk.tx.revoke_token_families_of(self.principal, now).await?;
        desk.changed(events::AUTHENTICATOR_COUNTER_BACK, Subject::user(self.principal), |mut record| {
            record.actor_address = Some(self.address.to_canonical());
            record.detail("factor", self.factor)
        });
        let facts = [("principal", self.principal.to_string()), ("factor", self.factor.to_string())];
        desk.alarm("factor.copied", self.factor, facts);
        Ok(())
    }
}

/// Removes all second factors and recovery codes of an account, and ends its sessions and tokens: its person has lost them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetFactors {
    /// The account.
    pub principal: PrincipalId,
}

impl Command for ResetFactors {
    type Output = u64;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.principal.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<u64> {
        desk.require_person()?;
        let account = account(desk, self.principal).await?;
        let count = desk.tx.delete_factors(account.id).await?;
        desk.tx.delete_sessions_of(account.id).await?;
        let now = desk.now();
        desk.tx.revoke_token_families_of(account.id, now).await?;
        desk.tx.revoke_api_tokens_of(account.id, now).await?;
        desk.changed(events::FACTOR_RESET_BY_ADMINISTRATOR, Subject::user(account.id), |record| {
            record.detail("factors", i64::try_from(count).unwrap_or(i64::MAX))
        });
        told(desk, account.id);
        Ok(count)
    }
}
