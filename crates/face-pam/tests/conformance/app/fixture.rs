//! The people, roles and groups of the conformance checklist.

use std::sync::Arc;

use ephor_domain::{
    administration::AdministratorRole,
    id::{EligibilityId, EntitlementId, GroupId, PersonId, PrincipalId, TargetId},
    pam::{
        Role,
        group::Group,
        user::{Source, User},
    },
    principal::{Principal, PrincipalKind},
    provider::Provider,
    text::Name,
    time::window::DailyWindow,
};
use ephor_engine::port::SeededEntropy;
use ephor_identity::password::{Cost, hash_password};
use ephor_store::{
    Fault, Store, Tx,
    tx::{
        account::Account,
        administrator::Administrator,
        credential::Credential,
        eligibility::Eligibility,
        target::{Mode, Target},
    },
};
use jiff::{Timestamp, civil::time};
use uuid::Uuid;

use super::{Setup, identity::PASSWORD};

const NAMESPACE: Uuid = Uuid::from_u128(0x6570_686f_7220_7061_6d20_7465_7374_7321);

/// Everybody: name, account, is a PAM user, enabled.
pub(crate) const USERS: [(&str, &str, bool, bool); 6] = [
    ("jen", "PRIV.Jen", true, true),
    ("pat", "PRIV.Pat", true, true),
    ("sam", "PRIV.Sam", true, true),
    ("ada", "PRIV.Ada", true, true),
    ("eve", "Eve", false, true),
    ("off", "PRIV.Off", true, false),
];

/// A role of the fixture.
pub(crate) struct RoleRow {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) approval: bool,
    pub(crate) mfa: bool,
    pub(crate) window: bool,
    pub(crate) candidates: &'static [&'static str],
    pub(crate) approvers: &'static [&'static str],
    /// Groups by key; `shared` belongs to two roles.
    pub(crate) groups: &'static [&'static str],
}

/// The roles, by display name. Nobody is a candidate of R9; R2 and R3 have the approvers of R1.
pub(crate) const ROLES: [RoleRow; 6] = [
    role("R0", "Allow AD Access ", false, false, false, &["jen", "off"], &[], &["g0", "shared"]),
    role("R1", "ApprovalRole", true, false, false, &["jen", "sam"], &["pat", "sam"], &["g1", "shared"]),
    role("R9", "Hidden", false, false, false, &[], &[], &["g9"]),
    role("R2", "mailbox keeper", false, true, false, &["jen"], &[], &["g2"]),
    role("R4", "Office hours", false, false, true, &["jen"], &[], &["g4"]),
    role("R3", "SQL File Access", true, true, false, &["jen"], &["pat", "sam"], &["g3"]),
];

#[expect(clippy::too_many_arguments, reason = "one line a role")]
const fn role(
    key: &'static str,
    name: &'static str,
    approval: bool,
    mfa: bool,
    window: bool,
    candidates: &'static [&'static str],
    approvers: &'static [&'static str],
    groups: &'static [&'static str],
) -> RoleRow {
    RoleRow { key, name, approval, mfa, window, candidates, approvers, groups }
}

/// The ids of the fixture; the same on every run.
#[derive(Debug, Clone)]
pub(crate) struct Fixture {
    pub(crate) built_in_target: TargetId,
    pub(crate) outside_target: TargetId,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            built_in_target: TargetId::derived(NAMESPACE, "target built-in"),
            outside_target: TargetId::derived(NAMESPACE, "target outside"),
        }
    }
}

impl Fixture {
    pub(crate) fn role(&self, key: &str) -> EntitlementId {
        EntitlementId::derived(NAMESPACE, &format!("role {key}"))
    }

    pub(crate) fn user(&self, name: &str) -> PrincipalId {
        PrincipalId::derived(NAMESPACE, &format!("user {name}"))
    }

    pub(crate) fn group(&self, key: &str) -> GroupId {
        GroupId::derived(NAMESPACE, &format!("group {key}"))
    }

    pub(crate) fn groups_of(&self, key: &str) -> Vec<GroupId> {
        let role = ROLES.iter().find(|role| role.key == key).expect("a role of the fixture");
        role.groups.iter().map(|group| self.group(group)).collect()
    }

    pub(crate) fn principals(&self) -> impl Iterator<Item = (&'static str, Principal)> {
        USERS.into_iter().map(|(name, account, _, enabled)| {
            let principal = Principal {
                id: self.user(name),
                kind: PrincipalKind::User,
                person: PersonId::derived(NAMESPACE, &format!("person {name}")),
                domain: "PRIV".to_owned(),
                account: account.to_owned(),
                display_name: format!("contoso.{name}"),
                upn: Some(format!("{name}@priv.test")),
                enabled,
            };
            (name, principal)
        })
    }

