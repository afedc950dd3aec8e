//! The scheduler: sleeps until the next due instant, and carries out what time has decided (architecture §2, `PAM 15.1`).
//!
//! The next instant is asked of the store after each round, and a commit that makes something due earlier nudges. The nap
//! is short all the same: a nudge is lost when its call is given up at the commit, or its node dies (O2). After a restart
//! everything overdue is done at once, oldest first (`PAM 9.7`).

use std::time::Duration;

use ephor_audit::events::{self, Transition};
use ephor_domain::{
    grant::{EndCause, Grant, Phase},
    id::{GrantId, RequestId},
    pam::{PamStatus, create, status::view},
    provider::Provider,
    request::{Declined, Stage},
};
use ephor_store::{
    Fault, Tx,
    tx::{Lock, case::RequestCase, line::LineRow, owner::Owner},
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    answer::Answer,
    engine::Engine,
    ledger::Ledger,
    pam::{
        decide::lost,
        end::{Why, end_case},
        way::notify,
    },
    schedule,
    wake::Wake,
};

/// Rows taken in one round.
const ROUND: u32 = 1024;
/// Rows settled in one transaction, and transactions under way at once: large enough to share commits.
const CHUNK: usize = 64;
const AT_ONCE: usize = 8;
/// Longest nap: how late a lost nudge can make the scheduler.
const NAP: Duration = Duration::from_secs(1);
/// Rows that could not be settled are looked at again after this.
const STUCK: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    /// Carries out everything that is due by now. Answers the next due instant.
    ///
    /// # Errors
    /// Faults of the store; what was done before the fault stays done.
    pub async fn drain_due(&self) -> Answer<Option<Timestamp>> {
        let mut last = None;
        loop {
            let now = self.now();
            let (requests, grants, lines, next) = self
                .store
                .read(move |tx| {
                    Box::pin(async move {
                        let (requests, grants) = (tx.due_requests(now, ROUND).await?, tx.due_grants(now, ROUND).await?);
                        Ok((requests, grants, tx.due_lines(now, ROUND).await?, tx.next_due().await?))
                    })
                })
                .await?;
            let requests = requests.into_iter().map(Due::Request);
            let grants = grants.into_iter().map(Due::Grant);
            let lines = lines.into_iter().map(|row| Due::Line(row.line.id));
            let due: Vec<Due> = requests.chain(grants).chain(lines).collect();
            if due.is_empty() {
                return Ok(next);
            }
            // Nothing came of it twice: rows that nobody can settle must neither spin nor keep others from their instant.
            if self.settle(due.clone()).await? == 0 && last.replace(due.clone()) == Some(due) {
                let later = now.saturating_add(STUCK).unwrap_or(Timestamp::MAX);
                return Ok(Some(next.filter(|next| *next > now).map_or(later, |next| next.min(later))));
            }
        }
    }

    /// Answers how many it settled.
    async fn settle(&self, due: Vec<Due>) -> Answer<usize> {
        let chunks: Vec<Vec<Due>> = due.chunks(CHUNK).map(<[Due]>::to_vec).collect();
        let mut outcomes = stream::iter(chunks)
            .map(|chunk| async move {
                match self.settle_chunk(chunk.clone()).await {
                    Err(Fault::Inconsistent { .. }) => {
                        // One bad row must not hold up the others: each on its own, the bad one logged.
                        let mut settled = 0;
                        for one in chunk {
                            match self.settle_chunk(vec![one]).await {
                                Ok(one) => settled += one,
                                Err(fault @ Fault::Inconsistent { .. }) => {
                                    tracing::error!(?one, %fault, "a due row could not be settled");
                                }
                                Err(fault) => return Err(fault),
                            }
                        }
                        Ok(settled)
                    }
                    outcome => outcome,
                }
            })
            .buffer_unordered(AT_ONCE);
        let mut settled = 0;
        while let Some(outcome) = outcomes.next().await {
            settled += outcome?;
        }
        Ok(settled)
    }

    async fn settle_chunk(&self, chunk: Vec<Due>) -> Result<usize, Fault> {
        let call = self.system("scheduler");
        let (settled, wake) = self
            .store
            .transact(move |tx| {
                let (call, chunk) = (call.clone(), chunk.clone());
                Box::pin(async move {
                    let (mut settled, mut wake, mut records) = (0, Wake::default(), 0);
                    for (due, owner) in locked(tx, chunk).await? {
                        let mut ledger = Ledger::following(&call, records);
                        settle_one(tx, &mut ledger, due, owner).await?;
                        settled += usize::from(!ledger.is_empty());
                        let (total, more) = ledger.post(tx).await?;
                        records = total;
                        wake.merge(more);
                    }
                    Ok((settled, wake))
                })
            })
            .await?;
        self.woken(&wake);
        Ok(settled)
    }

    /// Schedules for ever; ends when the task is dropped.
    pub(crate) async fn run_scheduler(&self) {
        let mut waited = false;
        loop {
            let woken = self.inner.scheduler.listen();
            self.let_a_crowd_go_first(&mut waited).await;
            // What was sent without the store is settled first: nobody may be told *active* on the strength of it.
            let drained = match self.settle_sent().await {
                Ok(()) => self.drain_due().await,
                Err(fault) => Err(fault.into()),
            };
            // A store that does not answer is not asked twice: what is due goes from memory.
            let drained = match drained {
                Ok(next) => self.refresh_book().await.map(|()| next).map_err(Into::into),
                Err(denied) => Err(denied),
            };
            match drained {
                Ok(next) => {
                    self.inner.scheduler.set(next);
                    let next = next.unwrap_or(Timestamp::MAX);
                    tokio::select! {
                        () = woken => (),
                        () = self.inner.clock.wait_until(next) => (),
                        () = tokio::time::sleep(NAP) => (),
                    }
                }
                Err(fault) => {
                    tracing::error!(%fault, "due work waits for the store");
                    self.remove_from_book().await;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }
}

/// Something whose instant has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Request(RequestId),
    Grant(GrantId),
    /// An eligibility.
    Line(Uuid),
}

/// Finds whose each is, and locks all at once, in order: everything of one principal is decided one after the other.
async fn locked(tx: &mut Tx, chunk: Vec<Due>) -> Result<Vec<(Due, Owner)>, Fault> {
    let mut owned = Vec::with_capacity(chunk.len());
    for due in chunk {
        let owner = match due {
            Due::Request(id) => tx.owner_of_request(id).await?,
            Due::Grant(id) => tx.owner_of_grant(id).await?,
            Due::Line(id) => tx.line(id).await?.map(|LineRow { line, .. }| Owner {
                request: line.made_by,
                principal: line.principal,
                entitlement: line.entitlement,
            }),
        };
        owned.extend(owner.map(|owner| (due, owner)));
    }
    let locks: Vec<_> = owned
        .iter()
        .flat_map(|(_, owner)| [Lock::Shared(owner.entitlement.uuid()), Lock::Exclusive(owner.principal.uuid())])
        .collect();
    tx.lock(&locks).await?;
    Ok(owned)
}

async fn settle_one(tx: &mut Tx, ledger: &mut Ledger<'_>, due: Due, owner: Owner) -> Result<(), Fault> {
    let now = ledger.now();
    if let Due::Line(id) = due {
        return match tx.line(id).await? {
            Some(row) => schedule::due::expire(tx, ledger, row).await,
            None => Ok(()),
        };
    }
    let Some(case) = tx.request_case(owner.request).await? else { return Ok(()) };
    match (due, &case.grant) {
        (Due::Request(_), _) => time_out(ledger, case),
        (Due::Grant(_), Some(grant)) if grant.due().is_some_and(|due| due <= now) => {
            let grant = grant.clone();
            grant_due(tx, ledger, case, grant).await?;
        }
        // Somebody else settled it first.
        (Due::Grant(_) | Due::Line(_), _) => {}
    }
    Ok(())
}

/// A gate stayed shut too long (T8, T12).
pub(crate) fn time_out(ledger: &mut Ledger<'_>, case: RequestCase) {
    let now = ledger.now();
    let (cause, transition, old) = match case.request.stage {
        Stage::AwaitingMfa { until } if until <= now => (Declined::MfaTimedOut, Transition::T8, PamStatus::PendingMfa),
        Stage::AwaitingApproval { until, .. } | Stage::AwaitingAdministrator { until } if until <= now => {
            (Declined::ApprovalTimedOut, Transition::T12, PamStatus::PendingApproval)
        }
        Stage::AwaitingMfa { .. }
        | Stage::AwaitingApproval { .. }
        | Stage::AwaitingAdministrator { .. }
        | Stage::Granted { .. }
        | Stage::Declined { .. }
        | Stage::Recorded { .. } => return,
    };
    let asked_administrator = matches!(case.request.stage, Stage::AwaitingAdministrator { .. });
    let request = case.request.declined(cause, now);
    ledger.update_request(&request);
    if asked_administrator {
        let event = events::REQUEST_ADMINISTRATOR_TIMED_OUT;
        ledger.moved_as(event, None, &request, Some(old), PamStatus::Rejected, Some(cause.word()));
    } else {
        ledger.moved(transition, &request, Some(old), PamStatus::Rejected, Some(cause.word()));
    }
    notify(ledger, "request.timed-out", &request);
}

/// The instant of a grant has come.
pub(crate) async fn grant_due(
    tx: &mut Tx,
    ledger: &mut Ledger<'_>,
    case: RequestCase,
    grant: Grant,
) -> Result<(), Fault> {
    let now = ledger.now();
    match grant.phase {
        Phase::Scheduled { .. } if grant.provider == Provider::Pam => start(tx, ledger, case, grant).await?,
        Phase::Scheduled { .. } => schedule::due::start(tx, ledger, case, grant).await?,
        Phase::Applying { end, .. } => {
            let at = end.map_or(now, |end| end.min(now));
            ledger.end(&case.request, grant, case.owed, at, EndCause::CouldNotApply);
            notify(ledger, "request.not-applied", &case.request);
        }
        Phase::InForce { end, .. } => {
            ledger.end(&case.request, grant, case.owed, end.unwrap_or(now), EndCause::Expired);
        }
        Phase::Ending { .. } | Phase::Ended { .. } => {}
    }
    Ok(())
}

/// The start has come: account, eligibility, role, window and cap are judged again (S3); passed gates are not.
async fn start(tx: &mut Tx, ledger: &mut Ledger<'_>, case: RequestCase, mut grant: Grant) -> Result<(), Fault> {
    let now = ledger.now();
    if let Some(why) = lost(&case) {
        end_case(ledger, case, why);
        return Ok(());
    }
    let Some(role) = &case.role else {
        end_case(ledger, case, Why::ENTITLEMENT);
        return Ok(());
    };
    if grant.provider == Provider::Pam {
        let settings = tx.settings().await?;
        grant.lasts = Some(create::granted_ttl(role, &case.request));
        let start = create::start_of(&settings, role, case.request.asked_start, now);
        if start > now {
            // The window was moved since: it starts when the window next opens (`PAM 10.3`).
            grant.phase = Phase::Scheduled { start };
            ledger.wake().at(Some(start));
            ledger.write(ephor_store::Write::UpdateGrant(grant));
            return Ok(());
        }
    }
    let grant = ledger.start(grant, case.owed, false);
    let new = view(&case.request, Some(&grant), now).status;
    if new == PamStatus::Active {
        ledger.moved(Transition::T13, &case.request, Some(PamStatus::Scheduled), new, None);
    } else {
        ledger.moved_as(events::REQUEST_APPLYING, None, &case.request, Some(PamStatus::Scheduled), new, None);
    }
    notify(ledger, "request.started", &case.request);
    Ok(())
}
