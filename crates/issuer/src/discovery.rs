//! What clients ask before they sign in: endpoints, keys, where a name belongs. Anonymous, and the same for everybody.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    face::{App, call_id, tenant_of},
    form::Form,
    oauth::Refused,
};

/// OpenID Connect discovery.
pub(crate) async fn configuration(State(app): State<App>, request: Request) -> Response {
    let (call, _) = request.into_parts();
    let (settings, tenant) = (&app.settings, tenant_of(&call));
    let at = |path: &str| settings.endpoint(&tenant, path);
    let host = settings.public_url.split_once("://").map_or("", |(_, host)| host);
    Json(json!({
        "issuer": settings.issuer(),
        "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "token_endpoint": at("oauth2/v2.0/token"),
        "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "end_session_endpoint": at("oauth2/v2.0/logout"),
        "jwks_uri": at("discovery/v2.0/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": grants(settings.password_grant),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "client_secret_basic", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["aud", "iss", "iat", "exp", "amr", "acrs", "auth_time", "name", "nonce", "oid",
            "preferred_username", "sub", "tid", "ver", "xms_cc"],
        "claims_parameter_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "http_logout_supported": false,
        "frontchannel_logout_supported": false,
        "tenant_region_scope": null,
        "cloud_instance_name": host,
        "msgraph_host": host,
    }))
    .into_response()
}

fn grants(password: bool) -> Vec<&'static str> {
    let mut all = vec![
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    ];
    if password {
        all.push("password");
    }
    all
}

/// The public halves of the keys that sign tokens.
pub(crate) async fn keys(State(app): State<App>) -> Response {
    Json(app.keys.jwks()).into_response()
}

/// Which hosts are one cloud: we are one alone.
pub(crate) async fn instance(State(app): State<App>, request: Request) -> Response {
    let (call, _) = request.into_parts();
    let Ok(query) = Form::query(&call) else { return app.refuse(&Refused::FORM, call_id(&call)) };
    let asked = query.get("authorization_endpoint").unwrap_or_default();
    let ours = asked.strip_prefix(app.settings.public_url.as_str()).is_some_and(|rest| rest.starts_with('/'));
    if !ours {
        return app.refuse(&Refused::TENANT, call_id(&call));
    }
    let host = app.settings.public_url.split_once("://").map_or("", |(_, host)| host);
    let discovery = app.settings.endpoint(&app.settings.tenant.to_string(), "v2.0/.well-known/openid-configuration");
    Json(json!({
        "tenant_discovery_endpoint": discovery,
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }))
    .into_response()
}

/// Every name is signed in here, whether there is such a one or not.
pub(crate) async fn user_realm(State(app): State<App>) -> Response {
    let host = app.settings.public_url.split_once("://").map_or("", |(_, host)| host);
    Json(json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": host,
        "cloud_instance_name": host,
        "cloud_audience_urn": "urn:federation:ephor",
    }))
    .into_response()
}
