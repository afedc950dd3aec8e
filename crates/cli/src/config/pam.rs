//! `[pam]`: the settings of `PAM 15.2` that a new store begins with.

use ephor_domain::pam::Settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Period;

/// Settings of the PAM provider that a new store begins with; afterwards administrators set them at run time, and what
/// stands here counts no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pam {
    /// Prefix of generated PRIV account names.
    pub priv_user_prefix: String,
    /// TTL of a new role when none is given.
    pub role_default_duration: Period,
    /// Shortest TTL of a new role.
    pub role_minimal_duration: Period,
    /// Longest TTL of a new role.
    pub role_maximal_duration: Period,
    /// `DS_BEHAVIOR_WIN2012R2` or `DS_BEHAVIOR_WIN2015`, for clients that ask.
    pub forest_functionality: String,
    /// Length of generated passwords.
    pub user_admin_password_length: u32,
    /// Days a finished request is kept at least.
    pub request_expiration_in_days: u32,
    /// Container for new users and groups.
    pub default_ad_container: String,
    /// IANA name of the zone of input without a zone and of availability windows.
    pub time_zone: String,
    /// An approval that nobody decides times out after this.
    pub approval_timeout: Period,
    /// A challenge that nobody answers times out after this.
    pub mfa_timeout: Period,
    /// The CORP account of a pair may act as its PRIV account.
    pub corp_may_act: bool,
    /// Farthest a start may lie in the future; without it there is no limit.
    pub start_horizon: Option<Period>,
    /// Most requests one person may make a minute; 0 is no limit.
    pub requests_per_minute: u32,
}

impl Default for Pam {
    fn default() -> Self {
        let settings = Settings::default();
        let period = |seconds: u64| Period::seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        Self {
            priv_user_prefix: settings.priv_user_prefix,
            role_default_duration: period(settings.role_default_duration),
            role_minimal_duration: period(settings.role_minimal_duration),
            role_maximal_duration: period(settings.role_maximal_duration),
            forest_functionality: settings.forest_functionality,
            user_admin_password_length: settings.user_admin_password_length,
            request_expiration_in_days: settings.request_expiration_in_days,
            default_ad_container: settings.default_ad_container,
            time_zone: settings.time_zone,
            approval_timeout: period(settings.approval_timeout),
            mfa_timeout: period(settings.mfa_timeout),
            corp_may_act: settings.corp_may_act,
            start_horizon: settings.start_horizon.map(period),
            requests_per_minute: settings.requests_per_minute.unwrap_or(0),
        }
    }
}

impl Pam {
    /// The settings a new store begins with.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            priv_user_prefix: self.priv_user_prefix.clone(),
            role_default_duration: self.role_default_duration.whole_seconds(),
            role_minimal_duration: self.role_minimal_duration.whole_seconds(),
            role_maximal_duration: self.role_maximal_duration.whole_seconds(),
            forest_functionality: self.forest_functionality.clone(),
            user_admin_password_length: self.user_admin_password_length,
            request_expiration_in_days: self.request_expiration_in_days,
            default_ad_container: self.default_ad_container.clone(),
            time_zone: self.time_zone.clone(),
            approval_timeout: self.approval_timeout.whole_seconds(),
            mfa_timeout: self.mfa_timeout.whole_seconds(),
            maintenance: false,
            corp_may_act: self.corp_may_act,
            start_horizon: self.start_horizon.map(Period::whole_seconds),
            requests_per_minute: (self.requests_per_minute > 0).then_some(self.requests_per_minute),
        }
    }
}
