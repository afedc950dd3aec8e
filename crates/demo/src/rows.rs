//! The cast as rows of a store, made once and inserted in one transaction.

use std::collections::BTreeMap;

use ephor_audit::{Actor, Record, Sealed, events};
use ephor_domain::{
    administration::AdministratorRole,
    pam::{
        Role, Settings,
        group::Group,
        user::{Source, User},
    },
    principal::{Principal, PrincipalKind},
    provider::Provider,
    text::Name,
    time::window::DailyWindow,
};
use ephor_engine::port::Entropy;
use ephor_identity::password::{Cost, PasswordError, hash_password};
use ephor_store::{
    Fault, Tx,
    tx::{
        account::Account,
        administrator::Administrator,
        credential::Credential,
        eligibility::Eligibility,
        target::{Mode, Target},
    },
};
use jiff::Timestamp;

use crate::{
    apps::APPS,
    cast::{self, DOMAIN, PEOPLE, ROLES, built_in_target, everybody, outside_target, tenant},
    directory::{self, DIRECTORY_GROUPS, DirectoryGroup},
    resources,
    seed::{DEMO_MARK, Natives},
};

/// Work of a password hash: everybody knows the passwords, so nothing is gained by slow ones.
const COST: Cost = Cost { memory_kib: 1024, passes: 1, lanes: 1 };

/// Everything the demo puts into a store.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    at: Timestamp,
    targets: Vec<Target>,
    principals: Vec<Principal>,
    credentials: Vec<Credential>,
    users: Vec<User>,
    accounts: Vec<Account>,
    groups: Vec<Group>,
    administrators: Vec<Administrator>,
    records: Vec<Sealed>,
}

impl Rows {
    /// The rows as of `at`; `natives` are the names at the outside directory, if there is one.
    pub(crate) fn new(at: Timestamp, natives: Option<&Natives>, entropy: &dyn Entropy) -> Result<Self, PasswordError> {
        let mut credentials = Vec::new();
        for person in &everybody() {
            let hash = hash_password(&person.password().into(), COST, entropy)?;
            credentials.push(Credential { principal: person.id(), hash, changed: at });
        }
        let administrators = PEOPLE.iter().filter(|person| person.administrator).map(|person| Administrator {
            principal: person.id(),
            template: AdministratorRole::Global.template(),
            created: at,
            created_by: None,
        });
        let mut rows = Self {
            at,
            targets: targets(natives),
            principals: everybody().iter().map(principal).collect(),
            credentials,
            users: PEOPLE.iter().filter(|person| person.pam_user).map(user).collect(),
            accounts: natives.map(Natives::accounts).unwrap_or_default(),
            groups: groups(natives),
            administrators: administrators.chain(directory::administrators(at)).collect(),
            records: Vec::new(),
        };
        rows.records = rows.records(entropy);
        Ok(rows)
    }

    /// One record of each thing that was made: A1 holds in a demo too.
    fn records(&self, entropy: &dyn Entropy) -> Vec<Sealed> {
        let record = |event| Record::new(self.at, event, Actor::system("demo"));
        let principals = self.principals.iter().map(|principal| {
            let mut made = record(events::PRINCIPAL_CREATED).erasable_text("username", principal.username());
            made.subject = Some(principal.id.uuid());
            made
        });
        let administrators = self.administrators.iter().map(|administrator| {
            let known = AdministratorRole::from_template(administrator.template).map(AdministratorRole::word);
            let role = known.map_or_else(|| administrator.template.to_string(), str::to_owned);
            let mut made = record(events::ASSIGNMENT_ASSIGNED).detail("role", role);
            made.subject = Some(administrator.principal.uuid());
            made
        });
        let of_directory = DIRECTORY_GROUPS.iter().map(DirectoryGroup::id);
        let groups = self.groups.iter().map(|group| group.id).chain(of_directory);
        let groups = groups.map(|group| record(events::GROUP_CREATED).detail("group", group.uuid()));
        let roles = ROLES.iter().map(|role| {
            let mut made = record(events::ROLE_CREATED);
            made.entitlement_id = Some(role.id().uuid());
            made
        });
        let applications = APPS.iter().map(|app| {
            let mut made = record(events::APPLICATION_CHANGED).detail("change", "registered");
            made.subject = Some(app.id().uuid());
            made
        });
        let all = principals.chain(administrators).chain(groups).chain(roles).chain(applications);
        all.map(|record| {
            let mut salt = [0; 16];
            entropy.fill(&mut salt);
            record.seal(salt)
        })
        .collect()
    }

