//! The administrator's desk: where a command is authorized, carried out and recorded (seams §14).
//!
//! A command is a value. [`Engine::administer`] runs it in one transaction together with its records; a refused command
//! is rolled back whole and leaves its refusal on record, nothing else. [`Engine::consult`] runs a query under the same
//! authorization.

use std::{future::Future, sync::Arc};

use ephor_audit::{
    Record,
    events::{self, Event},
};
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right, may},
    application::{Permission, PermissionKind},
    id::{EntitlementId, GroupId, PersonId, PrincipalId},
    policy::Kind,
    principal::{Actor, PrincipalKind, Proof},
    provider::Provider,
    resource::ResourceRefusal,
};
use ephor_store::{
    Fault, Tx, Write,
    tx::{line::Lines, lock::Lock},
};
use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::Uuid;

pub use super::subject::Subject;
use crate::{
    answer::{Answer, Denied},
    call::{Call, word},
    directory::memberships,
    engine::Engine,
    ledger::Ledger,
    outgoing,
    pam::end::{Why, end_all},
    wake::Wake,
};

/// Most groups that somebody is looked at for being eligible for.
const MOST_LINES: u32 = 1000;

/// An administrator's command. It may run more than once, so it holds all its input and reads no clock.
pub trait Command: Clone + Send + Sync + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// What its caller must be allowed to do.
    fn right(&self) -> Right;

    /// What it is about.
    fn subject(&self) -> Subject;

    /// Everybody may order it, for himself or because a policy names him: what it asks of a sign-in it asks itself.
    fn is_open(&self) -> bool {
        false
    }

    /// What it locks before its first read.
    fn locks(&self) -> Vec<Lock> {
        Vec::new()
    }

    /// Decides and applies. Whatever it wrote is rolled back when it refuses.
    fn run(self, desk: &mut Desk<'_>) -> impl Future<Output = Answer<Self::Output>> + Send;
}

/// An administrator's query.
pub trait Query: Clone + Send + Sync + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// What its caller must be allowed to see.
    fn right(&self) -> Right {
        Right::Read
    }

    /// What it is about.
    fn subject(&self) -> Subject {
        Subject::NONE
    }

    /// Reads.
    fn run(self, files: &mut Files<'_>) -> impl Future<Output = Answer<Self::Output>> + Send;
}

/// What a query sees.
#[derive(Debug)]
pub struct Files<'t> {
    pub(crate) tx: &'t mut Tx,
    pub(crate) now: Timestamp,
    /// Who asks.
    pub(crate) caller: PrincipalId,
}

/// Who gives the order.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// Somebody who signed in.
    Actor(Actor),
    /// The server itself or the operator at the host: nothing is asked.
    Server,
}

/// What a command sees.
#[derive(Debug)]
pub struct Desk<'t> {
    pub(crate) tx: &'t mut Tx,
    call: &'t Call,
    by: &'t By,
    held: Vec<AdministratorRole>,
    ledger: Ledger<'t>,
    records: usize,
    wake: Wake,
}

impl<'t> Desk<'t> {
    async fn open(tx: &'t mut Tx, call: &'t Call, by: &'t By) -> Result<Self, Fault> {
        let held = match by {
            By::Actor(actor) => held(tx, actor.principal, call.now).await?,
            By::Server => vec![AdministratorRole::Global],
        };
        Ok(Self { tx, call, by, held, ledger: Ledger::new(call), records: 0, wake: Wake::default() })
    }

    /// The one instant of the command.
    pub(crate) fn now(&self) -> Timestamp {
        self.call.now
    }

