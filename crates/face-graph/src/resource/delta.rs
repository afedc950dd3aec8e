//! Delta queries (`GRAPH 18.2`): everything in the first round, then only what changed. What changed is read from the index
//! of the audit log, so there is no second book to keep.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_audit::events;
use ephor_domain::{entitlement::Access, id::Id, policy::Kind, provider::Provider};
use ephor_engine::directory::{AuditEntry, NameCursor};
use ephor_odata::v4::{Predicate, Shape};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Source, object, role};
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::shape,
};

/// Objects of a page of the first round.
const PAGE: u32 = 100;
/// Records that one later page looks at.
const LOOKED_AT: u32 = 5_000;
/// Members of a group that its first row names.
const MEMBERS: u32 = 10_000;
/// How old a token may be.
const LIFE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    Users,
    Groups,
    Services,
    Roles,
    /// Users, groups and service principals.
    Objects,
}

impl Followed {
    fn of(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Groups => "group",
            Self::Services => "servicePrincipal",
            Self::Roles => "directoryRole",
            Self::Objects => "directoryObject",
        }
    }

    fn set(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Services => "servicePrincipals",
            Self::Roles => "directoryRoles",
            Self::Objects => "directoryObjects",
        }
    }

    /// What the first round goes through, one after the other.
    fn sources(self) -> &'static [Source] {
        match self {
            Self::Users => &[Source::Users],
            Self::Groups => &[Source::Groups],
            Self::Services => &[Source::Services],
            Self::Roles => &[],
            Self::Objects => &[Source::Users, Source::Groups, Source::Services],
        }
    }

    /// The sorts of which records are looked at, each with the type of its objects.
    fn sorts(self) -> &'static [(Self, &'static str)] {
        match self {
            Self::Users => &[(Self::Users, "user")],
            Self::Groups => &[(Self::Groups, "group")],
            Self::Services => &[(Self::Services, "servicePrincipal")],
            Self::Roles => &[(Self::Roles, "directoryRole")],
            Self::Objects => &[(Self::Users, "user"), (Self::Groups, "group"), (Self::Services, "servicePrincipal")],
        }
    }

    fn has_members(self) -> bool {
        matches!(self, Self::Groups | Self::Roles)
    }
}

/// What of the objects is asked for.
struct Shown {
    shape: Shape,
    kept: Option<Predicate>,
}

impl Shown {
    fn keeps(&self, row: &Value) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.matches(row))
    }
}

/// Where a round goes on, and where the next one begins. Opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    set: String,
    at: i64,
    record: Uuid,
    /// When the place was taken.
    taken: i64,
    /// Which part of the first round, and its last object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<(usize, Option<(String, Uuid)>)>,
}

fn stale() -> GraphError {
    GraphError::new(StatusCode::GONE, "SyncStateNotFound", "The sync state generation is not found; begin a new round.")
}

impl State {
    fn read(text: &str, followed: Followed, now: Timestamp) -> Answer<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= 4096).ok_or_else(stale)?;
        let state: Self = serde_json::from_slice(&bytes).map_err(|_| stale())?;
        let taken = Timestamp::from_microsecond(state.taken).map_err(|_| stale())?;
        if state.set != followed.set() || now.duration_since(taken) > LIFE {
            return Err(stale());
        }
        Ok(state)
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn place(&self) -> (Timestamp, Uuid) {
        (Timestamp::from_microsecond(self.at).unwrap_or(Timestamp::UNIX_EPOCH), self.record)
    }
}

/// The same call with another token.
fn link(call: &Call, name: &str, state: &State) -> String {
    let raw = call.uri.query().unwrap_or_default();
    let kept = raw.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        let name = name.trim().trim_start_matches('$').to_ascii_lowercase();
        !pair.is_empty() && name != "skiptoken" && name != "deltatoken"
    });
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("{name}={}", state.text()));
    format!("{}{}?{}", call.service, call.uri.path(), query.join("&"))
}

