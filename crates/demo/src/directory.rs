//! The directory of the demo: people with and without directory roles, groups of every sort. Keys are those of the Graph
//! checklist.

use ephor_domain::{
    administration::AdministratorRole,
    directory::{GroupFacts, RoleDefinition, RolePermission, UserFacts, reader},
    id::{GroupId, Id},
    pam::group::Group as AccessGroup,
    principal::{Principal, PrincipalKind},
};
use ephor_store::{
    Fault, Tx,
    tx::{administrative_unit::AdministrativeUnit, administrator::Administrator},
};
use jiff::Timestamp;
use uuid::{Uuid, uuid};

use crate::cast::{DOMAIN, NAMESPACE, Person, built_in_target};

const PERSON: Person = Person { key: "", name: "", part: "", pam_user: false, enabled: true, administrator: false };

/// Everybody of the Graph checklist.
pub const DIRECTORY_PEOPLE: [Person; 8] = [
    Person { key: "pra", name: "Petra Arnold", part: "administers directory roles", ..PERSON },
    Person { key: "ga", name: "Gus Adler", part: "administers the tenant", ..PERSON },
    Person { key: "gr", name: "Greta Reed", part: "reads everything", ..PERSON },
    Person { key: "alice", name: "Alice Archer", part: "is eligible", ..PERSON },
    Person { key: "alice2", name: "Alicia Aldous", part: "is eligible through a group", ..PERSON },
    Person { key: "bob", name: "Bob Brown", part: "approves, and leads alice", ..PERSON },
    Person { key: "carol", name: "Carol O'Brien", part: "has nothing", ..PERSON },
    Person { key: "dave", name: "Dave Dunn", part: "owns a group", ..PERSON },
];

/// Directory roles that somebody holds for good.
const HELD: [(&str, Uuid); 3] = [
    ("pra", reader::PRIVILEGED_ROLE_ADMINISTRATOR),
    ("ga", AdministratorRole::Global.template()),
    ("gr", reader::GLOBAL_READER),
];

/// Directory roles by key: two built-in ones, and one of the demo's own.
pub(crate) fn roles() -> [(&'static str, Uuid); 3] {
    [
        ("UA", uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1")),
        ("HD", uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8")),
        ("CR", Uuid::new_v5(&NAMESPACE, b"role-definition/CR")),
    ]
}

/// A group of the directory.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryGroup {
    /// Key in the facts.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    nickname: &'static str,
    role_assignable: bool,
    rule: Option<&'static str>,
    synchronised: bool,
    members: &'static [&'static str],
    owners: &'static [&'static str],
}

const GROUP: DirectoryGroup = DirectoryGroup {
    key: "",
    name: "",
    nickname: "",
    role_assignable: false,
    rule: None,
    synchronised: false,
    members: &[],
    owners: &[],
};

/// Every group of the Graph checklist.
pub const DIRECTORY_GROUPS: [DirectoryGroup; 5] = [
    DirectoryGroup { key: "G", name: "Project Falcon", nickname: "falcon", owners: &["dave"], ..GROUP },
    DirectoryGroup {
        key: "RG",
        name: "Role holders",
        nickname: "role-holders",
        role_assignable: true,
        members: &["alice2"],
        ..GROUP
    },
    DirectoryGroup {
        key: "DYN",
        name: "All of engineering",
        nickname: "engineering",
        rule: Some("(user.department -eq \"Engineering\")"),
        ..GROUP
    },
    DirectoryGroup { key: "SYN", name: "From headquarters", nickname: "headquarters", synchronised: true, ..GROUP },
    DirectoryGroup { key: "devs", name: "Developers", nickname: "devs", members: &["bob"], ..GROUP },
];

impl DirectoryGroup {
    /// Id of the group.
    #[must_use]
    pub fn id(&self) -> GroupId {
        Id::derived(NAMESPACE, &format!("directory-group/{}", self.key))
    }

    fn row(&self) -> AccessGroup {
        AccessGroup {
            id: self.id(),
            target: built_in_target(),
            native: self.id().to_string(),
            attribute: "member".to_owned(),
            source_domain: DOMAIN.to_owned(),
            source_account: self.nickname.to_owned(),
            source_sid: None,
            priv_account: self.nickname.to_owned(),
            display_name: self.name.to_owned(),
            description: None,
            active: true,
            priv_only: true,
        }
    }

