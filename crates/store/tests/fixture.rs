//! Stores to test, and a small world to put into them.

use std::path::Path;

use ephor_audit::{Actor, Record, Sealed, events};
use ephor_domain::{
    effect::{Membership, Privilege},
    grant::{Grant, GrantKind, Phase},
    id::{EligibilityId, EntitlementId, GrantId, GroupId, PersonId, PrincipalId, RequestId, TargetId},
    pam::{
        Role,
        group::Group,
        user::{Source, User},
    },
    principal::{Principal, PrincipalKind},
    provider::Provider,
    request::{Action, Channel, Request, Stage},
    text::Name,
};
use ephor_store::{
    Location, Store, Write,
    tx::{
        eligibility::Eligibility,
        target::{Mode, Target},
    },
};
use jiff::Timestamp;
use uuid::Uuid;

/// An instant: so many seconds after a fixed one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// An id that sorts by `number`.
pub(crate) fn id<Kind>(number: u128) -> ephor_domain::id::Id<Kind> {
    ephor_domain::id::Id::new(Uuid::from_u128(number))
}

pub(crate) const BUILT_IN: u128 = 0xb1;
pub(crate) const LDAP: u128 = 0x1d;
pub(crate) const ROLE: u128 = 0xa0;
pub(crate) const ADMINS: u128 = 0x61;
pub(crate) const OPERATORS: u128 = 0x62;
pub(crate) const JEN: u128 = 0x1;
pub(crate) const SAM: u128 = 0x2;
pub(crate) const ADA: u128 = 0x3;

pub(crate) fn role() -> EntitlementId {
    id(ROLE)
}

pub(crate) fn group(number: u128) -> GroupId {
    id(number)
}

pub(crate) fn who(number: u128) -> PrincipalId {
    id(number)
}

/// The person of an account of [`principal`].
pub(crate) fn person(number: u128) -> PersonId {
    id(0x1000 + number)
}

pub(crate) async fn sqlite(folder: &Path) -> Store {
    Store::open(&Location::Sqlite(folder.join("store.db"))).await.unwrap()
}

pub(crate) fn principal(number: u128, account: &str) -> Principal {
    Principal {
        id: who(number),
        kind: PrincipalKind::User,
        person: person(number),
        domain: "DEMO".to_owned(),
        account: account.to_owned(),
        display_name: format!("{account} of the demo"),
        upn: Some(format!("{account}@demo.test")),
        enabled: true,
    }
}

pub(crate) fn target(number: u128, name: &str, built_in: bool) -> Target {
    Target {
        id: id(number),
        name: name.to_owned(),
        kind: if built_in { "built-in" } else { "ldap" }.to_owned(),
        config: "{}".to_owned(),
        secret: None,
        mode: Mode::ReportOnly,
        built_in,
        unwritable: false,
        health: None,
    }
}

pub(crate) fn access_group(number: u128, target: u128, name: &str) -> Group {
    Group {
        id: group(number),
        target: id(target),
        native: format!("cn={name},ou=groups"),
        attribute: "member".to_owned(),
        source_domain: "CORP".to_owned(),
        source_account: name.to_owned(),
        source_sid: None,
        priv_account: format!("CORP.{name}"),
        display_name: name.to_owned(),
        description: Some("of the demo".to_owned()),
        active: true,
        priv_only: false,
    }
}

pub(crate) fn pam_role(number: u128, name: &str) -> Role {
    Role {
        id: id(number),
        name: Name::parse(name).unwrap(),
        description: None,
        ttl: 3600,
        window: None,
        window_enabled: false,
        mfa: false,
        approval: false,
        owner_needs_approval: true,
    }
}

pub(crate) fn user(number: u128) -> User {
    User {
        id: who(number),
        corp: None,
        source: Source { domain: "CORP".to_owned(), phone: Some("+49 1".to_owned()), ..Source::default() },
        description: None,
        has_pin: false,
    }
}

pub(crate) fn candidate(principal: u128, role: u128) -> Eligibility {
    Eligibility {
        id: EligibilityId::new(Uuid::from_u128(principal << 64 | role)),
        principal: who(principal),
        entitlement: id(role),
        provider: Provider::Pam,
        start: at(0),
        end: None,
        created: at(0),
        created_by: None,
    }
}