fn answer(call: &Call, followed: Followed, shape: &Shown, rows: Vec<Value>, next: (&str, &State, bool)) -> Reply {
    let (name, state, is_last) = next;
    let mut body = Map::new();
    let context = call.context(&format!("{}{}", followed.set(), shape.shape.suffix()));
    body.insert("@odata.context".to_owned(), context.into());
    let member = if is_last { "@odata.deltaLink" } else { "@odata.nextLink" };
    body.insert(member.to_owned(), link(call, name, state).into());
    body.insert("value".to_owned(), rows.into());
    Reply::json(Value::Object(body))
}

pub(super) async fn get(call: &Call, followed: Followed) -> Answer<Reply> {
    let options = &call.options;
    if options.count || options.search.is_some() || !options.orderby.is_empty() || !options.expand.is_empty() {
        return Err(GraphError::unsupported_query("A delta query takes $select and $filter alone."));
    }
    let filter = options.filter.as_ref();
    let kept = filter.map(|filter| Predicate::bind(call.model(), followed.of(), filter)).transpose()?;
    if kept.as_ref().is_some_and(|kept| !kept.needs(call.model(), followed.of()).is_empty()) {
        return Err(GraphError::unsupported_query("A delta query takes no $filter over what an object leads to."));
    }
    let shape = Shown { shape: shape(call, followed.of())?, kept };
    let now = call.engine().now();
    match (options.deltatoken.as_deref(), options.skiptoken.as_deref()) {
        (Some(latest), _) if latest.eq_ignore_ascii_case("latest") => {
            let state = begin(call, followed, now).await?;
            Ok(answer(call, followed, &shape, Vec::new(), ("$deltatoken", &state, true)))
        }
        (Some(token), _) => changes(call, followed, &shape, State::read(token, followed, now)?, now).await,
        (None, Some(token)) => {
            let state = State::read(token, followed, now)?;
            match state.after {
                Some(_) => first(call, followed, &shape, state).await,
                None => changes(call, followed, &shape, state, now).await,
            }
        }
        (None, None) => {
            let state = begin(call, followed, now).await?;
            first(call, followed, &shape, state).await
        }
    }
}

async fn begin(call: &Call, followed: Followed, now: Timestamp) -> Answer<State> {
    let (at, record) = call.engine().directory_place().await?;
    let (at, taken) = (at.as_microsecond(), now.as_microsecond());
    Ok(State { set: followed.set().to_owned(), at, record, taken, after: None })
}

/// A page of everything there is.
async fn first(call: &Call, followed: Followed, shape: &Shown, state: State) -> Answer<Reply> {
    let (part, after) = state.after.clone().unwrap_or_default();
    let after = after.map(|(name, id)| NameCursor { name, id });
    let Some(source) = followed.sources().get(part) else {
        let held = call.engine().roles_in_force().await?;
        let rows = role::activated_rows(call, &held).await?;
        let rows = with_members(call, followed, shape, rows).await?;
        return Ok(answer(call, followed, shape, rows, ("$deltatoken", &state, true)));
    };
    let batch = source.batch(call, None, after, PAGE).await?;
    let last = batch.last().map(|(cursor, _)| (cursor.name.clone(), cursor.id));
    let is_over = batch.len() < PAGE as usize;
    let is_last = is_over && part + 1 >= followed.sources().len();
    let rows = with_members(call, followed, shape, batch.into_iter().map(|(_, row)| row).collect()).await?;
    let after = if is_over { (part + 1, None) } else { (part, last) };
    let state = State { after: (!is_last).then_some(after), ..state };
    let name = if is_last { "$deltatoken" } else { "$skiptoken" };
    Ok(answer(call, followed, shape, rows, (name, &state, is_last)))
}

/// Shapes rows and names all members of what has some.
async fn with_members(call: &Call, followed: Followed, shape: &Shown, rows: Vec<Value>) -> Answer<Vec<Value>> {
    let mut shaped = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| shape.keeps(row)) {
        let id = row.get("id").and_then(Value::as_str).and_then(guid);
        let members = match (shows_members(followed, shape), id) {
            (true, Some(id)) => Some(members(call, followed, id).await?),
            _ => None,
        };
        shaped.push(written(call, followed, shape, &row, members));
    }
    Ok(shaped)
}

fn shows_members(followed: Followed, shape: &Shown) -> bool {
    followed.has_members() && shape.shape.select.as_ref().is_none_or(|names| names.iter().any(|name| name == "members"))
}