    /// The group as something that can be a member or hold a role itself.
    fn principal(&self) -> Principal {
        Principal {
            id: Id::new(self.id().uuid()),
            kind: PrincipalKind::Group,
            person: Id::derived(NAMESPACE, &format!("person/group/{}", self.key)),
            domain: "group".to_owned(),
            account: self.id().to_string(),
            display_name: self.name.to_owned(),
            upn: None,
            enabled: true,
        }
    }

    fn facts(&self, at: Timestamp) -> GroupFacts {
        GroupFacts {
            mail_nickname: Some(self.nickname.to_owned()),
            role_assignable: self.role_assignable,
            rule: self.rule.map(str::to_owned),
            synchronised: self.synchronised,
            created: Some(at),
            ..GroupFacts::default()
        }
    }
}

fn person(key: &str) -> Option<Person> {
    DIRECTORY_PEOPLE.into_iter().find(|person| person.key == key)
}

/// What the directory knows of a person.
fn facts(person: &Person, at: Timestamp) -> UserFacts {
    let (first, last) = person.name.split_once(' ').unwrap_or((person.name, ""));
    UserFacts {
        mail: Some(person.upn()),
        given_name: Some(first.to_owned()),
        surname: Some(last.to_owned()),
        manager: (person.key == "alice").then(|| self::person("bob").map(|bob| bob.id())).flatten(),
        created: Some(at),
        ..UserFacts::default()
    }
}

/// Who is in the one administrative unit.
const UNIT: [&str; 1] = ["gr"];

/// The one administrative unit: `au1`.
#[must_use]
pub fn administrative_unit() -> AdministrativeUnit {
    AdministrativeUnit {
        id: Id::<()>::derived(NAMESPACE, "administrative-unit/au1").uuid(),
        name: "Western branch".to_owned(),
        description: Some("People west of the river".to_owned()),
        visibility: None,
    }
}

/// Who holds what from the start.
pub(crate) fn administrators(at: Timestamp) -> Vec<Administrator> {
    let held = HELD.iter().filter_map(|(key, template)| Some((person(key)?, *template)));
    held.map(|(person, template)| Administrator { principal: person.id(), template, created: at, created_by: None })
        .collect()
}

/// Puts what goes beyond accounts into the store: facts of people, groups with members and owners, a role of one's own.
pub(crate) async fn insert(tx: &mut Tx, at: Timestamp) -> Result<(), Fault> {
    for person in &DIRECTORY_PEOPLE {
        tx.put_directory_user(person.id(), &facts(person, at)).await?;
    }
    for group in &DIRECTORY_GROUPS {
        tx.insert_group(&group.row()).await?;
        tx.insert_principal(&group.principal()).await?;
        tx.put_directory_group(group.id(), &group.facts(at)).await?;
        for member in group.members.iter().filter_map(|key| person(key)) {
            tx.add_standing_member(group.id(), member.id(), None, jiff::Timestamp::UNIX_EPOCH).await?;
        }
        for owner in group.owners.iter().filter_map(|key| person(key)) {
            tx.put_group_owner(group.id(), owner.id(), true).await?;
        }
    }
    tx.put_administrative_unit(&administrative_unit()).await?;
    for member in UNIT.iter().filter_map(|key| person(key)) {
        tx.put_administrative_unit_member(administrative_unit().id, member.id().uuid(), true).await?;
    }
    for (key, id) in roles() {
        if key != "CR" {
            continue;
        }
        let role = RoleDefinition {
            id,
            template: id,
            name: "Application Registrar".to_owned(),
            description: Some("Registers applications".to_owned()),
            built_in: false,
            enabled: true,
            privileged: false,
            version: None,
            permissions: vec![RolePermission {
                allowed_resource_actions: vec!["microsoft.directory/applications/create".to_owned()],
                ..RolePermission::default()
            }],
        };
        tx.insert_role_definition(&role, at).await?;
    }
    Ok(())
}
