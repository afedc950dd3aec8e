//! The proof of presence: what a provider's word does to a request (`PAM 10.5`, T6–T8), and the worker that asks.

use std::{collections::BTreeMap, time::Duration};

use ephor_audit::events::Transition;
use ephor_domain::{
    Refusal,
    authentication::Method,
    id::RequestId,
    pam::{PamStatus, create, status::view},
    principal::Actor,
    request::{Declined, Stage},
};
use ephor_store::{
    Fault, Tx,
    tx::{Lock, challenge::OpenChallenge},
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    PamRequest, read,
    way::{Step, walk},
};
use crate::{
    answer::Answer,
    call::Call,
    engine::Engine,
    ledger::{About, Ledger},
    pam::{
        decide::lost,
        end::{Why, end_case},
    },
    port::mfa::{Challenge, ChallengeStatus, MfaProvider},
    wake::Wake,
};

/// How often a pending challenge is asked about.
const ASK_EVERY: SignedDuration = SignedDuration::from_millis(500);
/// Challenges worked on in one go.
const MOST: u32 = 4096;
/// Calls at the provider at once: one that hangs keeps the others from nobody's telephone.
const CALLS_AT_ONCE: usize = 32;
/// Longest nap: a challenge whose nudge was lost, or whose node died, waits no longer.
const NAP: Duration = Duration::from_secs(2);

/// What a challenge came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// The requester proved presence.
    Proved,
    /// The same, by one of our own second factors.
    ProvedBy(Method),
    /// The requester did not, and why.
    Failed(String),
}

/// A request that waits for its requester's proof of presence, as he sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingChallenge {
    /// The request.
    pub request: RequestId,
    /// Name of the role.
    pub role: String,
    /// What the requester gave as reason.
    pub justification: Option<String>,
    /// How long he asked for.
    pub ttl: SignedDuration,
    /// When he asked.
    pub created: Timestamp,
    /// When the gate closes.
    pub until: Timestamp,
}

