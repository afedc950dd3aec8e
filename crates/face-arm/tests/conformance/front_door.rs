//! Who calls, with which version, and what stands on every answer.

use http::Method;
use serde_json::json;

use crate::app::{App, CALL, SUBSCRIPTION, TENANT, URL, who};

const LIST: &str = "/subscriptions?api-version=2022-12-01";

/// The challenge that clients cut the tenant out of.
fn login() -> String {
    format!("Bearer authorization_uri=\"{URL}/{TENANT}\"")
}

#[tokio::test]
async fn arm_001_without_a_token_the_challenge_names_the_tenant() {
    let app = App::start().await;
    let reply = app.anonymous(LIST).await;
    assert_eq!(reply.error(), (401, "AuthenticationFailed".to_owned()));
    assert_eq!(reply.message(), "Authentication failed. The 'Authorization' header is missing.");
    assert_eq!(reply.header("www-authenticate"), login());
}

#[tokio::test]
async fn arm_002_what_is_wrong_with_a_token_is_said_by_its_code() {
    let app = App::start().await;
    let good = app.token(json!({})).await;
    let (head, _) = good.rsplit_once('.').unwrap();
    let presented = [
        ("Bearer garbage".to_owned(), "InvalidAuthenticationToken"),
        (format!("Bearer {head}.AAAA"), "InvalidAuthenticationToken"),
        (format!("Basic {good}"), "InvalidAuthenticationToken"),
        (format!("Bearer {}", app.token(json!({"exp": 1_780_000_000 - 600})).await), "ExpiredAuthenticationToken"),
        (
            format!("Bearer {}", app.token(json!({"aud": "https://other.example"})).await),
            "InvalidAuthenticationTokenAudience",
        ),
        (format!("Bearer {}", app.token(json!({"tid": SUBSCRIPTION})).await), "InvalidAuthenticationTokenTenant"),
        (format!("Bearer {}", app.token(json!({"oid": null})).await), "InvalidAuthenticationToken"),
        (format!("Bearer {}", app.token(json!({"oid": SUBSCRIPTION})).await), "InvalidAuthenticationToken"),
    ];
    for (authorization, code) in presented {
        let reply = app.presenting(LIST, &authorization).await;
        assert_eq!(reply.error(), (401, code.to_owned()), "{authorization}");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.starts_with(&login()), "{challenge}");
        assert!(challenge.contains("error=\"invalid_token\", error_description=\""), "{challenge}");
    }
    let wrong = app.token(json!({"aud": "https://other.example"})).await;
    let said = app.presenting(LIST, &format!("Bearer {wrong}")).await.message();
    assert!(said.contains(&format!("'{URL}', '{URL}/'")), "{said}");
    // The same token, an hour later.
    app.advance(3600 + 600);
    let reply = app.presenting(LIST, &format!("Bearer {good}")).await;
    assert_eq!(reply.error(), (401, "ExpiredAuthenticationToken".to_owned()));
}

#[tokio::test]
async fn arm_003_the_audience_counts_with_and_without_its_slash() {
    let app = App::start().await;
    for audience in [URL.to_owned(), format!("{URL}/")] {
        let token = app.token(json!({"aud": audience})).await;
        assert_eq!(app.presenting(LIST, &format!("Bearer {token}")).await.status, 200, "{audience}");
    }
}

#[tokio::test]
async fn arm_004_an_anonymous_look_at_a_subscription_is_told_its_tenant() {
    let app = App::start().await;
    let reply = app.anonymous(&format!("/subscriptions/{SUBSCRIPTION}?api-version=2022-12-01")).await;
    assert_eq!(reply.error(), (401, "AuthenticationFailed".to_owned()));
    assert_eq!(reply.header("www-authenticate"), login());
}

#[tokio::test]
async fn arm_005_a_call_names_its_version() {
    let app = App::start().await;
    for target in ["/subscriptions", "/subscriptions?api-version=", "/tenants?Api-Version="] {
        let reply = app.get(target).await;
        assert_eq!(reply.error(), (400, "MissingApiVersionParameter".to_owned()), "{target}");
        let said = "The api-version query parameter (?api-version=) is required for all requests.";
        assert_eq!(reply.message(), said);
    }
    // Nobody learns about versions before it is known who calls.
    assert_eq!(app.anonymous("/subscriptions").await.status, 401);
}

