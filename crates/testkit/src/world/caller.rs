//! Named callers: what a person does at the engine.

use ephor_domain::approval::Verdict;
use ephor_domain::authentication::{Method, Methods};
use ephor_domain::id::{ApprovalId, RequestId};
use ephor_domain::pam::PamStatus;
use ephor_domain::principal::{Actor, Delegation, Proof};
use ephor_domain::request::{Channel, Stage};
use ephor_engine::pam::PamRequest;
use ephor_engine::pam::create::NewRequest;
use ephor_engine::pam::read::ToApprove;
use ephor_engine::{Answer, Engine};
use jiff::Timestamp;

use super::id;

/// A person at the keyboard, at one engine.
#[derive(Clone)]
pub struct Caller {
    engine: Engine,
    actor: Actor,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Caller {
    pub(super) fn new(engine: Engine, name: &str) -> Self {
        let actor = Actor {
            principal: id(name),
            person: id(name),
            address: None,
            proof: Proof::Person,
            methods: Methods::default(),
            delegation: Delegation::Whole,
        };
        Self { engine, actor }
    }

    /// The same person through another account.
    #[must_use]
    pub fn with_account(mut self, name: &str) -> Self {
        self.actor.principal = id(name);
        self
    }

    /// The same, signed in otherwise.
    #[must_use]
    pub fn with_proof(mut self, proof: Proof) -> Self {
        self.actor.proof = proof;
        self
    }

    /// The same, who has proved so much.
    #[must_use]
    pub fn with_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.actor.methods = methods.into_iter().collect();
        self
    }

    /// Who it is to the engine.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Asks for a role, now, for so many seconds; zero gives it up.
    ///
    /// # Errors
    /// Refusals and faults.
    pub async fn ask(&self, role: &str, ttl: u64) -> Answer<PamRequest> {
        self.ask_from(role, ttl, None).await
    }

    /// Asks for a role from an instant on.
    ///
    /// # Errors
    /// Refusals and faults.
    pub async fn ask_from(&self, role: &str, ttl: u64, start: Option<Timestamp>) -> Answer<PamRequest> {
        let new = NewRequest { role: id(role), ttl, start, justification: None, channel: Channel::PamRest };
        self.engine.pam_create(&self.actor, new).await
    }

    /// Closes a request.
    ///
    /// # Errors
    /// Refusals and faults.
    pub async fn close(&self, request: RequestId) -> Answer<()> {
        self.engine.pam_close(&self.actor, request).await
    }

    /// Decides on a request by its approval.
    ///
    /// # Errors
    /// Refusals and faults.
    pub async fn decide(&self, approval: ApprovalId, verdict: Verdict) -> Answer<()> {
        self.engine.pam_decide(&self.actor, approval, verdict, None).await
    }

    /// Approves what waits.
    ///
    /// # Errors
    /// Refusals and faults.
    ///
    /// # Panics
    /// When the request opened no approval.
    pub async fn approve(&self, asked: &PamRequest) -> Answer<()> {
        self.decide(approval_of(asked), Verdict::Approve).await
    }

    /// Rejects what waits.
    ///
    /// # Errors
    /// Refusals and faults.
    ///
    /// # Panics
    /// When the request opened no approval.
    pub async fn reject(&self, asked: &PamRequest) -> Answer<()> {
        self.decide(approval_of(asked), Verdict::Reject).await
    }

    /// All requests of the caller.
    ///
    /// # Errors
    /// Refusals and faults.
    pub async fn requests(&self) -> Answer<Vec<PamRequest>> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.engine.pam_requests(&self.actor, after, 500).await?;
            rows.extend(page.rows);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }

    /// One request of the caller as it stands now.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn request(&self, request: RequestId) -> PamRequest {
        let mut rows = self.requests().await.expect("a list").into_iter();
        rows.find(|row| row.request.id == request).expect("the caller's request")
    }

    /// How one request stands now.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn status(&self, request: RequestId) -> PamStatus {
        self.request(request).await.view.status
    }

    /// What waits for the caller's decision.
    ///
    /// # Errors
    /// Refusals and faults.
    pub async fn to_approve(&self) -> Answer<Vec<ToApprove>> {
        Ok(self.engine.pam_to_approve(&self.actor, None, 500).await?.rows)
    }
}

/// The approval that a request waits for.
///
/// # Panics
/// When it waits for none.
#[must_use]
#[expect(clippy::panic, reason = "a test that asks so has gone wrong")]
pub fn approval_of(asked: &PamRequest) -> ApprovalId {
    let Stage::AwaitingApproval { approval, .. } = asked.request.stage else {
        panic!("the request waits for no approver: {:?}", asked.request.stage)
    };
    approval
}
