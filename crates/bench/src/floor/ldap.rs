//! A bare LDAP connection: to write as fast as the directory takes it, and to look from outside.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use ephor_testkit::slapd::{
    ADMIN_DN, ADMIN_PASSWORD, BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, Slapd, group_dn, user_dn,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Mod, Scope, StdStream};

/// A signed-in connection.
#[derive(Clone)]
pub struct Directory {
    ldap: Ldap,
}

impl Directory {
    /// As the service account that Ephor uses, for the floor.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub async fn writer(slapd: &Slapd) -> Result<Self> {
        Self::open(slapd, CONNECTOR_DN, CONNECTOR_PASSWORD).await
    }

    /// As the administrator, to look.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub async fn witness(slapd: &Slapd) -> Result<Self> {
        Self::open(slapd, ADMIN_DN, ADMIN_PASSWORD).await
    }

    async fn open(slapd: &Slapd, dn: &str, password: &str) -> Result<Self> {
        let stream = std::net::TcpStream::connect(("127.0.0.1", slapd.port()))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Tcp(stream));
        let (driver, mut ldap) = LdapConnAsync::with_settings(settings, &slapd.url()).await?;
        ldap3::drive!(driver);
        ldap.simple_bind(dn, password).await?.success()?;
        Ok(Self { ldap })
    }

    /// Puts users into a group, or takes them out, in one modify. Users are numbered as the directory numbers them.
    ///
    /// # Errors
    /// When the directory refuses.
    pub async fn change(&mut self, role: u32, users: &[u32], present: bool) -> Result<()> {
        let members: HashSet<String> = users.iter().map(|user| member(*user)).collect();
        let change =
            if present { Mod::Add("member".to_owned(), members) } else { Mod::Delete("member".to_owned(), members) };
        self.ldap.modify(&group(role), vec![change]).await?.success()?;
        Ok(())
    }

    /// One modify a group, so many under way at once.
    ///
    /// # Errors
    /// When the directory refuses one.
    pub async fn change_all(&self, groups: &[(u32, Vec<u32>)], present: bool, at_once: usize) -> Result<()> {
        stream::iter(groups)
            .map(|(role, users)| {
                let mut one = self.clone();
                async move { one.change(*role, users, present).await }
            })
            .buffer_unordered(at_once)
            .try_collect()
            .await
    }

    /// Whether a user is in a group now.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub async fn is_member(&mut self, role: u32, user: u32) -> Result<bool> {
        let answer = self.ldap.compare(&group(role), "member", member(user)).await?;
        // An empty group has no such attribute.
        Ok(answer.0.rc != NO_SUCH_ATTRIBUTE && answer.equal()?)
    }

    /// Looks again and again until it is so; answers when it was seen to be so.
    ///
    /// # Errors
    /// When the directory does not answer, or it is not so within a minute.
    pub async fn wait_for(&mut self, role: u32, user: u32, present: bool) -> Result<Instant> {
        let begun = Instant::now();
        while self.is_member(role, user).await? != present {
            ensure!(begun.elapsed() < LIMIT, "membership of user {user} in role {role} never became {present}");
        }
        Ok(Instant::now())
    }

    /// Groups that have members.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub async fn groups_with_members(&mut self) -> Result<usize> {
        let base = format!("ou=groups,{BASE}");
        let (found, _) = self.ldap.search(&base, Scope::OneLevel, "(member=*)", ["1.1"]).await?.success()?;
        Ok(found.len())
    }

    /// Looks every few milliseconds until no group has a member; answers when that was seen.
    ///
    /// # Errors
    /// When the directory does not answer, or members stay for a minute.
    pub async fn wait_for_nobody(&mut self) -> Result<Instant> {
        let begun = Instant::now();
        loop {
            let groups = self.groups_with_members().await.context("the witness looks")?;
            if groups == 0 {
                return Ok(Instant::now());
            }
            ensure!(begun.elapsed() < LIMIT, "{groups} groups still have members");
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Result code of RFC 4511, 4.1.9.
const NO_SUCH_ATTRIBUTE: u32 = 16;

const LIMIT: Duration = Duration::from_secs(60);
/// Often enough to be exact to a hundredth of a second, seldom enough not to be the load.
const LOOK: Duration = Duration::from_millis(10);

fn group(role: u32) -> String {
    group_dn(&format!("role{role}"))
}

fn member(user: u32) -> String {
    user_dn(&format!("user{}", user + 1))
}
