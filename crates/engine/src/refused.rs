//! Refusals that a face finds before there is a command: the known caller's are recorded all the same (`PAM-130`).

use ephor_audit::events;
use ephor_domain::principal::Actor;

use crate::{answer::Answer, call::word, engine::Engine};

impl Engine {
    /// Records that a call of `actor` was refused because a page of a foreign origin made it (`PAM 3.5`).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn record_foreign_origin(&self, actor: &Actor) -> Answer<()> {
        let call = self.call(actor);
        let mut record = call.record(events::FOREIGN_ORIGIN_REFUSED);
        record.subject = Some(actor.principal.uuid());
        record.reason = Some(word("origin_not_allowed"));
        let sealed = call.seal(&record, 0);
        self.store
            .transact(move |tx| {
                let sealed = sealed.clone();
                Box::pin(async move { tx.record(sealed).await })
            })
            .await?;
        Ok(())
    }
}