async fn members(call: &Call, followed: Followed, id: Uuid) -> Answer<Vec<Value>> {
    let objects = match followed {
        Followed::Groups => call.engine().group_members(Id::new(id), None, MEMBERS).await?,
        Followed::Roles => {
            let holders = call.engine().holders_of_role(id).await?;
            call.engine().directory_objects(holders.iter().map(|id| id.uuid()).collect()).await?
        }
        Followed::Users | Followed::Services | Followed::Objects => Vec::new(),
    };
    let rows = object::rows(call, &objects);
    Ok(rows.iter().map(|row| json!({"@odata.type": row.get("@odata.type"), "id": row.get("id")})).collect())
}

/// A row as it is answered: its id always.
fn written(call: &Call, followed: Followed, shape: &Shown, row: &Value, members: Option<Vec<Value>>) -> Value {
    let mut row_out = shape.shape.apply(call.model(), followed.of(), row);
    if let Value::Object(known) = &mut row_out {
        if let Some(id) = row.get("id") {
            known.insert("id".to_owned(), id.clone());
        }
        if let Some(members) = members.filter(|members| !members.is_empty()) {
            known.insert("members@delta".to_owned(), members.into());
        }
    }
    row_out
}

/// What became of an object.
#[derive(Debug)]
struct Change {
    /// The type of the object.
    of: &'static str,
    /// Members that came or went, and whether one was told to have gone.
    members: BTreeMap<Uuid, bool>,
}

/// The object of the followed sort that a record is about, and the member of it that came or (true) went, if it is about
/// one.
type Concerned = (Uuid, Option<(Uuid, bool)>);

fn concerned(followed: Followed, entry: &AuditEntry) -> Option<Concerned> {
    let row = &entry.row;
    let facts: Value = serde_json::from_str(&row.facts).unwrap_or_default();
    let fact = |name: &str| facts.get(name).and_then(Value::as_str).and_then(guid);
    let is = |events: &[events::Event]| events.iter().any(|event| event.id == row.event);
    let subject = row.subject.map(|id| id.uuid());
    let member = |goes: bool| subject.map(|subject| (subject, goes));
    match followed {
        Followed::Users => {
            let own = [
                events::PRINCIPAL_CREATED,
                events::PRINCIPAL_CHANGED,
                events::PRINCIPAL_DISABLED,
                events::PRINCIPAL_ENABLED,
                events::PRINCIPAL_DELETED,
            ];
            if is(&own) { subject.map(|id| (id, None)) } else { None }
        }
        Followed::Groups if is(&[events::GROUP_CREATED, events::GROUP_CHANGED, events::GROUP_DELETED]) => {
            fact("group").map(|id| (id, None))
        }
        Followed::Groups if is(&[events::GROUP_MEMBER_ADDED]) => fact("group").map(|id| (id, member(false))),
        Followed::Groups if is(&[events::GROUP_MEMBER_REMOVED]) => fact("group").map(|id| (id, member(true))),
        Followed::Groups => scheduled(entry, Provider::Groups, Access::Member.word()),
        Followed::Roles if row.request.is_none() && is(&[events::ASSIGNMENT_ASSIGNED]) => {
            fact("definition").map(|id| (id, member(false)))
        }
        Followed::Roles if row.request.is_none() && is(&[events::ASSIGNMENT_REMOVED]) => {
            fact("definition").map(|id| (id, member(true)))
        }
        Followed::Roles => scheduled(entry, Provider::DirectoryRoles, "/"),
        Followed::Services if is(&[events::APPLICATION_CHANGED, events::APPLICATION_DELETED]) => {
            subject.map(|id| (id, None))
        }
        Followed::Services | Followed::Objects => None,
    }
}