    /// The call.
    pub(crate) fn call(&self) -> &'t Call {
        self.call
    }

    /// The principal that gives the order; `None` for the server itself.
    pub(crate) fn administrator(&self) -> Option<PrincipalId> {
        match self.by {
            By::Actor(actor) => Some(actor.principal),
            By::Server => None,
        }
    }

    /// The human being that gives the order.
    pub(crate) fn person(&self) -> Option<PersonId> {
        match self.by {
            By::Actor(actor) => Some(actor.person),
            By::Server => None,
        }
    }

    /// A fresh id, the same in each run of the command for the same `name`.
    pub(crate) fn derived_id(&self, name: &str, of: Uuid) -> Uuid {
        self.call.outbox_id(name, of)
    }

    /// # Errors
    /// [`Refusal::NotAdministrator`] when the caller lacks the right.
    pub(crate) fn require(&self, right: Right) -> Result<(), Refusal> {
        may(&self.held, right).then_some(()).ok_or(Refusal::NotAdministrator)
    }

    /// Steps that must not be taken by a stolen token alone (seams §12).
    ///
    /// # Errors
    /// [`Refusal::PersonRequired`] for API tokens, tokens of an old sign-in, a password sent along, and applications.
    pub(crate) fn require_person(&self) -> Result<(), Refusal> {
        match self.by {
            By::Server => Ok(()),
            By::Actor(actor) => match actor.proof {
                Proof::Person | Proof::Identified | Proof::Host => Ok(()),
                Proof::Password
                | Proof::Remembered
                | Proof::FreshApiToken
                | Proof::AgedApiToken
                | Proof::Application => Err(Refusal::PersonRequired),
            },
        }
    }

    /// A person who signed in lately: what gives somebody a way in takes no key that lies about, and no application.
    ///
    /// # Errors
    /// [`Refusal::PersonRequired`] for API tokens of 12 h and more, and applications.
    pub(crate) fn require_presence(&self) -> Result<(), Refusal> {
        match self.by {
            By::Actor(Actor { proof: Proof::FreshApiToken, .. }) => Ok(()),
            By::Server | By::Actor(_) => self.require_person(),
        }
    }

    /// As [`require_presence`](Self::require_presence), of people alone: an application was consented to as one that does
    /// this for itself (`GRAPH 2.5`).
    ///
    /// # Errors
    /// As there.
    pub(crate) fn require_presence_of_people(&self) -> Result<(), Refusal> {
        match self.by {
            By::Actor(Actor { proof: Proof::Application, .. }) => Ok(()),
            By::Server | By::Actor(_) => self.require_presence(),
        }
    }

    /// Nobody administers by less than his account asks for at a sign-in (S4).
    ///
    /// # Errors
    /// [`Refusal::PersonRequired`].
    pub(crate) async fn require_enough(&mut self) -> Answer<()> {
        match self.by {
            By::Actor(actor) => require_enough(self.tx, actor).await,
            By::Server => Ok(()),
        }
    }

    /// May this person make administrators?
    ///
    /// # Errors
    /// Faults of the store.
    pub(crate) async fn may_appoint(&mut self, person: PersonId) -> Answer<bool> {
        for principal in self.tx.principals_of_person(person).await? {
            if principal.enabled && may(&held(self.tx, principal.id, self.call.now).await?, Right::Administrators) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whoever changes the sign-in or the life of an administrator's account could become that administrator.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`] when the account or another one of its person administers and the caller may not
    /// change administrators.
    pub(crate) async fn require_over(&mut self, person: PersonId) -> Answer<()> {
        if may(&self.held, Right::Administrators) {
            return Ok(());
        }
        for principal in self.tx.principals_of_person(person).await? {
            // Any directory role, also through a group, and whoever says who is in such a group: some roles lead to all.
            let found = memberships(self.tx, principal.id.uuid(), true, self.call.now).await?;
            let mut groups = self.tx.owned_now(principal.id, self.call.now).await?;
            // Whoever may activate one can have it any time, and so can who may come into such a group.
            let mut eligible = false;
            for holder in found.groups.iter().copied().chain([principal.id.uuid()]).map(PrincipalId::new) {
                let of = Lines::Of(holder);
                eligible |= !self.tx.lines(Provider::DirectoryRoles, Kind::Eligibility, &of, None, 1).await?.is_empty();
                // What lies ahead is not held yet.
                eligible |= !self.tx.lines(Provider::DirectoryRoles, Kind::Assignment, &of, None, 1).await?.is_empty();
                for kind in [Kind::Eligibility, Kind::Assignment] {
                    let lines = self.tx.lines(Provider::Groups, kind, &of, None, MOST_LINES).await?;
                    groups.extend(lines.iter().map(|row| GroupId::new(row.line.definition)));
                }
                groups.extend(self.tx.groups_of_candidate(holder).await?);
            }
            let groups = self.tx.directory_groups_of(&groups).await?;
            if !found.roles.is_empty() || eligible || groups.iter().any(|entry| entry.facts.role_assignable) {
                return Err(Refusal::NotAdministrator.into());
            }
        }
        Ok(())
    }

    /// Ids of the directory roles that the caller holds now, through groups too. An application holds none.
    pub(crate) async fn directory_roles(&mut self) -> Answer<Vec<Uuid>> {
        let By::Actor(actor) = self.by else { return Ok(vec![AdministratorRole::Global.template()]) };
        let Some(account) = self.tx.principal(actor.principal).await?.filter(|account| account.enabled) else {
            return Ok(Vec::new());
        };
        if account.kind == PrincipalKind::Service {
            return Ok(Vec::new());
        }
        let found = memberships(self.tx, account.id.uuid(), true, self.call.now).await?;
        Ok(found.roles.into_iter().collect())
    }

    /// True for an application that acts for itself and was given one of these app roles.
    pub(crate) async fn is_given(&mut self, names: &[&str]) -> Answer<bool> {
        let By::Actor(actor) = self.by else { return Ok(true) };
        if actor.proof != Proof::Application {
            return Ok(false);
        }
        let is_enabled = self.tx.principal(actor.principal).await?.is_some_and(|account| account.enabled);
        let given = self.tx.consents(actor.principal).await?;
        let wanted =
            |permission| names.iter().any(|name| Permission::find(PermissionKind::AppRole, name) == Some(permission));
        Ok(is_enabled && given.iter().any(|consent| wanted(consent.permission)))
    }

    /// True when the caller may do what the right stands for.
    pub(crate) fn has(&self, right: Right) -> bool {
        may(&self.held, right)
    }

    /// Records a change.
    pub(crate) fn changed(&mut self, event: Event, subject: Subject, facts: impl FnOnce(Record) -> Record) {
        let record = facts(subject.put(self.call.record(event)));
        self.ledger.record(&record);
    }

    /// Whoever gives the order; `None` for the server itself.
    pub(crate) fn actor(&self) -> Option<&Actor> {
        match self.by {
            By::Actor(actor) => Some(actor),
            By::Server => None,
        }
    }

    /// Tells the operator at once (seams §18).
    pub(crate) fn alarm<const N: usize>(&mut self, event: &'static str, subject: Uuid, facts: [(&str, String); N]) {
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let alarm = outgoing::alarm(self.call, event, subject, facts, self.call.now);
        self.ledger.write(Write::Outbox(alarm));
        self.ledger.wake().notify = true;
    }

    /// What the command writes beside its records.
    pub(crate) fn ledger(&mut self) -> &mut Ledger<'t> {
        &mut self.ledger
    }

    /// The transaction, and what is written to it at the end.
    pub(crate) fn parts(&mut self) -> (&mut Tx, &mut Ledger<'t>) {
        (self.tx, &mut self.ledger)
    }

    /// Writes what was collected so far, for reads that must see it.
    pub(crate) async fn flush(&mut self) -> Result<(), Fault> {
        let fresh = Ledger::following(self.call, self.records);
        let (records, wake) = std::mem::replace(&mut self.ledger, fresh).post(self.tx).await?;
        self.records = self.records.max(records);
        self.ledger = Ledger::following(self.call, self.records);
        self.wake.merge(wake);
        Ok(())
    }

    /// Ends everything open of `principal`, of `role`, or of both together (T14, T15). Answers how many.
    pub(crate) async fn end_open(
        &mut self,
        principal: Option<PrincipalId>,
        role: Option<EntitlementId>,
        why: Why,
    ) -> Result<u64, Fault> {
        self.flush().await?;
        let (ended, records, wake) = end_all(self.tx, self.call, principal, role, why, self.records).await?;
        self.records = records;
        self.ledger = Ledger::following(self.call, records);
        self.wake.merge(wake);
        Ok(ended)
    }
}