impl Engine {
    /// The caller's own requests that wait for a proof of presence; none where an outside provider puts the challenges.
    ///
    /// # Errors
    /// [`Refusal::UnknownCaller`], [`Refusal::AccountDisabled`]; faults of the store.
    pub async fn pam_challenges(&self, actor: &Actor) -> Answer<Vec<WaitingChallenge>> {
        let (now, outside) = (self.now(), self.inner.mfa.is_some());
        let read = self.read_as(actor, move |tx, reader| {
            Box::pin(async move { if outside { Ok(Vec::new()) } else { tx.challenges_of(reader.id).await } })
        });
        let open = read.await?;
        Ok(open.into_iter().filter_map(|open| waiting(open, now)).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Engine::pam_challenges`]; [`Refusal::RequestNotAvailable`] for requests that are unknown, foreign, or wait for
    /// nothing.
    pub async fn pam_challenge(&self, actor: &Actor, id: RequestId) -> Answer<WaitingChallenge> {
        let found = self.pam_challenges(actor).await?.into_iter().find(|waiting| waiting.request == id);
        Ok(found.ok_or(Refusal::RequestNotAvailable)?)
    }

    /// The caller has just proved his presence for this request of his own, by `method` and to our own second factors. The
    /// proof itself is the identity layer's; that it was given for this request and no other is its promise (S4).
    ///
    /// # Errors
    /// As [`Engine::pam_challenge`].
    pub async fn pam_prove_presence(&self, actor: &Actor, id: RequestId, method: Method) -> Answer<PamRequest> {
        self.pam_challenge(actor, id).await?;
        let (_, call) = self.pam_actor(actor).await?;
        let call = call.proved_by([method].into_iter().collect());
        self.settle_presence(call, id, Presence::ProvedBy(method)).await?;
        let now = self.now();
        let case = self.store.read(move |tx| Box::pin(async move { read::case(tx, id).await })).await?;
        let case = case.ok_or(Refusal::RequestNotAvailable)?;
        Ok(PamRequest::at(case.request, case.grant, now))
    }

    /// Takes the word of an MFA provider on a request that waits for it. A word that comes too late, or twice, changes
    /// nothing (S4).
    ///
    /// # Errors
    /// [`Refusal::RequestNotAvailable`] when the request does not wait for a challenge; faults of the store.
    pub async fn pam_presence(&self, id: RequestId, presence: Presence) -> Answer<()> {
        self.settle_presence(self.system("mfa"), id, presence).await
    }

    async fn settle_presence(&self, call: Call, id: RequestId, presence: Presence) -> Answer<()> {
        let (outcome, wake) = self
            .store
            .transact(move |tx| {
                let (call, presence) = (call.clone(), presence.clone());
                Box::pin(async move { settle(tx, &call, id, &presence).await })
            })
            .await?;
        self.woken(&wake);
        Ok(outcome?)
    }

    /// Puts open challenges to the provider, and asks how they stand. Answers the instant to come back at.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn work_challenges(&self) -> Answer<Option<Timestamp>> {
        let Some(provider) = self.inner.mfa.clone() else { return Ok(None) };
        let waiting = self.store.read(|tx| Box::pin(async move { tx.open_challenges(MOST).await })).await?;
        let provider = &provider;
        let mut asked = stream::iter(waiting)
            .map(|open| async move { self.work_challenge(&**provider, open).await })
            .buffer_unordered(CALLS_AT_ONCE);
        let mut undecided = false;
        while let Some(pending) = asked.next().await {
            undecided |= pending?;
        }
        Ok(undecided.then(|| self.now().saturating_add(ASK_EVERY).unwrap_or(Timestamp::MAX)))
    }

    /// Puts one challenge, or asks how it stands. True while it is undecided.
    async fn work_challenge(&self, provider: &dyn MfaProvider, open: OpenChallenge) -> Answer<bool> {
        let id = open.request.id;
        let now = self.now();
        if open.request.due().is_none_or(|until| until <= now) {
            return Ok(false);
        }
        if provider.needs_phone_number() && open.phone.is_none() {
            let why = "no telephone number is stored for the user".to_owned();
            self.take_word(id, Presence::Failed(why)).await?;
            return Ok(false);
        }
        // Another node may have put it meanwhile: nobody is rung twice.
        let is_first = !open.started
            && self.store.transact(move |tx| Box::pin(async move { tx.start_call(id, now).await })).await?;
        let answer = if is_first {
            let challenge = Challenge {
                request: id,
                phone_number: open.phone,
                attributes: BTreeMap::from([
                    ("account".to_owned(), open.username),
                    ("role".to_owned(), open.role_name),
                ]),
            };
            provider.initiate(&challenge).await
        } else {
            provider.status(id).await
        };
        match answer {
            Ok(ChallengeStatus::Success) => self.take_word(id, Presence::Proved).await?,
            Ok(ChallengeStatus::Failed) => {
                let why = provider.failure_message(id).await.unwrap_or_else(|fault| fault.to_string());
                self.take_word(id, Presence::Failed(why)).await?;
            }
            Ok(ChallengeStatus::Pending) => return Ok(true),
            Err(fault) => {
                // F21: no usable answer is no proof; asked again until the time-out.
                tracing::warn!(request = %id, cause = %fault, "the MFA provider gave no usable answer");
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn take_word(&self, id: RequestId, presence: Presence) -> Answer<()> {
        match self.pam_presence(id, presence).await {
            Err(crate::answer::Denied::Refused(_)) | Ok(()) => Ok(()),
            Err(failed) => Err(failed),
        }
    }

    /// Works on challenges for ever; ends when the task is dropped.
    pub(crate) async fn run_challenges(&self) {
        if self.inner.mfa.is_none() {
            return;
        }
        loop {
            let woken = self.inner.challenges.notified();
            let again = match self.work_challenges().await {
                Ok(again) => again.unwrap_or(Timestamp::MAX),
                Err(fault) => {
                    tracing::error!(%fault, "challenges could not be worked on");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            tokio::select! {
                () = woken => (),
                () = self.inner.clock.wait_until(again) => (),
                () = tokio::time::sleep(NAP) => (),
            }
        }
    }
}

/// An open challenge as its requester sees it, while its gate is open.
fn waiting(open: OpenChallenge, now: Timestamp) -> Option<WaitingChallenge> {
    let until = open.request.due().filter(|until| now < *until)?;
    Some(WaitingChallenge {
        request: open.request.id,
        role: open.role_name,
        justification: open.request.justification.map(|text| text.as_str().to_owned()),
        ttl: SignedDuration::from_secs(i64::try_from(open.request.asked_ttl).unwrap_or(i64::MAX)),
        created: open.request.created,
        until,
    })
}

async fn settle(
    tx: &mut Tx,
    call: &Call,
    id: RequestId,
    presence: &Presence,
) -> Result<(Result<(), Refusal>, Wake), Fault> {
    let none = || (Err(Refusal::RequestNotAvailable), Wake::default());
    let Some(owner) = tx.owner_of_request(id).await? else { return Ok(none()) };
    tx.lock(&[Lock::Shared(owner.entitlement.uuid()), Lock::Exclusive(owner.principal.uuid())]).await?;
    let Some(case) = read::case(tx, id).await? else { return Ok(none()) };
    let Stage::AwaitingMfa { until } = case.request.stage else { return Ok(none()) };
    if call.now >= until {
        return Ok(none());
    }
    let mut ledger = Ledger::new(call);
    match (presence, lost(&case), &case.role) {
        (_, Some(why), _) => end_case(&mut ledger, case, why),
        (_, None, None) => end_case(&mut ledger, case, Why::ENTITLEMENT),
        (Presence::Proved | Presence::ProvedBy(_), None, Some(role)) => {
            let settings = tx.settings().await?;
            let standing = create::Standing {
                role: Some(role),
                is_approver: case.is_approver,
                unwritable: case.unwritable,
                settings: &settings,
            };
            let passed = create::past_mfa(&standing, role, case.request.clone(), call.ids(), call.now);
            walk(&mut ledger, passed, case.owed, Step::ProvedPresence);
        }
        (Presence::Failed(why), None, Some(_)) => {
            let request = case.request.declined(Declined::MfaFailed, call.now);
            ledger.update_request(&request);
            let new = view(&request, None, call.now).status;
            let mut record =
                call.record(Transition::T8.event()).erasable_text("message", why.chars().take(500).collect::<String>());
            About::request(&request).put(&mut record);
            record.old_status = Some(crate::call::word(PamStatus::PendingMfa.word()));
            record.new_status = Some(crate::call::word(new.word()));
            record.reason = Some(crate::call::word(Declined::MfaFailed.word()));
            ledger.record(&record.detail("transition", "T8"));
        }
    }
    let (_, wake) = ledger.post(tx).await?;
    Ok((Ok(()), wake))
}
