//! The description of the API, made from the handlers themselves.

use axum::Json;
use http::StatusCode;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{face::App, problem::ProblemDocument, resource};

#[derive(OpenApi)]
#[openapi(
    components(schemas(ProblemDocument<'_>)),
    info(
        title = "Ephor administration",
        version = "1",
        description = "Roles, users, groups, settings, other people's requests, targets and the audit log. \
                       Errors are problem documents (RFC 9457). Lists are pages by key. Instants are RFC 3339 in UTC, \
                       durations whole seconds."
    ),
    modifiers(&Credentials),
    security(("token" = []))
)]
struct Document;

/// API tokens with the scope `Ephor.Admin`, and sessions of programs.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", token);
    }
}

/// Where the API lives.
pub(crate) const BASE: &str = "/api/admin/v1";

/// Where proofs of presence are given.
pub(crate) const MFA_BASE: &str = "/api/mfa/v1";

/// The routes together with their description.
pub(crate) fn described() -> OpenApiRouter<App> {
    let api = resource::routes().routes(routes!(document));
    OpenApiRouter::with_openapi(Document::openapi()).nest(BASE, api).nest(MFA_BASE, resource::challenge::routes())
}

/// The description alone.
fn description() -> utoipa::openapi::OpenApi {
    let mut document = described().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            for (status, response) in &mut operation.responses.responses {
                // OpenAPI 3.1 wants a description of each answer; the reason phrase says what there is to say.
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
                    let phrase = status.and_then(|status| status.canonical_reason()).unwrap_or("Done");
                    response.description = phrase.to_owned();
                }
            }
        }
    }
    document
}

/// The description as kept in `docs/openapi/admin.json`.
#[must_use]
pub fn openapi_json() -> String {
    let document = description();
    let mut text = serde_json::to_string_pretty(&document).expect("an OpenAPI document is JSON");
    text.push('\n');
    text
}

/// This description. Needs no credentials: it says nothing of this server.
#[utoipa::path(get, path = "/openapi.json", tag = "description", security(()), responses((status = 200, body = Object)))]
async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(description())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_its_own_name_and_can_fail() {
        let document = serde_json::to_value(description()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            assert!(path.starts_with(BASE) || path.starts_with(MFA_BASE), "{path}");
            for (method, operation) in item.as_object().unwrap() {
                if path.ends_with("/openapi.json") {
                    continue;
                }
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name.to_owned()), "{name} names two operations");
                assert!(operation["responses"]["default"].is_object(), "{method} {path} says not how it fails");
                for response in operation["responses"].as_object().unwrap().values() {
                    assert!(!response["description"].as_str().unwrap().is_empty(), "{method} {path}");
                }
            }
        }
        assert_eq!(names.len(), 88);
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let text = openapi_json();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