/// Administrator roles of an account that may act. An application administers by its app role (seams §12).
async fn held(tx: &mut Tx, principal: PrincipalId, now: Timestamp) -> Result<Vec<AdministratorRole>, Fault> {
    let Some(account) = tx.principal(principal).await?.filter(|account| account.enabled) else {
        return Ok(Vec::new());
    };
    if account.kind == PrincipalKind::Service {
        let administers = Permission::find(PermissionKind::AppRole, "Ephor.Admin");
        let consents = tx.consents(principal).await?;
        if consents.iter().any(|consent| Some(consent.permission) == administers) {
            return Ok(vec![AdministratorRole::Global]);
        }
    }
    let mut templates = tx.administrator_roles(principal).await?;
    templates.extend(tx.roles_held_by_schedule(principal, now).await?);
    Ok(templates.into_iter().filter_map(AdministratorRole::from_template).collect())
}

impl Engine {
    /// Carries out an administrator's command in one transaction with its records.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`] and the refusals of the command, each of them recorded; faults of the store.
    pub async fn administer<C: Command>(&self, actor: &Actor, command: C) -> Answer<C::Output> {
        let (output, _) = self.carry_out(self.call(actor), By::Actor(actor.clone()), command).await?;
        Ok(output)
    }

    /// Carries out a command in the name of a part of the server: nothing is asked.
    pub(crate) async fn ordain<C: Command>(&self, component: &'static str, command: C) -> Answer<C::Output> {
        let (output, _) = self.carry_out(self.system(component), By::Server, command).await?;
        Ok(output)
    }