    pub(crate) async fn seed(&self, store: &Store, setup: &Setup) {
        let (fixture, setup) = (Arc::new(self.clone()), setup.clone());
        store
            .transact(move |tx| {
                let (fixture, setup) = (fixture.clone(), setup.clone());
                Box::pin(async move { fixture.write(tx, &setup).await })
            })
            .await
            .unwrap();
    }

    async fn write(&self, tx: &mut Tx, setup: &Setup) -> Result<(), Fault> {
        let mut settings = tx.settings().await?;
        setup.zone.clone_into(&mut settings.time_zone);
        settings.requests_per_minute = None;
        tx.put_settings(&settings).await?;
        self.write_targets(tx).await?;
        for (name, principal) in self.principals() {
            tx.insert_principal(&principal).await?;
            let hash = hash_password(&PASSWORD.into(), Cost::LEAST, &SeededEntropy::new(7)).expect("a fair password");
            tx.put_credential(&Credential { principal: principal.id, hash, changed: setup.start }).await?;
            if USERS.iter().any(|(user, _, is_pam_user, _)| *user == name && *is_pam_user) {
                tx.insert_user(&user(name, &principal)).await?;
            }
            let (native, login) = (format!("uid={name}"), name.to_owned());
            tx.put_account(&Account { principal: principal.id, target: self.outside_target, native, login }).await?;
        }
        tx.insert_administrator(&Administrator {
            principal: self.user("ada"),
            template: AdministratorRole::Global.template(),
            created: setup.start,
            created_by: None,
        })
        .await?;
        for row in &ROLES {
            self.write_role(tx, row, setup).await?;
        }
        Ok(())
    }

    async fn write_targets(&self, tx: &mut Tx) -> Result<(), Fault> {
        for (id, name, built_in) in [(self.built_in_target, "built-in", true), (self.outside_target, "outside", false)]
        {
            let target = Target {
                id,
                name: name.to_owned(),
                kind: if built_in { "built-in" } else { "ldap" }.to_owned(),
                config: "{}".to_owned(),
                secret: None,
                mode: Mode::ReportOnly,
                built_in,
                unwritable: false,
                health: None,
            };
            tx.insert_target(&target).await?;
        }
        Ok(())
    }

    async fn write_role(&self, tx: &mut Tx, row: &RoleRow, setup: &Setup) -> Result<(), Fault> {
        let window = DailyWindow::new(time(8, 0, 0, 0), time(17, 0, 0, 0));
        let role = Role {
            id: self.role(row.key),
            name: Name::parse(row.name).expect("a name of the fixture"),
            description: (row.key == "R4").then(|| "Between eight and five".to_owned()),
            ttl: 3600,
            window: window.filter(|_| row.window),
            window_enabled: row.window,
            mfa: row.mfa,
            approval: row.approval,
            owner_needs_approval: true,
        };
        tx.insert_role(&role).await?;
        for name in row.candidates {
            tx.insert_eligibility(&self.eligibility(row.key, name, setup.start)).await?;
        }
        for name in row.approvers {
            tx.insert_approver(role.id, self.user(name), None, setup.start).await?;
        }
        for key in row.groups {
            let group = self.group_row(key, setup);
            if tx.group(group.id).await?.is_none() {
                tx.insert_group(&group).await?;
            }
            tx.insert_privilege(role.id, group.id).await?;
        }
        Ok(())
    }

    pub(crate) fn eligibility(&self, role: &str, name: &str, start: Timestamp) -> Eligibility {
        Eligibility {
            id: EligibilityId::derived(NAMESPACE, &format!("eligibility {role} {name}")),
            principal: self.user(name),
            entitlement: self.role(role),
            provider: Provider::Pam,
            start,
            end: None,
            created: start,
            created_by: None,
        }
    }

    fn group_row(&self, key: &str, setup: &Setup) -> Group {
        Group {
            id: self.group(key),
            target: if setup.outside { self.outside_target } else { self.built_in_target },
            native: format!("cn={key}"),
            attribute: "member".to_owned(),
            source_domain: "CORP".to_owned(),
            source_account: key.to_owned(),
            source_sid: None,
            priv_account: format!("contoso.{key}"),
            display_name: format!("contoso.{key}"),
            description: None,
            active: true,
            priv_only: false,
        }
    }
}

fn user(name: &str, principal: &Principal) -> User {
    User {
        id: principal.id,
        corp: None,
        source: Source {
            domain: "CORP".to_owned(),
            account: name.to_owned(),
            phone: Some("+1 555 0100".to_owned()),
            ..Source::default()
        },
        description: None,
        has_pin: false,
    }
}