#[tokio::test]
async fn arm_006_versions_that_nothing_has_are_refused_with_those_that_are() {
    let app = App::start().await;
    for version in ["1999-01-01", "banana"] {
        let reply = app.get(&format!("/subscriptions?api-version={version}")).await;
        assert_eq!(reply.error(), (400, "InvalidApiVersionParameter".to_owned()));
        let said = reply.message();
        let begins = format!("The api-version '{version}' is invalid. The supported versions are '");
        assert!(said.starts_with(&begins) && said.contains("2022-12-01"), "{said}");
    }
}

#[tokio::test]
async fn arm_008_every_answer_says_which_call_it_answers() {
    let app = App::start().await;
    let correlation = "11112222-3333-4444-8555-666677778888";
    let bearer = format!("Bearer {}", app.token(json!({})).await);
    let subscription = format!("/subscriptions/{TENANT}?api-version=2022-12-01");
    let no_scope = format!("Bearer {}", app.token(json!({"scp": "Pam.Use"})).await);
    let unknown = format!("/subscriptions/{SUBSCRIPTION}/y/z?api-version=2022-12-01");
    let calls = [
        (200, LIST, bearer.as_str()),
        (400, "/subscriptions", &bearer),
        (401, LIST, "Bearer x"),
        (403, LIST, &no_scope),
        (404, &subscription, &bearer),
        (404, &unknown, &bearer),
    ];
    for (status, target, authorization) in calls {
        let own = [("x-ms-correlation-request-id", correlation), ("x-ms-client-request-id", "mine")];
        let headers = [("authorization", authorization), own[0], own[1]];
        let reply = app.call(Method::GET, target, &headers).await;
        assert_eq!(reply.status, status, "{target}: {reply:?}");
        assert_eq!(reply.header("x-ms-correlation-request-id"), correlation);
        assert_eq!(reply.header("x-ms-client-request-id"), "mine");
        assert!(reply.header("x-ms-routing-request-id").ends_with(&format!(":{CALL}")), "{reply:?}");
        assert_eq!(reply.header("cache-control"), "no-cache");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let alone = app.presenting(target, authorization).await;
        assert_eq!(alone.header("x-ms-correlation-request-id"), CALL.to_string());
        assert!(!alone.headers.contains_key("x-ms-client-request-id"));
    }
}

#[tokio::test]
async fn s5_a_token_opens_the_face_by_its_scope_or_as_an_applications_own() {
    let app = App::start().await;
    let token = app.token(json!({"scp": "Pam.Use User.Read"})).await;
    let reply = app.presenting(LIST, &format!("Bearer {token}")).await;
    assert_eq!(reply.error(), (403, "AuthorizationFailed".to_owned()));
    let own = app.own_token().await;
    assert_eq!(app.presenting(LIST, &format!("Bearer {own}")).await.status, 200);
    // An application does not become a person by leaving its kind out.
    let posing = app.token(json!({"oid": who("app"), "scp": "user_impersonation"})).await;
    assert_eq!(app.presenting(LIST, &format!("Bearer {posing}")).await.status, 401);
}

#[tokio::test]
async fn other_methods_are_refused_in_the_same_form() {
    let app = App::start().await;
    let bearer = format!("Bearer {}", app.token(json!({})).await);
    let reply = app.call(Method::DELETE, LIST, &[("authorization", &bearer)]).await;
    assert_eq!(reply.error(), (405, "MethodNotAllowed".to_owned()));
}

#[tokio::test]
async fn arm_010_every_spelling_of_a_path_is_the_same_path() {
    let app = App::start().await;
    let list = "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01";
    let g1 = crate::app::path("~G1");
    let expected = app.get(&format!("{g1}{list}")).await.with(200);
    assert_eq!(expected["value"].as_array().unwrap().len(), 2);
    let upper =
        g1.replace("/subscriptions/", "/SUBSCRIPTIONS/").replace("resourceGroups/payroll", "RESOURCEGROUPS/PAYROLL");
    for target in [
        format!("/{g1}{list}"),
        format!("{upper}{list}"),
        format!("{g1}//providers/microsoft.authorization/ROLEASSIGNMENTS/?api-version=2022-04-01"),
        format!("/providers/Microsoft.Subscription{g1}{list}"),
        format!("{g1}{list}&api-version=2022-04-01&disambiguation_dummy&$select=x"),
        format!("{g1}/providers/Microsoft.Authorization/roleAssignments?%24filter=&Api-Version=2022-04-01"),
    ] {
        assert_eq!(app.get(&target).await.with(200), expected, "{target}");
    }
}

