//! One way to write what was decided: state, audit record and outbox rows as one batch.

use ephor_domain::{
    approval::Approval,
    effect::Membership,
    grant::Grant,
    id::{GrantId, GroupId, PrincipalId},
    request::Request,
};

use super::{Tx, outbox::Outgoing, unwritten};
use crate::{Fault, Sealed};

/// One row to write.
#[derive(Debug, Clone)]
pub enum Write {
    /// A new request.
    InsertRequest(Request),
    /// The stage of a request.
    UpdateRequest(Request),
    /// A new grant.
    InsertGrant(Grant),
    /// Phase and length of a grant. A grant that is *Ended* loses its effect rows.
    UpdateGrant(Grant),
    /// A new approval.
    InsertApproval(Approval),
    /// The decision of an approval.
    DecideApproval(Approval),
    /// A live grant owes a membership.
    InsertEffect {
        /// The grant.
        grant: GrantId,
        /// The group.
        group: GroupId,
        /// The account.
        principal: PrincipalId,
    },
    /// A grant owes nothing any more.
    CloseEffects {
        /// The grant.
        grant: GrantId,
    },
    /// A grant owes one membership no longer, and the others as before.
    CloseEffect {
        /// The grant.
        grant: GrantId,
        /// The group.
        group: GroupId,
    },
    /// A membership, new or changed. Fault text and alarm level stay, and are cleared when nothing is left to do.
    PutMembership(Membership),
    /// A membership that is settled away.
    DropMembership {
        /// The group.
        group: GroupId,
        /// The account.
        principal: PrincipalId,
    },
    /// Something to deliver.
    Outbox(Outgoing),
    /// An audit record. The last one of a batch is named by the request and grant rows of the batch (seams §16).
    Record(Sealed),
}

impl Tx {
    /// Writes all of it, in one round trip. A conflict may show only when the command commits.
    ///
    /// # Errors
    /// [`Fault::Conflict`]; as any statement.
    pub async fn apply(&mut self, _writes: Vec<Write>) -> Result<(), Fault> {
        unwritten()
    }

    /// Writes one audit record.
    ///
    /// # Errors
    /// As any statement.
    pub async fn record(&mut self, record: Sealed) -> Result<(), Fault> {
        self.apply(vec![Write::Record(record)]).await
    }
}