/// What comes and goes by an order: an activation, or an assignment of limited time.
fn scheduled(entry: &AuditEntry, provider: Provider, scope: &str) -> Option<Concerned> {
    const COME: [events::Event; 4] =
        [events::REQUEST_ACTIVE, events::REQUEST_APPROVED_ACTIVE, events::REQUEST_STARTED, events::ASSIGNMENT_ASSIGNED];
    const GO: [events::Event; 4] =
        [events::REQUEST_ENDED, events::REQUEST_EXPIRED, events::ASSIGNMENT_REMOVED, events::SCHEDULE_ENDED];
    let row = &entry.row;
    let is = |events: &[events::Event]| events.iter().any(|event| event.id == row.event);
    let order = &entry.order.as_ref().filter(|it| it.request.provider == provider)?.order;
    let goes = is(&GO);
    if order.kind != Kind::Assignment || order.scope != scope || !(goes || is(&COME)) {
        return None;
    }
    Some((order.definition, row.subject.map(|subject| (subject.uuid(), goes))))
}

/// What changed since the last round, each object once, as it is now.
async fn changes(call: &Call, followed: Followed, shape: &Shown, state: State, now: Timestamp) -> Answer<Reply> {
    let records = call.engine().directory_changes(state.place(), LOOKED_AT).await?;
    let mut changed: BTreeMap<Uuid, Change> = BTreeMap::new();
    for (sort, of) in followed.sorts() {
        for (id, member) in records.iter().filter_map(|entry| concerned(*sort, entry)) {
            let change = changed.entry(id).or_insert_with(|| Change { of, members: BTreeMap::new() });
            if let Some((member, goes)) = member {
                *change.members.entry(member).or_default() |= goes;
            }
        }
    }
    let current: BTreeMap<Uuid, Value> = if followed == Followed::Roles {
        let rows = role::activated_rows(call, &changed.keys().copied().collect()).await?;
        rows.into_iter().filter_map(|row| Some((guid(row.get("id")?.as_str()?)?, row))).collect()
    } else {
        let objects = call.engine().directory_objects(changed.keys().copied().collect()).await?;
        let rows = objects.iter().map(|it| (it.id(), object::row(call, it)));
        // An account of another sort is none of these.
        rows.filter(|(_, row)| followed.sorts().iter().any(|(_, of)| object::type_of(row) == *of)).collect()
    };
    let mut rows = Vec::new();
    for (id, change) in changed {
        let Some(row) = current.get(&id) else {
            // What is left of it to decide by.
            let gone = json!({"@odata.type": format!("#microsoft.graph.{}", change.of), "id": id});
            if shape.keeps(&gone) {
                let kind = (followed == Followed::Objects).then(|| gone.get("@odata.type").cloned()).flatten();
                let mut row = json!({"id": id, "@removed": {"reason": "deleted"}});
                if let (Value::Object(members), Some(kind)) = (&mut row, kind) {
                    members.insert("@odata.type".to_owned(), kind);
                }
                rows.push(row);
            }
            continue;
        };
        if !shape.keeps(row) {
            continue;
        }
        let mut told = Vec::new();
        if !change.members.is_empty() && shows_members(followed, shape) {
            let present: BTreeSet<Uuid> =
                members(call, followed, id).await?.iter().filter_map(|row| guid(row.get("id")?.as_str()?)).collect();
            let objects = call.engine().directory_objects(change.members.keys().copied().collect()).await?;
            let kinds: BTreeMap<Uuid, Value> =
                objects.iter().map(|it| (it.id(), json!(object::row(call, it).get("@odata.type")))).collect();
            for (member, went) in &change.members {
                let kind = kinds.get(member).cloned().unwrap_or_else(|| "#microsoft.graph.user".into());
                if present.contains(member) {
                    told.push(json!({"@odata.type": kind, "id": member}));
                } else if *went {
                    told.push(json!({"@odata.type": kind, "id": member, "@removed": {"reason": "deleted"}}));
                }
            }
            // Somebody came and is not there yet: his coming will be told.
            if told.is_empty() {
                continue;
            }
        }
        rows.push(written(call, followed, shape, row, Some(told)));
    }
    let is_last = records.len() < LOOKED_AT as usize;
    let (at, record) = records.last().map_or_else(|| state.place(), |entry| (entry.row.at, entry.row.id));
    let next = State { at: at.as_microsecond(), record, taken: now.as_microsecond(), after: None, ..state };
    let name = if is_last { "$deltatoken" } else { "$skiptoken" };
    Ok(answer(call, followed, shape, rows, (name, &next, is_last)))
}
