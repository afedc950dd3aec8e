//! Puts people, groups and roles into the store, as administrators would have.

use ephor_domain::administration::AdministratorRole;
use ephor_domain::id::{PrincipalId, TargetId};
use ephor_domain::pam::group::Group;
use ephor_domain::pam::user::{Source, User};
use ephor_domain::pam::{self, Settings};
use ephor_domain::principal::{Principal, PrincipalKind};
use ephor_domain::provider::Provider;
use ephor_domain::text::Name;
use ephor_domain::time::window::DailyWindow;
use ephor_store::tx::account::Account;
use ephor_store::tx::administrator::Administrator;
use ephor_store::tx::eligibility::Eligibility;
use ephor_store::tx::target::{Mode, Target};
use ephor_store::{Fault, Tx};
use futures_util::future::BoxFuture;
use jiff::civil::Time;

use super::{World, account_native, group_native, id};

/// The directory inside the store.
pub const BUILT_IN: &str = "built-in";

/// A role to be.
#[derive(Debug, Clone)]
pub struct Role {
    role: pam::Role,
    gives: Vec<String>,
    candidates: Vec<String>,
    approvers: Vec<String>,
}

impl Role {
    /// A role of one hour without gates.
    ///
    /// # Panics
    /// When the name is none.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let role = pam::Role {
            id: id(name),
            name: Name::parse(name).expect("a name"),
            description: None,
            ttl: 3600,
            window: None,
            window_enabled: false,
            mfa: false,
            approval: false,
            owner_needs_approval: true,
        };
        Self { role, gives: Vec::new(), candidates: Vec::new(), approvers: Vec::new() }
    }

    /// Gives membership of these groups.
    #[must_use]
    pub fn gives(mut self, groups: &[&str]) -> Self {
        self.gives = owned(groups);
        self
    }

    /// These may ask.
    #[must_use]
    pub fn candidates(mut self, names: &[&str]) -> Self {
        self.candidates = owned(names);
        self
    }

    /// One of these must approve.
    #[must_use]
    pub fn approvers(mut self, names: &[&str]) -> Self {
        self.approvers = owned(names);
        self.role.approval = true;
        self
    }

    /// Lasts at most so many seconds.
    #[must_use]
    pub fn ttl(mut self, seconds: u64) -> Self {
        self.role.ttl = seconds;
        self
    }

    /// Asks for a proof of presence.
    #[must_use]
    pub fn mfa(mut self) -> Self {
        self.role.mfa = true;
        self
    }

    /// Exempts approvers who ask from approval.
    #[must_use]
    pub fn exempts_owners(mut self) -> Self {
        self.role.owner_needs_approval = false;
        self
    }

    /// Starts between these hours of the day only.
    ///
    /// # Panics
    /// When the second is not later.
    #[must_use]
    pub fn window(mut self, from: i8, to: i8) -> Self {
        let hour = |hour| Time::new(hour, 0, 0, 0).expect("an hour");
        self.role.window = Some(DailyWindow::new(hour(from), hour(to)).expect("a window"));
        self.role.window_enabled = true;
        self
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl World {
    /// Changes the store behind the engine's back.
    ///
    /// # Panics
    /// When the store refuses.
    pub async fn change<T: Send + 'static>(
        &self,
        command: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Fault>> + Send + Sync + 'static,
    ) -> T {
        self.store.transact(command).await.expect("a store that takes the change")
    }

    pub(super) async fn seed_targets(&self) {
        let mut targets: Vec<Target> = self.target_ids().map(|(name, id)| target(name, id, "ldap", false)).collect();
        targets.push(target(BUILT_IN, id(BUILT_IN), "built-in", true));
        for target in targets {
            let known = self.store.read(|tx| Box::pin(tx.targets())).await.expect("targets");
            // The migrations may bring the built-in one.
            if !known.iter().any(|known| known.name == target.name) {
                self.add_target(target).await;
            }
        }
    }

    /// Adds a target row.
    pub async fn add_target(&self, target: Target) {
        self.change(move |tx| {
            let target = target.clone();
            Box::pin(async move { tx.insert_target(&target).await })
        })
        .await;
    }

    /// What is done about foreign changes at a target.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn mode(&self, name: &str, mode: Mode) {
        let id: TargetId = id(name);
        self.change(move |tx| {
            Box::pin(async move {
                let mut target = tx.target(id).await?.expect("the target");
                target.mode = mode;
                tx.update_target(&target).await
            })
        })
        .await;
    }

    /// PAM users with an account at every target, each a person of its own.
    pub async fn people(&self, names: &[&str]) {
        let people: Vec<_> = names.iter().map(|name| principal(name, name)).collect();
        self.add_people(people).await;
    }

    /// One more account of somebody: a PAM user of its own, of the same person.
    pub async fn alias(&self, name: &str, of: &str) {
        self.add_people(vec![principal(name, of)]).await;
    }

    async fn add_people(&self, people: Vec<Principal>) {
        let targets: Vec<TargetId> = self.target_ids().map(|(_, id)| id).collect();
        self.change(move |tx| {
            let (people, targets) = (people.clone(), targets.clone());
            Box::pin(async move {
                for person in &people {
                    tx.insert_principal(person).await?;
                    let user = User {
                        id: person.id,
                        corp: None,
                        source: Source::default(),
                        description: None,
                        has_pin: false,
                    };
                    tx.insert_user(&user).await?;
                    for target in &targets {
                        let (native, login) = (account_native(&person.account), person.account.clone());
                        tx.put_account(&Account { principal: person.id, target: *target, native, login }).await?;
                    }
                }
                Ok(())
            })
        })
        .await;
    }

    /// A group of a target, or of the built-in directory.
    pub async fn group(&self, name: &str, target: &str) {
        let group = group(name, id(target));
        self.change(move |tx| {
            let group = group.clone();
            Box::pin(async move { tx.insert_group(&group).await })
        })
        .await;
    }

    /// A role.
    pub async fn role(&self, role: Role) {
        let now = self.now();
        self.change(move |tx| {
            let role = role.clone();
            Box::pin(async move {
                tx.insert_role(&role.role).await?;
                for group in &role.gives {
                    tx.insert_privilege(role.role.id, id(group)).await?;
                }
                for candidate in &role.candidates {
                    tx.insert_eligibility(&eligibility(candidate, &role, now)).await?;
                }
                for approver in &role.approvers {
                    tx.insert_approver(role.role.id, id(approver), None, now).await?;
                }
                Ok(())
            })
        })
        .await;
    }

    /// Changes the policy of a role.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn policy(&self, role: &str, change: impl Fn(&mut pam::Role) + Send + Sync + Clone + 'static) {
        let id = id(role);
        self.change(move |tx| {
            let change = change.clone();
            Box::pin(async move {
                let mut role = tx.role(id).await?.expect("the role");
                change(&mut role);
                tx.update_role(&role).await
            })
        })
        .await;
    }

    /// Changes the settings.
    pub async fn settings(&self, change: impl Fn(&mut Settings) + Send + Sync + Clone + 'static) {
        self.change(move |tx| {
            let change = change.clone();
            Box::pin(async move {
                let mut settings = tx.settings().await?;
                change(&mut settings);
                tx.put_settings(&settings).await
            })
        })
        .await;
    }

    /// Enables or disables an account.
    ///
    /// # Panics
    /// When there is none of that name.
    pub async fn enabled(&self, name: &str, enabled: bool) {
        let id: PrincipalId = id(name);
        self.change(move |tx| {
            Box::pin(async move {
                let mut principal = tx.principal(id).await?.expect("the account");
                principal.enabled = enabled;
                tx.update_principal(&principal).await
            })
        })
        .await;
    }

    /// Makes somebody the administrator of everything.
    pub async fn administrator(&self, name: &str) {
        let (principal, template, created) = (id(name), AdministratorRole::Global.template(), self.now());
        let administrator = Administrator { principal, template, created, created_by: None };
        self.change(move |tx| {
            let administrator = administrator.clone();
            Box::pin(async move { tx.insert_administrator(&administrator).await })
        })
        .await;
    }

    /// Makes somebody a candidate of a role, or ends that.
    pub async fn candidate(&self, name: &str, role: &str, is_one: bool) {
        let (role, name, now) = (Role::new(role), name.to_owned(), self.now());
        self.change(move |tx| {
            let (role, name) = (role.clone(), name.clone());
            Box::pin(async move {
                if is_one {
                    tx.insert_eligibility(&eligibility(&name, &role, now)).await
                } else {
                    tx.delete_eligibility(id(&name), role.role.id).await.map(drop)
                }
            })
        })
        .await;
    }

    /// Makes somebody an approver of a role, named by a person, or ends that.
    pub async fn approver(&self, name: &str, role: &str, named_by: Option<&str>, is_one: bool) {
        let (role, name, by, now) = (id(role), id(name), named_by.map(id), self.now());
        self.change(move |tx| {
            Box::pin(async move {
                if is_one {
                    tx.insert_approver(role, name, by, now).await
                } else {
                    tx.delete_approver(role, name).await.map(drop)
                }
            })
        })
        .await;
    }
}