    /// Puts everything into the store.
    pub(crate) async fn insert(self, tx: &mut Tx) -> Result<(), Fault> {
        for target in &self.targets {
            tx.insert_target(target).await?;
        }
        for principal in &self.principals {
            tx.insert_principal(principal).await?;
        }
        for credential in &self.credentials {
            tx.put_credential(credential).await?;
        }
        for user in &self.users {
            tx.insert_user(user).await?;
        }
        for account in &self.accounts {
            tx.put_account(account).await?;
        }
        for group in &self.groups {
            tx.insert_group(group).await?;
        }
        for administrator in &self.administrators {
            tx.insert_administrator(administrator).await?;
        }
        for app in &APPS {
            app.insert(tx, self.at).await?;
        }
        for cast in &ROLES {
            insert_role(tx, cast, self.at).await?;
        }
        directory::insert(tx, self.at).await?;
        resources::insert(tx, self.at).await?;
        // Tests make hundreds of requests at once.
        tx.put_settings(&Settings { requests_per_minute: None, ..Settings::default() }).await?;
        let tenant = tenant().to_string();
        for (key, value) in [("tenant", tenant.as_str()), ("priv_domain", DOMAIN), (DEMO_MARK, "1")] {
            tx.put_meta(key, Some(value)).await?;
        }
        for record in self.records {
            tx.record(record).await?;
        }
        Ok(())
    }
}

async fn insert_role(tx: &mut Tx, cast: &cast::Role, at: Timestamp) -> Result<(), Fault> {
    tx.insert_role(&role(cast)).await?;
    for person in cast.candidates() {
        tx.insert_eligibility(&Eligibility {
            id: cast.eligibility_id(&person),
            principal: person.id(),
            entitlement: cast.id(),
            provider: Provider::Pam,
            start: at,
            end: None,
            created: at,
            created_by: None,
        })
        .await?;
    }
    for person in cast.approvers() {
        tx.insert_approver(cast.id(), person.id(), None, at).await?;
    }
    for group in cast.groups {
        tx.insert_privilege(cast.id(), group.id()).await?;
    }
    Ok(())
}

fn targets(natives: Option<&Natives>) -> Vec<Target> {
    let row = |id, name: &str, kind: &str, built_in| Target {
        id,
        name: name.to_owned(),
        kind: kind.to_owned(),
        config: "{}".to_owned(),
        secret: None,
        mode: Mode::ReportOnly,
        built_in,
        unwritable: false,
        health: None,
    };
    let built_in = row(built_in_target(), "built-in", "built-in", true);
    [built_in].into_iter().chain(natives.map(|_| row(outside_target(), "directory", "ldap", false))).collect()
}

fn principal(person: &cast::Person) -> Principal {
    Principal {
        id: person.id(),
        kind: PrincipalKind::User,
        person: person.person(),
        domain: DOMAIN.to_owned(),
        account: person.key.to_owned(),
        display_name: person.name.to_owned(),
        upn: Some(person.upn()),
        enabled: person.enabled,
    }
}

fn user(person: &cast::Person) -> User {
    User {
        id: person.id(),
        corp: None,
        source: Source {
            domain: DOMAIN.to_owned(),
            account: person.key.to_owned(),
            display_name: Some(person.name.to_owned()),
            description: None,
            email: Some(person.upn()),
            phone: Some("+1 555 0100".to_owned()),
            sid: None,
        },
        description: Some(format!("{} {}", person.name, person.part)),
        has_pin: false,
    }
}

fn groups(natives: Option<&Natives>) -> Vec<Group> {
    let mut groups = BTreeMap::new();
    for group in ROLES.iter().flat_map(|role| role.groups) {
        let (target, native, attribute) = match natives {
            Some(natives) => natives.group(group),
            None => (built_in_target(), group.account.to_owned(), "member".to_owned()),
        };
        let row = Group {
            id: group.id(),
            target,
            native,
            attribute,
            source_domain: DOMAIN.to_owned(),
            source_account: group.account.to_owned(),
            source_sid: None,
            priv_account: group.account.to_owned(),
            display_name: group.name.to_owned(),
            description: None,
            active: true,
            priv_only: true,
        };
        groups.insert(group.account, row);
    }
    groups.into_values().collect()
}

fn role(role: &cast::Role) -> Role {
    Role {
        id: role.id(),
        name: Name::parse(role.name).expect("the cast has proper names"),
        description: Some(role.description.to_owned()),
        ttl: role.ttl,
        window: role.window.and_then(|(from, to)| DailyWindow::new(from, to)),
        window_enabled: role.window.is_some(),
        mfa: role.mfa,
        approval: role.approval,
        owner_needs_approval: true,
    }
}