    /// The same with a call that is made already; says what the commit set in motion, which is passed on.
    pub(crate) async fn carry_out<C: Command>(&self, call: Call, by: By, command: C) -> Answer<(C::Output, Wake)> {
        let refused = Arc::new(Mutex::new(None));
        let subject = command.subject();
        let outcome = {
            let (call, refused) = (call.clone(), Arc::clone(&refused));
            self.store
                .transact(move |tx| {
                    let (call, by, command, refused) =
                        (call.clone(), by.clone(), command.clone(), Arc::clone(&refused));
                    Box::pin(async move {
                        *refused.lock() = None;
                        match at_desk(tx, &call, &by, command).await {
                            Ok(done) => Ok(done),
                            Err(Denied::Failed(fault)) => Err(fault),
                            Err(Denied::Refused(refusal)) => {
                                *refused.lock() = Some(refusal);
                                // Rolls back: a refused command leaves nothing but its refusal.
                                Err(Fault::Conflict { constraint: REFUSED.to_owned() })
                            }
                        }
                    })
                })
                .await
        };
        let refusal = match outcome {
            Ok((output, wake)) => {
                self.woken(&wake);
                return Ok((output, wake));
            }
            Err(Fault::Conflict { constraint }) => match refused.lock().take().or_else(|| taken(&constraint)) {
                Some(refusal) => refusal,
                None => return Err(Fault::Conflict { constraint }.into()),
            },
            Err(fault) => return Err(fault.into()),
        };
        self.record_refusal(call, subject, &refusal).await?;
        Err(refusal.into())
    }

    /// What a command would answer: it runs, and nothing of it stays, not even a refusal (`GRAPH 8.3`).
    ///
    /// # Errors
    /// Those of the command.
    pub(crate) async fn rehearse<C: Command>(&self, call: Call, by: By, command: C) -> Answer<C::Output> {
        let answer = Arc::new(Mutex::new(None));
        let outcome: Result<(), Fault> = {
            let answer = Arc::clone(&answer);
            self.store
                .transact(move |tx| {
                    let (call, by, command, answer) = (call.clone(), by.clone(), command.clone(), Arc::clone(&answer));
                    Box::pin(async move {
                        *answer.lock() = match at_desk(tx, &call, &by, command).await {
                            Ok((output, _)) => Some(Ok(output)),
                            Err(Denied::Refused(refusal)) => Some(Err(refusal)),
                            Err(Denied::Failed(fault)) => return Err(fault),
                        };
                        Err(Fault::Conflict { constraint: REFUSED.to_owned() })
                    })
                })
                .await
        };
        match (answer.lock().take(), outcome) {
            (Some(answer), Err(Fault::Conflict { constraint })) if constraint == REFUSED => Ok(answer?),
            (_, Err(fault)) => Err(fault.into()),
            (_, Ok(())) => Err(Fault::Misuse { cause: "a rehearsal is rolled back".to_owned() }.into()),
        }
    }

    /// Runs an administrator's query.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`] and [`Refusal::PersonRequired`], recorded; the refusals of the query; faults of the
    /// store.
    pub async fn consult<Q: Query>(&self, actor: &Actor, query: Q) -> Answer<Q::Output> {
        let (subject, by) = (query.subject(), actor.clone());
        let now = self.now();
        let answer = self
            .store
            .read(move |tx| {
                let (query, by) = (query.clone(), by.clone());
                Box::pin(async move {
                    match consulted(tx, &by, query, now).await {
                        Ok(output) => Ok(Ok(output)),
                        Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
                        Err(Denied::Failed(fault)) => Err(fault),
                    }
                })
            })
            .await?;
        if let Err(refusal) = &answer
            && is_about_rights(refusal)
        {
            self.record_refusal(self.call(actor), subject, refusal).await?;
        }
        Ok(answer?)
    }