fn target(name: &str, id: TargetId, kind: &str, built_in: bool) -> Target {
    Target {
        id,
        name: name.to_owned(),
        kind: kind.to_owned(),
        config: "{}".to_owned(),
        secret: None,
        mode: Mode::ReportOnly,
        built_in,
        unwritable: false,
        health: None,
    }
}

fn principal(name: &str, person: &str) -> Principal {
    Principal {
        id: id(name),
        kind: PrincipalKind::User,
        person: id(person),
        domain: "PRIV".to_owned(),
        account: name.to_owned(),
        display_name: name.to_owned(),
        upn: None,
        enabled: true,
    }
}

fn group(name: &str, target: TargetId) -> Group {
    Group {
        id: id(name),
        target,
        native: group_native(name),
        attribute: "member".to_owned(),
        source_domain: "CORP".to_owned(),
        source_account: name.to_owned(),
        source_sid: None,
        priv_account: name.to_owned(),
        display_name: name.to_owned(),
        description: None,
        active: true,
        priv_only: false,
    }
}

fn eligibility(candidate: &str, role: &Role, now: jiff::Timestamp) -> Eligibility {
    Eligibility {
        id: id(&format!("{candidate} {}", role.role.name.as_str())),
        principal: id(candidate),
        entitlement: role.role.id,
        provider: Provider::Pam,
        start: now,
        end: None,
        created: now,
        created_by: None,
    }
}
