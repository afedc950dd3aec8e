//! Puts a world into a store.

use anyhow::Result;
use ephor_domain::{
    id::{ApiTokenId, EligibilityId},
    pam::{
        Role, Settings,
        group::Group,
        user::{Source, User},
    },
    principal::{Principal, PrincipalKind},
    provider::Provider,
    text::Name,
};
use ephor_identity::secret::{Purpose, SecretHash};
use ephor_store::{
    Store, Tx,
    tx::{
        account::Account,
        eligibility::Eligibility,
        target::{Mode, Target},
        token::ApiToken,
    },
};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::{NAMESPACE, Place, World};

/// Users, or roles, of one transaction.
const CHUNK: u32 = 500;

impl World {
    /// Stores settings, target, groups, roles, users with their tokens, and eligibilities.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn load(&self, store: &Store, now: Timestamp) -> Result<()> {
        let target = self.target_row();
        store
            .transact(move |tx| {
                let target = target.clone();
                Box::pin(async move {
                    // The benchmark is one person who asks more often than people do.
                    tx.put_settings(&Settings { requests_per_minute: None, ..Settings::default() }).await?;
                    tx.insert_target(&target).await
                })
            })
            .await?;
        self.in_chunks(store, self.roles, move |world, tx, role| Box::pin(world.put_role(tx, role))).await?;
        self.in_chunks(store, self.users, move |world, tx, user| Box::pin(world.put_user(tx, user, now))).await
    }

    pub(super) async fn in_chunks<F>(&self, store: &Store, count: u32, put: F) -> Result<()>
    where
        F: for<'t> Fn(&'t World, &'t mut Tx, u32) -> BoxFuture<'t, Result<(), ephor_store::Fault>>
            + Send
            + Sync
            + Copy
            + 'static,
    {
        for first in (0..count).step_by(CHUNK as usize) {
            let (world, end) = (self.clone(), count.min(first + CHUNK));
            store
                .transact(move |tx| {
                    let world = world.clone();
                    Box::pin(async move {
                        for one in first..end {
                            put(&world, tx, one).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(())
    }

    fn target_row(&self) -> Target {
        let built_in = self.place == Place::BuiltIn;
        Target {
            id: self.target(),
            name: "directory".to_owned(),
            kind: if built_in { "built-in" } else { "ldap" }.to_owned(),
            config: "{}".to_owned(),
            secret: None,
            mode: Mode::ReportOnly,
            built_in,
            unwritable: false,
            health: None,
        }
    }

    async fn put_role(&self, tx: &mut Tx, number: u32) -> Result<(), ephor_store::Fault> {
        let name = format!("role{number}");
        let native = match &self.place {
            Place::BuiltIn => name.clone(),
            Place::Ldap(base) => format!("cn={name},ou=groups,{base}"),
        };
        let group = Group {
            id: self.group(number),
            target: self.target(),
            native,
            attribute: "member".to_owned(),
            source_domain: "CORP".to_owned(),
            source_account: name.clone(),
            source_sid: None,
            priv_account: name.clone(),
            display_name: format!("Members of {name}"),
            description: None,
            active: true,
            priv_only: false,
        };
        let role = Role {
            id: self.role(number),
            name: Name::parse(&name).expect("a short name"),
            description: Some("Administers one of the machines of the department".to_owned()),
            ttl: 8 * 3600,
            window: None,
            window_enabled: false,
            mfa: false,
            approval: false,
            owner_needs_approval: false,
        };
        tx.insert_group(&group).await?;
        tx.insert_role(&role).await?;
        tx.insert_privilege(role.id, group.id).await
    }

    async fn put_user(&self, tx: &mut Tx, number: u32, now: Timestamp) -> Result<(), ephor_store::Fault> {
        let account = format!("user{}", number + 1);
        let principal = Principal {
            id: self.principal(number),
            kind: PrincipalKind::User,
            person: self.person(number),
            domain: "PRIV".to_owned(),
            account: account.clone(),
            display_name: format!("User {number}"),
            upn: None,
            enabled: true,
        };
        tx.insert_principal(&principal).await?;
        let source = Source { domain: "PRIV".to_owned(), account: account.clone(), ..Source::default() };
        tx.insert_user(&User { id: principal.id, corp: None, source, description: None, has_pin: false }).await?;
        if let Place::Ldap(base) = &self.place {
            let native = format!("uid={account},ou=people,{base}");
            tx.put_account(&Account { principal: principal.id, target: self.target(), native, login: account }).await?;
        }
        let token = ApiToken {
            id: ApiTokenId::derived(NAMESPACE, &format!("token {number}")),
            principal: principal.id,
            hash: SecretHash::of(Purpose::ApiToken, &SecretString::from(self.token(number))).as_bytes().to_vec(),
            scopes: vec!["Pam.Use".to_owned()],
            label: "bench".to_owned(),
            created: now,
            expires: now + SignedDuration::from_hours(24),
            revoked: None,
        };
        tx.insert_api_token(&token).await?;
        for turn in 0..self.roles_each {
            let role = self.role_of(number, turn);
            let eligibility = Eligibility {
                id: EligibilityId::derived(NAMESPACE, &format!("eligibility {number} {turn}")),
                principal: principal.id,
                entitlement: self.role(role),
                provider: Provider::Pam,
                start: now,
                end: None,
                created: now,
                created_by: None,
            };
            tx.insert_eligibility(&eligibility).await?;
        }
        Ok(())
    }
}