    /// Administrator roles the caller holds: what may be offered to him. Needs no right; a disabled account holds none.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn administers(&self, actor: &Actor) -> Answer<Vec<AdministratorRole>> {
        let (principal, now) = (actor.principal, self.now());
        Ok(self.store.read(move |tx| Box::pin(async move { held(tx, principal, now).await })).await?)
    }

    /// Puts a refusal on record (`PAM-130`).
    pub(crate) async fn record_refusal(&self, call: Call, subject: Subject, refusal: &Refusal) -> Answer<()> {
        let event = match refusal {
            Refusal::LastAdministrator => events::LAST_ADMINISTRATOR_KEPT,
            Refusal::Resource(ResourceRefusal::LastAdministrator) => events::LAST_ADMINISTRATOR_KEPT,
            Refusal::Resource(refused) if refused.is_about_rights() => events::ACCESS_REFUSED,
            Refusal::NotAdministrator | Refusal::PersonRequired => events::ACCESS_REFUSED,
            Refusal::UnknownCaller
            | Refusal::AccountDisabled
            | Refusal::RoleNotAvailable
            | Refusal::OutsideAvailabilityWindow
            | Refusal::Maintenance
            | Refusal::RequestNotAvailable
            | Refusal::RequestNotClosable
            | Refusal::ApprovalNotAvailable
            | Refusal::SelfApproval
            | Refusal::TargetUnwritable
            | Refusal::TooManyRequests
            | Refusal::NotFound { .. }
            | Refusal::Conflict { .. }
            | Refusal::Invalid { .. }
            | Refusal::InUse { .. }
            | Refusal::Schedule(_)
            | Refusal::Resource(_) => events::ADMIN_CHANGE_REFUSED,
        };
        let mut record = subject.put(call.record(event));
        record.reason = Some(word(refusal.code()));
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

/// The caller was refused for what he may do, not for what he asked.
fn is_about_rights(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NotAdministrator | Refusal::PersonRequired)
        || matches!(refusal, Refusal::Resource(refused) if refused.is_about_rights())
}

/// Not the name of any constraint: see [`Engine::carry_out`].
const REFUSED: &str = "refused";

async fn at_desk<C: Command>(tx: &mut Tx, call: &Call, by: &By, command: C) -> Answer<(C::Output, Wake)> {
    tx.lock(&command.locks()).await?;
    let mut desk = Desk::open(tx, call, by).await?;
    if !command.is_open() {
        desk.require_enough().await?;
    }
    desk.require(command.right())?;
    // Commands are large: what they keep between two answers of the store lies on the heap.
    let output = Box::pin(command.run(&mut desk)).await?;
    desk.flush().await?;
    Ok((output, desk.wake))
}

async fn consulted<Q: Query>(tx: &mut Tx, by: &Actor, query: Q, now: Timestamp) -> Answer<Q::Output> {
    // What is everybody's to ask for is asked for without a role.
    if query.right() != Right::Known {
        require_enough(tx, by).await?;
        if !may(&held(tx, by.principal, now).await?, query.right()) {
            return Err(Refusal::NotAdministrator.into());
        }
    }
    query.run(&mut Files { tx, now, caller: by.principal }).await
}

async fn require_enough(tx: &mut Tx, by: &Actor) -> Answer<()> {
    if by.shows_enough(true) || by.shows_enough(!tx.factors(by.principal).await?.is_empty()) {
        return Ok(());
    }
    Err(Refusal::PersonRequired.into())
}

/// What a uniqueness rule of the store means to an administrator.
fn taken(constraint: &str) -> Option<Refusal> {
    let what = match constraint {
        "pam_role_name" => "the display name of the role",
        "principal_login" => "the account name",
        "principal_upn" => "the user principal name",
        "pam_user" | "pam_user_corp" => "the user",
        "access_group_native" => "the group of the target",
        "account_native" => "the account at the target",
        "target_name" => "the name of the target",
        "eligibility_line" => "the candidate",
        "approver" => "the approver",
        "privilege" => "the privilege",
        "administrator" => "the administrator",
        "api_token_hash" => "the token",
        "application_client" => "the application",
        "request_name" => "the name of the request",
        "role_definition_name" | "role_definition_template" => "the name or template of the role",
        "resource_role_name" => return Some(ResourceRefusal::RoleNameTaken.into()),
        "role_assignment" | "role_assignment_line" => return Some(ResourceRefusal::AssignmentExists.into()),
        _ => return None,
    };
    Some(Refusal::Conflict { what })
}