#[tokio::test]
async fn arm_007_every_version_is_taken_where_it_is_served() {
    let app = App::start().await;
    for (collection, versions) in [
        (
            "roleAssignments",
            &[
                "2022-04-01",
                "2020-04-01-preview",
                "2020-10-01-preview",
                "2018-09-01-preview",
                "2018-01-01-preview",
                "2015-07-01",
            ][..],
        ),
        ("roleDefinitions", &["2022-04-01", "2022-05-01-preview", "2018-01-01-preview", "2015-07-01"]),
        ("permissions", &["2022-04-01", "2022-05-01-preview", "2018-01-01-preview", "2015-07-01"]),
        ("denyAssignments", &["2022-04-01", "2018-07-01-preview", "2024-07-01-preview"]),
        ("classicAdministrators", &["2015-07-01", "2015-06-01"]),
    ] {
        for version in versions {
            let target = format!("~S/providers/Microsoft.Authorization/{collection}?api-version={version}");
            assert_eq!(app.get(&target).await.status, 200, "{target}");
        }
        let other = format!("~S/providers/Microsoft.Authorization/{collection}?api-version=2016-06-01");
        let reply = app.get(&other).await;
        assert_eq!(reply.error(), (400, "NoRegisteredProviderFound".to_owned()));
        assert!(reply.message().contains(collection) && reply.message().contains(versions[0]), "{}", reply.message());
    }
    for version in ["2021-04-01", "2022-09-01", "2020-06-01", "2019-10-01", "2024-11-01", "2025-04-01"] {
        assert_eq!(app.get(&format!("~S/resourcegroups?api-version={version}")).await.status, 200, "{version}");
    }
}

#[tokio::test]
async fn arm_011_what_is_not_there_is_said_by_its_kind() {
    let app = App::start().await;
    let unknown =
        format!("/subscriptions/{TENANT}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01");
    assert_eq!(app.get(&unknown).await.error(), (404, "SubscriptionNotFound".to_owned()));
    let group = "~S/resourceGroups/nope/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01";
    assert_eq!(app.get(group).await.error(), (404, "ResourceGroupNotFound".to_owned()));
    // Of management groups only those learn who may look at all of them.
    let group = "/providers/Microsoft.Management/managementGroups/nope/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01";
    assert_eq!(app.get(group).await.error(), (403, "AuthorizationFailed".to_owned()));
    app.send("ga", Method::POST, "/providers/Microsoft.Authorization/elevateAccess?api-version=2015-07-01", "").await;
    assert_eq!(app.asked("ga", group).await.error(), (404, "ManagementGroupNotFound".to_owned()));
    // A resource need not be registered.
    let resource =
        "~G2/providers/Microsoft.X/things/t/providers/Microsoft.Authorization/permissions?api-version=2022-04-01";
    assert_eq!(app.get(resource).await.status, 200);
}

#[tokio::test]
async fn arm_012_wrong_methods_types_and_namespaces_have_their_codes() {
    let app = App::start().await;
    for (method, target, status, code, allow) in [
        (
            Method::POST,
            "~S/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01",
            405,
            "MethodNotAllowed",
            "GET",
        ),
        (
            Method::PATCH,
            "~S/providers/Microsoft.Authorization/roleDefinitions/x?api-version=2022-04-01",
            405,
            "MethodNotAllowed",
            "GET, PUT, DELETE",
        ),
        (
            Method::GET,
            "/providers/Microsoft.Authorization/elevateAccess?api-version=2015-07-01",
            405,
            "MethodNotAllowed",
            "POST",
        ),
        (
            Method::GET,
            "~S/providers/Microsoft.Authorization/nope?api-version=2022-04-01",
            400,
            "InvalidResourceType",
            "",
        ),
        (Method::GET, "~S/providers/Microsoft.Nope/things?api-version=2022-04-01", 404, "InvalidResourceNamespace", ""),
        (Method::GET, "/providers/Microsoft.Nope?api-version=2022-04-01", 404, "InvalidResourceNamespace", ""),
        (
            Method::GET,
            "~S/providers/Microsoft.Authorization/permissions/a/b?api-version=2022-04-01",
            404,
            "InvalidRequestUri",
            "",
        ),
    ] {
        let reply = app.send("alice", method, target, "").await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{target}");
        if !allow.is_empty() {
            assert_eq!(reply.header("allow"), allow);
        }
    }
}