/// Two targets, a group on each, one role that gives both; jen and sam are candidates, ada is an approver.
pub(crate) async fn populate(store: &Store) {
    let made = store.transact(|tx| {
        Box::pin(async move {
            tx.insert_target(&target(BUILT_IN, "Built in", true)).await?;
            tx.insert_target(&target(LDAP, "Directory", false)).await?;
            tx.insert_group(&access_group(ADMINS, BUILT_IN, "admins")).await?;
            tx.insert_group(&access_group(OPERATORS, LDAP, "operators")).await?;
            for (number, account) in [(JEN, "jen"), (SAM, "sam"), (ADA, "ada")] {
                tx.insert_principal(&principal(number, account)).await?;
                tx.insert_user(&user(number)).await?;
            }
            tx.insert_role(&pam_role(ROLE, "Allow AD Access")).await?;
            tx.insert_privilege(role(), group(ADMINS)).await?;
            tx.insert_privilege(role(), group(OPERATORS)).await?;
            tx.insert_eligibility(&candidate(JEN, ROLE)).await?;
            tx.insert_eligibility(&candidate(SAM, ROLE)).await?;
            tx.insert_approver(role(), who(ADA), Some(person(SAM)), at(0)).await
        })
    });
    made.await.unwrap();
}

pub(crate) fn request(number: u128, holder: u128, created: Timestamp, stage: Stage) -> Request {
    Request {
        id: id(number),
        name: None,
        provider: Provider::Pam,
        action: Action::SelfActivate,
        principal: who(holder),
        requester: who(holder),
        entitlement: role(),
        channel: Channel::PamRest,
        justification: None,
        asked_ttl: 600,
        asked_start: created,
        created,
        stage,
    }
}

/// The id of the grant that [`grant`] makes for a request.
pub(crate) fn grant_id(request: u128) -> GrantId {
    id(0x9000_0000 + request)
}

pub(crate) fn grant(request: &Request, phase: Phase) -> Grant {
    Grant {
        id: grant_id(request.id.uuid().as_u128()),
        request: request.id,
        provider: Provider::Pam,
        principal: request.principal,
        entitlement: request.entitlement,
        kind: GrantKind::Activated,
        lasts: Some(600),
        phase,
    }
}

pub(crate) fn granted(number: u128) -> Stage {
    Stage::Granted { grant: grant_id(number) }
}

pub(crate) fn record(number: u128, request: Option<RequestId>) -> Sealed {
    let mut record = Record::new(at(0), events::REQUEST_ACTIVE, Actor::system("test"));
    record.request_id = request.map(RequestId::uuid);
    record.seal(number.to_be_bytes())
}

/// A request whose grant is in force from `since` to `end` at the built-in target, with everything around it.
pub(crate) fn activation(number: u128, holder: u128, since: Timestamp, end: Timestamp) -> Vec<Write> {
    let request = request(number, holder, since, granted(number));
    let grant = grant(&request, Phase::InForce { since, end: Some(end) });
    let privilege =
        Privilege { group: group(ADMINS), target: id::<ephor_domain::id::kind::Target>(BUILT_IN), built_in: true };
    let membership = Membership::unowed(&privilege, who(holder), since).owed(since);
    vec![
        Write::InsertRequest(request.clone()),
        Write::InsertGrant(grant.clone()),
        Write::InsertEffect { grant: grant.id, group: group(ADMINS), principal: who(holder) },
        Write::PutMembership(membership),
        Write::Record(record(number, Some(request.id))),
    ]
}

/// A membership of an account in the group of the outside target.
pub(crate) fn outside(holder: u128, now: Timestamp) -> Membership {
    let privilege =
        Privilege { group: group(OPERATORS), target: TargetId::new(Uuid::from_u128(LDAP)), built_in: false };
    Membership::unowed(&privilege, who(holder), now)
}

/// Applies writes in a command of their own.
pub(crate) async fn apply(store: &Store, writes: Vec<Write>) -> Result<(), ephor_store::Fault> {
    store
        .transact(move |tx| {
            let writes = writes.clone();
            Box::pin(async move { tx.apply(writes).await })
        })
        .await
}
