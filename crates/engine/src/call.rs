//! One call or timer tick: the instant, who gives the order, and the randomness it may use.

use std::net::IpAddr;

use ephor_audit::{Actor as RecordedActor, Record, Sealed, record};
use ephor_domain::{
    authentication::Methods,
    id::{ApprovalId, CorrelationId, GrantId, RequestId},
    pam::create::NewIds,
    principal::Actor,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::port::Entropy;

/// Everything a command is given besides its input. Cloned into each run, so that a second run decides the same.
#[derive(Debug, Clone)]
pub struct Call {
    /// The one instant of the operation (architecture §6).
    pub now: Timestamp,
    /// Joins log, record and answer.
    pub correlation: CorrelationId,
    by: RecordedActor,
    address: Option<IpAddr>,
    methods: Methods,
    ids: NewIds,
    seed: [u8; 32],
}

impl Call {
    /// A call by somebody who signed in.
    #[must_use]
    pub fn by(actor: &Actor, now: Timestamp, entropy: &dyn Entropy) -> Self {
        let by = RecordedActor::principal(actor.principal.uuid());
        let address = actor.address.as_deref().and_then(|address| address.parse().ok());
        Self::new(by, address, now, entropy)
    }

    /// A tick of a part of the server itself.
    #[must_use]
    pub fn system(component: &'static str, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self::new(RecordedActor::system(component), None, now, entropy)
    }

    /// An event of nobody known.
    #[must_use]
    pub fn anonymous(address: Option<IpAddr>, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self::new(RecordedActor::Anonymous, address, now, entropy)
    }

    fn new(by: RecordedActor, address: Option<IpAddr>, now: Timestamp, entropy: &dyn Entropy) -> Self {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        let ids = NewIds {
            request: RequestId::new(entropy.ordered_guid(now)),
            approval: ApprovalId::new(entropy.guid()),
            grant: GrantId::new(entropy.ordered_guid(now)),
        };
        Self {
            now,
            correlation: CorrelationId::new(entropy.guid()),
            by,
            address,
            methods: Methods::default(),
            ids,
            seed,
        }
    }

    /// The ids a new request may use.
    #[must_use]
    pub fn ids(&self) -> NewIds {
        self.ids
    }

    /// A record of this call, without its facts yet.
    #[must_use]
    pub fn record(&self, event: ephor_audit::events::Event) -> Record {
        let mut record = Record::new(self.now, event, self.by.clone());
        record.actor_address = self.address;
        record.correlation_id = Some(self.correlation.to_string());
        record
    }

    /// The same; its moves are recorded with what was proved for them.
    #[must_use]
    pub(crate) fn proved_by(self, methods: Methods) -> Self {
        Self { methods, ..self }
    }

    /// What was proved for this call's moves.
    pub(crate) fn methods(&self) -> Methods {
        self.methods
    }

    /// The same, by the account that signed in on behalf of another one of the same person.
    #[must_use]
    pub fn acting_for(
        mut self,
        account: ephor_domain::id::PrincipalId,
        signed_in: ephor_domain::id::PrincipalId,
    ) -> Self {
        self.by = RecordedActor::Principal { id: account.uuid(), signed_in_as: Some(signed_in.uuid()) };
        self
    }

    /// The id of the one outbox row of `event` about `subject` in this call: the same in each run of the command.
    #[must_use]
    pub(crate) fn outbox_id(&self, event: &str, subject: uuid::Uuid) -> uuid::Uuid {
        uuid::Uuid::new_v5(&self.correlation.uuid(), format!("{event} {subject}").as_bytes())
    }

    /// Seals the `number`th record of this call.
    #[must_use]
    pub(crate) fn seal(&self, record: &Record, number: usize) -> Sealed {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
        let mut salt = [0; 16];
        for (byte, digest) in salt.iter_mut().zip(hash.finalize()) {
            *byte = digest;
        }
        record.seal(salt)
    }
}

/// A word for a record.
pub(crate) const fn word(text: &'static str) -> record::Word {
    record::Word::Borrowed(text)
}
