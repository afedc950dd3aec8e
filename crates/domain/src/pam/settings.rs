//! The configuration object of `PAM 15.2` and the switches beside it.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::Refusal;

/// What administrators set at run time. Durations are seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// Prefix of generated PRIV account names.
    pub priv_user_prefix: String,
    /// TTL of a new role when none is given.
    pub role_default_duration: u64,
    /// Shortest TTL of a new role.
    pub role_minimal_duration: u64,
    /// Longest TTL of a new role.
    pub role_maximal_duration: u64,
    /// `DS_BEHAVIOR_WIN2012R2` or `DS_BEHAVIOR_WIN2015`.
    pub forest_functionality: String,
    /// Length of generated passwords.
    pub user_admin_password_length: u32,
    /// Days a finished request is kept at least.
    pub request_expiration_in_days: u32,
    /// Container for new users and groups.
    pub default_ad_container: String,
    /// IANA name of the zone of zone-less input and of windows.
    pub time_zone: String,
    /// Undecided approvals time out after this (T12).
    pub approval_timeout: u64,
    /// Unanswered challenges time out after this (T8).
    pub mfa_timeout: u64,
    /// New requests are refused (`PAM 15.6`).
    pub maintenance: bool,
    /// The CORP account of a pair may act as its PRIV account (seams §1).
    pub corp_may_act: bool,
    /// Farthest a start may lie in the future; `None` is no limit (`PAM 7.2`).
    pub start_horizon: Option<u64>,
    /// Most requests one person may make a minute; `None` is no limit (seams §15).
    pub requests_per_minute: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            priv_user_prefix: "PRIV.".to_owned(),
            role_default_duration: 3600,
            role_minimal_duration: 300,
            role_maximal_duration: 7 * 86_400,
            forest_functionality: "DS_BEHAVIOR_WIN2015".to_owned(),
            user_admin_password_length: 32,
            request_expiration_in_days: 30,
            default_ad_container: "PAM objects".to_owned(),
            time_zone: "UTC".to_owned(),
            approval_timeout: 7 * 86_400,
            mfa_timeout: 300,
            maintenance: false,
            corp_may_act: false,
            start_horizon: None,
            requests_per_minute: Some(60),
        }
    }
}

/// Longest a sAMAccountName may be (`PAM 11.1`).
pub const ACCOUNT_NAME_LIMIT: usize = 20;

impl Settings {
    /// The zone, or UTC when the stored name is unknown to this build (checked when it is set).
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// Checks what an administrator sets.
    ///
    /// # Errors
    /// The first field that breaks a rule.
    pub fn check(&self) -> Result<(), Refusal> {
        let invalid = |field, rule| Err(Refusal::Invalid { field, rule });
        if TimeZone::get(&self.time_zone).is_err() {
            return invalid("timeZone", "is not the IANA name of a time zone");
        }
        if self.role_minimal_duration == 0 || self.role_minimal_duration > self.role_maximal_duration {
            return invalid("roleMinimalDuration", "must be at least one second and not above roleMaximalDuration");
        }
        if !(self.role_minimal_duration..=self.role_maximal_duration).contains(&self.role_default_duration) {
            return invalid("roleDefaultDuration", "must lie between roleMinimalDuration and roleMaximalDuration");
        }
        if !matches!(
            self.forest_functionality.as_str(),
            "DS_BEHAVIOR_WIN2012R2" | "DS_BEHAVIOR_WIN2015" | "DS_BEHAVIOR_2015"
        ) {
            return invalid("forestFunctionality", "is DS_BEHAVIOR_WIN2012R2 or DS_BEHAVIOR_WIN2015");
        }
        if !(8..=128).contains(&self.user_admin_password_length) {
            return invalid("userAdminPasswordLength", "lies between 8 and 128");
        }
        if self.priv_user_prefix.chars().count() >= ACCOUNT_NAME_LIMIT {
            return invalid("privUserPrefix", "leaves no room for an account name");
        }
        if self.approval_timeout == 0 || self.mfa_timeout == 0 {
            return invalid("approvalTimeout", "time-outs last at least one second");
        }
        Ok(())
    }

    /// The PRIV account name of a CORP account: prefix and name (`PAM-117`).
    ///
    /// # Errors
    /// When the result is longer than a directory allows.
    pub fn priv_account(&self, source_account: &str) -> Result<String, Refusal> {
        let name = format!("{}{source_account}", self.priv_user_prefix);
        check_account_name(&name)?;
        Ok(name)
    }
}

/// Checks an account name against the directory's limits (`PAM 11.1`).
///
/// # Errors
/// When it is empty, too long or holds characters that account names cannot have.
pub fn check_account_name(name: &str) -> Result<(), Refusal> {
    let invalid = |rule| Err(Refusal::Invalid { field: "privAccountName", rule });
    if name.trim().is_empty() {
        return invalid("is empty");
    }
    if name.chars().count() > ACCOUNT_NAME_LIMIT {
        return invalid("is longer than the 20 characters a directory allows");
    }
    if name.chars().any(|c| c.is_control() || "\"/\\[]:;|=,+*?<>@".contains(c)) {
        return invalid("holds a character that account names cannot have");
    }
    Ok(())
}
