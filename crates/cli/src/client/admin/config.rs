//! `Get-`, `Set-PAMConfiguration`.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{api::Api, spelling, view};
use crate::{
    client::ttl::Ttl,
    exit::{Done, Failure},
    output::Form,
};

/// The settings that administrators change at run time.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the settings in force; durations are seconds
    Get,
    /// Change settings; what was made before stays as it is
    Set(Box<Set>),
}

/// What is to change. Durations are seconds, hh:mm:ss, d.hh:mm:ss, PT1H or 1h.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Prefix of generated PRIV account names
    #[arg(long, value_name = "TEXT")]
    priv_user_prefix: Option<String>,
    /// Shortest TTL of a new role
    #[arg(long, value_name = "DURATION")]
    role_minimal_duration: Option<Ttl>,
    /// Longest TTL of a new role
    #[arg(long, value_name = "DURATION")]
    role_maximal_duration: Option<Ttl>,
    /// TTL of a new role when none is given
    #[arg(long, value_name = "DURATION")]
    role_default_duration: Option<Ttl>,
    /// DS_BEHAVIOR_WIN2012R2 or DS_BEHAVIOR_WIN2015
    #[arg(long, value_name = "WORD")]
    forest_functionality: Option<String>,
    /// Length of generated passwords
    #[arg(long, value_name = "NUMBER")]
    user_admin_password_length: Option<u32>,
    /// Days a finished request is kept at least
    #[arg(long, value_name = "DAYS")]
    request_expiration_in_days: Option<u32>,
    /// Container for new users and groups
    #[arg(long = "default-ad-container", value_name = "TEXT")]
    default_ad_container: Option<String>,
    /// IANA zone of input without a zone and of availability windows, e.g. Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// An approval that nobody decides times out after this
    #[arg(long, value_name = "DURATION")]
    approval_timeout: Option<Ttl>,
    /// A challenge that nobody answers times out after this
    #[arg(long, value_name = "DURATION")]
    mfa_timeout: Option<Ttl>,
    /// Refuse new requests; everything else goes on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    maintenance: Option<bool>,
    /// The CORP account of a pair may act as its PRIV account
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    corp_may_act: Option<bool>,
    /// Farthest a start may lie in the future; 0 is no limit
    #[arg(long, value_name = "DURATION")]
    start_horizon: Option<Ttl>,
    /// Most requests one person may make a minute; 0 is no limit
    #[arg(long, value_name = "NUMBER")]
    requests_per_minute: Option<u32>,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    let settings = match command {
        Command::Get => api.get("configuration").await?,
        Command::Set(set) => api.patch("configuration", &set.body()?).await?,
    };
    view::object(form, &spelling::pam(settings))
}

impl Set {
    fn body(self) -> Done<Value> {
        let seconds = |ttl: Option<Ttl>| ttl.map(|ttl| Value::from(ttl.0));
        let or_none = |number: u64| if number == 0 { Value::Null } else { number.into() };
        let body = super::members([
            ("privUserPrefix", self.priv_user_prefix.map(Value::from)),
            ("roleMinimalDuration", seconds(self.role_minimal_duration)),
            ("roleMaximalDuration", seconds(self.role_maximal_duration)),
            ("roleDefaultDuration", seconds(self.role_default_duration)),
            ("forestFunctionality", self.forest_functionality.map(Value::from)),
            ("userAdminPasswordLength", self.user_admin_password_length.map(Value::from)),
            ("requestExpirationInDays", self.request_expiration_in_days.map(Value::from)),
            ("defaultAdContainer", self.default_ad_container.map(Value::from)),
            ("timeZone", self.time_zone.map(Value::from)),
            ("approvalTimeout", seconds(self.approval_timeout)),
            ("mfaTimeout", seconds(self.mfa_timeout)),
            ("maintenance", self.maintenance.map(Value::from)),
            ("corpMayAct", self.corp_may_act.map(Value::from)),
            ("startHorizon", self.start_horizon.map(|horizon| or_none(horizon.0))),
            ("requestsPerMinute", self.requests_per_minute.map(|count| or_none(count.into()))),
        ]);
        if body.is_empty() {
            return Err(Failure::usage("say what is to change: `ephor admin config set --help` lists what can"));
        }
        Ok(body.into())
    }
}
