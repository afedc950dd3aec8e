//! `/configuration`: the settings of `PAM 15.2`, maintenance mode among them.

use axum::{Json, extract::State};
use ephor_domain::pam::Settings;
use ephor_engine::admin::configuration::{GetConfiguration, SetConfiguration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::Answer,
    body::{Sent, present},
    caller::Signed,
    face::App,
    problem::Problems,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, set))
}

/// The settings in force. Durations are seconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    priv_user_prefix: String,
    role_default_duration: u64,
    role_minimal_duration: u64,
    role_maximal_duration: u64,
    forest_functionality: String,
    user_admin_password_length: u32,
    request_expiration_in_days: u32,
    default_ad_container: String,
    time_zone: String,
    approval_timeout: u64,
    mfa_timeout: u64,
    maintenance: bool,
    corp_may_act: bool,
    start_horizon: Option<u64>,
    requests_per_minute: Option<u32>,
}

impl From<Settings> for Configuration {
    fn from(settings: Settings) -> Self {
        Self {
            priv_user_prefix: settings.priv_user_prefix,
            role_default_duration: settings.role_default_duration,
            role_minimal_duration: settings.role_minimal_duration,
            role_maximal_duration: settings.role_maximal_duration,
            forest_functionality: settings.forest_functionality,
            user_admin_password_length: settings.user_admin_password_length,
            request_expiration_in_days: settings.request_expiration_in_days,
            default_ad_container: settings.default_ad_container,
            time_zone: settings.time_zone,
            approval_timeout: settings.approval_timeout,
            mfa_timeout: settings.mfa_timeout,
            maintenance: settings.maintenance,
            corp_may_act: settings.corp_may_act,
            start_horizon: settings.start_horizon,
            requests_per_minute: settings.requests_per_minute,
        }
    }
}

/// The settings in force (`Get-PAMConfiguration`).
#[utoipa::path(get, path = "/configuration", tag = "configuration", operation_id = "getConfiguration",
    responses((status = 200, body = Configuration), Problems))]
async fn get(State(app): State<App>, caller: Signed) -> Answer<Json<Configuration>> {
    Ok(Json(app.engine.consult(caller.actor(), GetConfiguration).await?.into()))
}

/// What is to change; what is absent stays. Durations are seconds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConfigurationPatch {
    /// Prefix of generated PRIV account names.
    priv_user_prefix: Option<String>,
    /// TTL of a new role when none is given.
    role_default_duration: Option<u64>,
    role_minimal_duration: Option<u64>,
    role_maximal_duration: Option<u64>,
    /// `DS_BEHAVIOR_WIN2012R2` or `DS_BEHAVIOR_WIN2015`.
    forest_functionality: Option<String>,
    user_admin_password_length: Option<u32>,
    request_expiration_in_days: Option<u32>,
    default_ad_container: Option<String>,
    /// IANA name of the zone of zone-less input and of windows.
    time_zone: Option<String>,
    approval_timeout: Option<u64>,
    mfa_timeout: Option<u64>,
    /// New requests are refused; everything else goes on.
    maintenance: Option<bool>,
    /// The CORP account of a pair may act as its PRIV account.
    corp_may_act: Option<bool>,
    /// Farthest a start may lie in the future; `null` is no limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    start_horizon: Option<Option<u64>>,
    /// Most requests one person may make a minute; `null` is no limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>)]
    requests_per_minute: Option<Option<u32>>,
}

/// Changes settings (`Set-PAMConfiguration`). What was made before stays as it is.
#[utoipa::path(patch, path = "/configuration", tag = "configuration", operation_id = "setConfiguration",
    request_body = ConfigurationPatch, responses((status = 200, body = Configuration), Problems))]
async fn set(
    State(app): State<App>,
    caller: Signed,
    Sent(patch): Sent<ConfigurationPatch>,
) -> Answer<Json<Configuration>> {
    let command = SetConfiguration {
        priv_user_prefix: patch.priv_user_prefix,
        role_default_duration: patch.role_default_duration,
        role_minimal_duration: patch.role_minimal_duration,
        role_maximal_duration: patch.role_maximal_duration,
        forest_functionality: patch.forest_functionality,
        user_admin_password_length: patch.user_admin_password_length,
        request_expiration_in_days: patch.request_expiration_in_days,
        default_ad_container: patch.default_ad_container,
        time_zone: patch.time_zone,
        approval_timeout: patch.approval_timeout,
        mfa_timeout: patch.mfa_timeout,
        maintenance: patch.maintenance,
        corp_may_act: patch.corp_may_act,
        start_horizon: patch.start_horizon,
        requests_per_minute: patch.requests_per_minute,
    };
    Ok(Json(app.engine.administer(caller.actor(), command).await?.into()))
}
