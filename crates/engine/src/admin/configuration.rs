//! `Get-PAMConfiguration`, `Set-PAMConfiguration` and maintenance mode (`PAM 15.2`, `PAM 15.6`).

use ephor_audit::{Record, detail::Detail, events};
use ephor_domain::{administration::Right, pam::Settings};
use ephor_store::tx::lock::Lock;
use uuid::{Uuid, uuid};

use super::desk::{Command, Desk, Files, Query, Subject};
use crate::answer::Answer;

/// Changes of the settings wait for each other.
const SETTINGS: Uuid = uuid!("0b8f5f0e-6f5c-4d43-8f6a-0d6f3f6b3a10");

/// The settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetConfiguration;

impl Query for GetConfiguration {
    type Output = Settings;

    async fn run(self, files: &mut Files<'_>) -> Answer<Settings> {
        Ok(files.tx.settings().await?)
    }
}

/// Changes the settings that are given. Later New-* calls see them, what was made before stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetConfiguration {
    /// Prefix of generated PRIV account names.
    pub priv_user_prefix: Option<String>,
    /// TTL of a new role when none is given, in seconds.
    pub role_default_duration: Option<u64>,
    /// Shortest TTL of a new role, in seconds.
    pub role_minimal_duration: Option<u64>,
    /// Longest TTL of a new role, in seconds.
    pub role_maximal_duration: Option<u64>,
    /// `DS_BEHAVIOR_WIN2012R2` or `DS_BEHAVIOR_WIN2015`.
    pub forest_functionality: Option<String>,
    /// Length of generated passwords.
    pub user_admin_password_length: Option<u32>,
    /// Days a finished request is kept at least.
    pub request_expiration_in_days: Option<u32>,
    /// Container for new users and groups.
    pub default_ad_container: Option<String>,
    /// IANA name of the zone.
    pub time_zone: Option<String>,
    /// Undecided approvals time out after this, in seconds.
    pub approval_timeout: Option<u64>,
    /// Unanswered challenges time out after this, in seconds.
    pub mfa_timeout: Option<u64>,
    /// New requests are refused.
    pub maintenance: Option<bool>,
    /// The CORP account of a pair may act as its PRIV account.
    pub corp_may_act: Option<bool>,
    /// Farthest a start may lie in the future, in seconds.
    pub start_horizon: Option<Option<u64>>,
    /// Most requests one person may make a minute.
    pub requests_per_minute: Option<Option<u32>>,
}

impl SetConfiguration {
    /// Maintenance mode on or off.
    #[must_use]
    pub fn maintenance(on: bool) -> Self {
        Self { maintenance: Some(on), ..Self::default() }
    }

    fn onto(self, old: Settings) -> Settings {
        Settings {
            priv_user_prefix: self.priv_user_prefix.unwrap_or(old.priv_user_prefix),
            role_default_duration: self.role_default_duration.unwrap_or(old.role_default_duration),
            role_minimal_duration: self.role_minimal_duration.unwrap_or(old.role_minimal_duration),
            role_maximal_duration: self.role_maximal_duration.unwrap_or(old.role_maximal_duration),
            forest_functionality: self.forest_functionality.map_or(old.forest_functionality, canonical_forest),
            user_admin_password_length: self.user_admin_password_length.unwrap_or(old.user_admin_password_length),
            request_expiration_in_days: self.request_expiration_in_days.unwrap_or(old.request_expiration_in_days),
            default_ad_container: self.default_ad_container.unwrap_or(old.default_ad_container),
            time_zone: self.time_zone.unwrap_or(old.time_zone),
            approval_timeout: self.approval_timeout.unwrap_or(old.approval_timeout),
            mfa_timeout: self.mfa_timeout.unwrap_or(old.mfa_timeout),
            maintenance: self.maintenance.unwrap_or(old.maintenance),
            corp_may_act: self.corp_may_act.unwrap_or(old.corp_may_act),
            start_horizon: self.start_horizon.unwrap_or(old.start_horizon),
            requests_per_minute: self.requests_per_minute.unwrap_or(old.requests_per_minute),
        }
    }
}

/// One spelling of the newer level (C26).
fn canonical_forest(level: String) -> String {
    if level == "DS_BEHAVIOR_2015" { "DS_BEHAVIOR_WIN2015".to_owned() } else { level }
}

impl Command for SetConfiguration {
    type Output = Settings;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(SETTINGS)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Settings> {
        let old = desk.tx.settings().await?;
        let new = self.onto(old.clone());
        new.check()?;
        if new == old {
            return Ok(new);
        }
        if new.corp_may_act != old.corp_may_act {
            // Whoever holds an account of the other forest then speaks as its twin here.
            desk.require(Right::Administrators)?;
            desk.require_presence()?;
            desk.alarm("configuration.corp-may-act", SETTINGS, [("allowed", new.corp_may_act.to_string())]);
        }
        desk.tx.put_settings(&new).await?;
        if new.maintenance != old.maintenance {
            let event = if new.maintenance { events::MAINTENANCE_STARTED } else { events::MAINTENANCE_ENDED };
            desk.changed(event, Subject::NONE, |record| record);
        }
        let but_maintenance = Settings { maintenance: old.maintenance, ..new.clone() };
        if but_maintenance != old {
            desk.changed(events::CONFIGURATION_CHANGED, Subject::NONE, |record| {
                differences(record, &old, &but_maintenance)
            });
        }
        Ok(new)
    }
}

/// Old and new value of each setting that differs.
fn differences(mut record: Record, old: &Settings, new: &Settings) -> Record {
    let members = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(members)) => members,
        Ok(_) | Err(_) => serde_json::Map::new(),
    };
    let (old, new) = (members(old), members(new));
    for (name, value) in new {
        let before = old.get(&name).cloned().unwrap_or_default();
        if before != value {
            record.details.insert(format!("{name}.old"), Detail::from(before));
            record.details.insert(format!("{name}.new"), Detail::from(value));
        }
    }
    record
}
