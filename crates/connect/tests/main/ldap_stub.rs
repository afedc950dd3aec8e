//! A domain controller of our own making that ends memberships by itself, because none that we can run does: it speaks
//! just enough LDAP, keeps one group and two accounts, and writes down what it is told.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use ldap3::asn1::{
    ASNTag, Enumerated, Integer, OctetString, PL, Sequence, Set, StructureTag, Tag, TagClass, parse_tag, write,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) const BASE: &str = "DC=stub,DC=test";
pub(crate) const GROUP: &str = "CN=jit,CN=Users,DC=stub,DC=test";
const LINK_TTL: &str = "1.2.840.113556.1.4.2309";

/// How it takes a time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Keeps,
    Refuses,
    Forgets,
    SaysYesAndDoesNothing,
}

/// What it is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) lists_control: bool,
    pub(crate) forest_level: &'static str,
    pub(crate) feature_enabled: bool,
    pub(crate) manner: Manner,
}

impl Default for Kind {
    fn default() -> Self {
        Self { lists_control: true, forest_level: "7", feature_enabled: true, manner: Manner::Keeps }
    }
}

/// One modify: what was added and deleted, and the controls with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modify {
    pub(crate) added: Vec<String>,
    pub(crate) deleted: Vec<String>,
    pub(crate) controls: Vec<String>,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<(String, Option<Instant>)>,
    modifies: Vec<Modify>,
}

/// The running stub. Stops on drop.
pub(crate) struct Stub {
    port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    pub(crate) async fn start(kind: Kind) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = socket.accept().await {
                open.spawn(serve(stream, kind, Arc::clone(&shared)));
            }
        });
        Self { port, state, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Every modify so far.
    pub(crate) fn modifies(&self) -> Vec<Modify> {
        self.state.lock().unwrap().modifies.clone()
    }

    /// Members with what they have left.
    pub(crate) fn members(&self) -> Vec<(String, Option<Duration>)> {
        let now = Instant::now();
        let state = self.state.lock().unwrap();
        let alive = state.members.iter().filter(|(_, end)| end.is_none_or(|end| end > now));
        alive.map(|(name, end)| (name.clone(), end.map(|end| end - now))).collect()
    }
}

pub(crate) fn account(name: &str) -> String {
    format!("CN={name},CN=Users,{BASE}")
}

async fn serve(mut stream: TcpStream, kind: Kind, state: Arc<Mutex<State>>) {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        bytes.extend_from_slice(piece.get(..read).unwrap());
        while let Some((taken, message)) = whole(&bytes) {
            bytes.drain(..taken);
            for answer in answer(message, kind, &state) {
                let mut out = bytes::BytesMut::new();
                write::encode_into(&mut out, answer.into_structure()).unwrap();
                if stream.write_all(&out).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn whole(bytes: &[u8]) -> Option<(usize, StructureTag)> {
    let (rest, message) = parse_tag(bytes).ok()?;
    Some((bytes.len() - rest.len(), message))
}

fn parts(tag: StructureTag) -> Vec<StructureTag> {
    match tag.payload {
        PL::C(parts) => parts,
        PL::P(_) => Vec::new(),
    }
}

fn raw(tag: &StructureTag) -> Vec<u8> {
    match &tag.payload {
        PL::P(bytes) => bytes.clone(),
        PL::C(_) => Vec::new(),
    }
}

fn text(tag: &StructureTag) -> String {
    String::from_utf8_lossy(&raw(tag)).into_owned()
}

fn answer(message: StructureTag, kind: Kind, state: &Mutex<State>) -> Vec<Tag> {
    let mut message = parts(message).into_iter();
    let id = raw(&message.next().unwrap()).iter().fold(0_i64, |id, byte| id << 8 | i64::from(*byte));
    let operation = message.next().unwrap();
    let controls: Vec<String> =
        message.next().map(parts).unwrap_or_default().into_iter().map(|control| text(&parts(control)[0])).collect();
    let number = operation.id;
    let fields = parts(operation);
    match number {
        0 => vec![result(id, 1, 0)],
        3 => {
            let mut answers: Vec<Tag> =
                search(&fields, &controls, kind, state).into_iter().map(|e| wrapped(id, e)).collect();
            answers.push(result(id, 5, 0));
            answers
        }
        6 => vec![result(id, 7, modify(fields, controls, kind, state))],
        _ => Vec::new(),
    }
}

fn search(fields: &[StructureTag], controls: &[String], kind: Kind, state: &Mutex<State>) -> Vec<Tag> {
    let base = text(&fields[0]);
    let asked: Vec<String> = parts(fields[7].clone()).iter().map(text).collect();
    let asks = |name: &str| asked.iter().any(|asked| asked.starts_with(name));
    let plain = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
    if base.is_empty() {
        let control: &[&str] = if kind.lists_control { &[LINK_TTL] } else { &[] };
        return vec![entry(
            "",
            vec![
                ("defaultNamingContext", plain(&[BASE])),
                ("configurationNamingContext", plain(&[&format!("CN=Configuration,{BASE}")])),
                ("supportedControl", plain(control)),
                ("forestFunctionality", plain(&[kind.forest_level])),
                ("domainFunctionality", plain(&["7"])),
            ],
        )];
    }
    if base.starts_with("CN=Optional Features") {
        let on: &[&str] = if kind.feature_enabled { &["CN=Partitions,CN=Configuration"] } else { &[] };
        return vec![entry("CN=Privileged Access Management Feature", vec![("msDS-EnabledFeatureBL", plain(on))])];
    }
    if base.starts_with("CN=Partitions") || asks("objectCategory") {
        return Vec::new();
    }
    if base == BASE {
        let people = ["alice", "bob"].into_iter().zip(1_u8..);
        return people.map(|(name, number)| person(name, number)).collect();
    }
    let now = Instant::now();
    let state = state.lock().unwrap();
    let alive = state.members.iter().filter(|(_, end)| end.is_none_or(|end| end > now));
    let members = alive.map(|(name, end)| match end {
        Some(end) if controls.iter().any(|control| control == LINK_TTL) => {
            format!("<TTL={},{name}>", (*end - now).as_secs()).into_bytes()
        }
        _ => name.clone().into_bytes(),
    });
    let members: Vec<Vec<u8>> = members.collect();
    if asks("allowedAttributesEffective") {
        return vec![entry(GROUP, vec![("allowedAttributesEffective", plain(&["member"]))])];
    }
    if asks("member") {
        return vec![entry(GROUP, vec![("member", members)])];
    }
    if asks("1.1") {
        // Is this one a member?
        let value = parts(fields[6].clone()).get(1).map(text).unwrap_or_default();
        let holds = members.iter().any(|member| *member == value.as_bytes());
        return if holds { vec![entry(GROUP, Vec::new())] } else { Vec::new() };
    }
    vec![entry(
        GROUP,
        vec![("objectGUID", vec![vec![9; 16]]), ("objectSid", vec![sid(1200)]), ("groupType", plain(&["-2147483646"]))],
    )]
}

fn person(name: &str, number: u8) -> Tag {
    let guid = vec![number; 16];
    let values = vec![
        ("objectGUID", vec![guid]),
        ("objectSid", vec![sid(1100 + u32::from(number))]),
        ("primaryGroupID", vec![b"513".to_vec()]),
        ("sAMAccountName", vec![name.as_bytes().to_vec()]),
    ];
    entry(&account(name), values)
}

fn sid(relative: u32) -> Vec<u8> {
    let mut sid = vec![1, 5, 0, 0, 0, 0, 0, 5];
    for part in [21, 1, 2, 3, relative] {
        sid.extend_from_slice(&u32::to_le_bytes(part));
    }
    sid
}

fn modify(fields: Vec<StructureTag>, controls: Vec<String>, kind: Kind, state: &Mutex<State>) -> i64 {
    let (mut added, mut deleted) = (Vec::new(), Vec::new());
    for change in parts(fields[1].clone()) {
        let change = parts(change);
        let values: Vec<String> = parts(parts(change[1].clone())[1].clone()).iter().map(text).collect();
        if raw(&change[0]) == [0] { added.extend(values) } else { deleted.extend(values) }
    }
    let mut state = state.lock().unwrap();
    // The self-test: two accounts by their identifiers, the second of which is not there.
    if deleted.iter().any(|name| name.starts_with("<SID=")) {
        return 16;
    }
    state.modifies.push(Modify { added: added.clone(), deleted: deleted.clone(), controls });
    let now = Instant::now();
    state.members.retain(|(_, end)| end.is_none_or(|end| end > now));
    for name in &deleted {
        if !state.members.iter().any(|(member, _)| member == name) {
            return 16;
        }
    }
    let mut members = state.members.clone();
    members.retain(|(member, _)| !deleted.contains(member));
    for value in &added {
        let ends = value.strip_prefix("<TTL=").and_then(|rest| rest.strip_suffix('>')?.split_once(','));
        let (name, end) = match ends {
            Some((seconds, name)) => (name, Some(now + Duration::from_secs(seconds.parse().unwrap()))),
            None => (value.as_str(), None),
        };
        match (end, kind.manner) {
            (Some(_), Manner::Refuses) => return 34,
            (Some(_), Manner::SaysYesAndDoesNothing) => continue,
            _ if members.iter().any(|(member, _)| member == name) => return 20,
            (Some(_), Manner::Forgets) => members.push((name.to_owned(), None)),
            (end, _) => members.push((name.to_owned(), end)),
        }
    }
    state.members = members;
    0
}

fn octets(bytes: &[u8]) -> Tag {
    Tag::OctetString(OctetString { inner: bytes.to_vec(), ..OctetString::default() })
}

fn entry(dn: &str, attributes: Vec<(&str, Vec<Vec<u8>>)>) -> Tag {
    let attributes = attributes.into_iter().filter(|(_, values)| !values.is_empty()).map(|(name, values)| {
        let values = values.iter().map(|value| octets(value)).collect();
        let set = Tag::Set(Set { inner: values, ..Set::default() });
        Tag::Sequence(Sequence { inner: vec![octets(name.as_bytes()), set], ..Sequence::default() })
    });
    let attributes = Tag::Sequence(Sequence { inner: attributes.collect(), ..Sequence::default() });
    Tag::Sequence(Sequence { id: 4, class: TagClass::Application, inner: vec![octets(dn.as_bytes()), attributes] })
}

fn result(id: i64, number: u64, code: i64) -> Tag {
    let code = Tag::Enumerated(Enumerated { inner: code, ..Enumerated::default() });
    let inner = vec![code, octets(b""), octets(b"")];
    wrapped(id, Tag::Sequence(Sequence { id: number, class: TagClass::Application, inner }))
}

fn wrapped(id: i64, operation: Tag) -> Tag {
    let id = Tag::Integer(Integer { inner: id, ..Integer::default() });
    Tag::Sequence(Sequence { inner: vec![id, operation], ..Sequence::default() })
}
