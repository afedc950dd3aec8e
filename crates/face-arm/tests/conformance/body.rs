//! Bodies in, bodies out: tolerant of what clients send, strict in what they get.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    app::{App, path, who},
    story::{
        CONTRIBUTOR, ELIGIBLE, RBAC, READER, V, active, at, eligible, give, make_eligible, members, name, order,
        request, rows, with,
    },
};

#[tokio::test]
async fn arm_009_every_error_has_the_same_shape() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    let body = || order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P30D")).to_string();
    let good = request("~S", ELIGIBLE, 2);
    let large = "x".repeat(1_048_577);
    for (key, method, target, sent, status, code) in [
        ("alice", Method::PUT, good.clone(), body(), 400, "RoleAssignmentExists"),
        ("alice", Method::PUT, request("~S", ELIGIBLE, 1), body(), 409, "RoleAssignmentRequestExists"),
        ("alice", Method::PUT, good.clone(), "{".to_owned(), 400, "InvalidRequestContent"),
        ("alice", Method::PUT, good.clone(), large, 413, "RequestEntityTooLarge"),
        ("alice", Method::PUT, good.replace("2020-10-01", "2016-06-01"), body(), 400, "NoRegisteredProviderFound"),
        ("alice", Method::PUT, good.replace("2020-10-01", "soon"), body(), 400, "InvalidApiVersionParameter"),
        ("alice", Method::PUT, good.replace(&format!("?{V}"), ""), body(), 400, "MissingApiVersionParameter"),
        ("alice", Method::DELETE, good.clone(), String::new(), 405, "MethodNotAllowed"),
        ("alice", Method::POST, good.clone(), String::new(), 405, "MethodNotAllowed"),
        ("alice", Method::GET, good.clone(), String::new(), 404, "RoleEligibilityScheduleRequestNotFound"),
        ("alice", Method::GET, at("~S", &format!("roleThings?{V}")), String::new(), 400, "InvalidResourceType"),
        ("bob", Method::PUT, good.clone(), body(), 403, "AuthorizationFailed"),
        ("bob", Method::GET, at("~S", &format!("{ELIGIBLE}?{V}")), String::new(), 400, "InsufficientPermissions"),
        ("bob", Method::GET, at("~S", &format!("{ELIGIBLE}?{V}&$filter=x")), String::new(), 400, "UnsupportedFilter"),
    ] {
        let reply = app.send(key, method.clone(), &target, sent).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{method} {target}");
        // A head alone says the same without the body.
        if method == Method::GET {
            let head = app.send(key, Method::HEAD, &target, "").await;
            assert!(head.text.is_empty() && head.status.is_client_error(), "{target}");
        }
    }
    let anonymous = app.call(Method::PUT, &good, &[]).await;
    assert_eq!(anonymous.error(), (401, "AuthenticationFailed".to_owned()));
    assert!(anonymous.header("www-authenticate").starts_with("Bearer authorization_uri="));
    assert_eq!(rows(&app, ELIGIBLE).await.len(), 1);
}

#[tokio::test]
async fn arm_016_names_in_any_letters_unknown_members_and_a_byte_order_mark() {
    let app = App::start().await;
    let text = format!(
        "\u{feff} {{\"PROPERTIES\": {{\"PRINCIPALID\": \"{}\", \"rOLEDefinitionID\": \"{CONTRIBUTOR}\",
            \"RequestType\": \"adminASSIGN\", \"JUSTIFICATION\": \"x\", \"IsValidationOnly\": true, \"level\": [1, {{}}],
            \"scope\": \"{}\", \"status\": \"Provisioned\", \"createdOn\": 7, \"requestorId\": \"me\", \"approvalId\": {{}},
            \"principalType\": \"Device\", \"expandedProperties\": null, \"ScheduleInfo\": {{\"STARTDATETIME\": null,
            \"reOccurrence\": {{}}, \"expiration\": {{\"TYPE\": \"afterduration\", \"DURATION\": \"P30D\", \"x\": 1}}}}}},
            \"id\": 7, \"name\": null, \"type\": [], \"isOrganizationDefault\": \"no\"}}\n",
        who("bob").to_string().to_uppercase(),
        path("~S").to_uppercase(),
    );
    let target = request("~S", ELIGIBLE, 1);
    let made = app.send("alice", Method::PUT, &target, text).await.with(201);
    let properties = &made["properties"];
    assert_eq!((&properties["principalId"], &properties["principalType"]), (&json!(who("bob")), &json!("User")));
    assert_eq!((&properties["requestType"], &properties["scope"]), (&json!("AdminAssign"), &json!(path("~S"))));
    assert_eq!(properties["requestorId"], who("alice").to_string());
    assert_eq!(
        properties["scheduleInfo"]["expiration"],
        json!({"type": "AfterDuration", "duration": "P30D", "endDateTime": null})
    );
    assert_eq!(rows(&app, "roleEligibilitySchedules").await.len(), 1);
    // Any content type, and none, is read as JSON.
    let token = app.token(json!({"oid": who("alice")})).await;
    let bearer = format!("Bearer {token}");
    for (number, kind) in [(10_u128, "text/plain"), (11, "application/json; charset=utf-8"), (12, "")] {
        let body = order(
            "AdminAssign",
            READER,
            who(["bob", "carol", "dave"][usize::try_from(number - 10).unwrap()]),
            Some("P1D"),
        );
        let mut headers = vec![("authorization", bearer.as_str())];
        if !kind.is_empty() {
            headers.push(("content-type", kind));
        }
        let reply = app.sent(Method::PUT, &request("~S", ELIGIBLE, number), &headers, body.to_string()).await;
        assert_eq!(reply.status, 201, "{kind}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_scope_in_the_body_is_that_of_the_address_or_a_relative_of_it() {
    let app = App::start().await;
    let say = |scope: &str| with(order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P1D")), json!({"scope": scope}));
    for other in ["~G2", "~S2"] {
        assert_eq!(
            eligible(&app, 1, "~G1", say(&path(other))).await.error(),
            (400, "InvalidScope".to_owned()),
            "{other}"
        );
    }
    assert_eq!(eligible(&app, 1, "~G1", say("nowhere at all")).await.error(), (400, "InvalidScope".to_owned()));
    for (number, near) in [(1, path("~S")), (2, path("~X")), (3, path("~G1").to_uppercase()), (4, String::new())] {
        let made = eligible(&app, number, "~G1", say(&near)).await.with(201);
        assert_eq!(made["properties"]["scope"], path("~G1"), "the address decides");
        eligible(&app, 10 + number, "~G1", order("AdminRemove", CONTRIBUTOR, who("bob"), None)).await.with(201);
    }
}

#[tokio::test]
async fn instants_and_lengths_are_read_as_clients_write_them() {
    let app = App::start().await;
    let soon = |text: &str| {
        let schedule = json!({"startDateTime": text, "expiration": {"type": "AfterDuration", "duration": "PT8H"}});
        with(order("AdminAssign", CONTRIBUTOR, who("bob"), None), json!({"scheduleInfo": schedule}))
    };
    for (number, sent, shown) in [
        (1, "2026-06-30T01:00:00Z", "2026-06-30T01:00:00Z"),
        (2, "2026-06-30T01:00:00.1234567Z", "2026-06-30T01:00:00.1234567Z"),
        (3, "2026-06-30T01:00:00.5+02:00", "2026-06-29T23:00:00.5Z"),
        (4, "2026-06-30T01:00:00", "2026-06-30T01:00:00Z"),
        (5, "2026-06-30 01:00:00-01:00", "2026-06-30T02:00:00Z"),
        (6, "2026-06-30T01:00Z", "2026-06-30T01:00Z"),
    ] {
        let made = eligible(&app, number, "~S", soon(sent)).await.with(201);
        assert_eq!(made["properties"]["status"], "Granted", "{sent}");
        assert_eq!(made["properties"]["scheduleInfo"]["startDateTime"], shown, "{sent}");
        assert_eq!(made["properties"]["scheduleInfo"]["expiration"]["duration"], "PT8H");
        let read: jiff::Timestamp = shown.parse().unwrap();
        let row = rows(&app, "roleEligibilitySchedules").await.remove(0);
        let start: jiff::Timestamp = row["properties"]["startDateTime"].as_str().unwrap().parse().unwrap();
        assert_eq!(start.as_microsecond(), read.as_microsecond(), "{sent}");
        eligible(&app, 10 + number, "~S", order("AdminRemove", CONTRIBUTOR, who("bob"), None)).await.with(201);
    }
    for (number, length) in (30..).zip(["P30D", "PT720H", "P1M", "P4W", "P1DT1H", "PT24H1S", "PT480M", "p1d"]) {
        let made = eligible(&app, number, "~S", order("AdminAssign", CONTRIBUTOR, who("bob"), Some(length))).await;
        if length == "p1d" {
            assert_eq!(made.error().1, "InvalidRoleAssignmentRequestSchedule", "letters of ISO 8601 are capital");
            continue;
        }
        let made = made.with(201);
        assert_eq!(made["properties"]["scheduleInfo"]["expiration"]["duration"], length);
        eligible(&app, 100 + number, "~S", order("AdminRemove", CONTRIBUTOR, who("bob"), None)).await.with(201);
    }
    // Far away is as far as time goes.
    let for_ever =
        json!({"startDateTime": "9999-12-31T23:59:59Z", "expiration": {"type": "AfterDuration", "duration": "P1Y"}});
    let far = with(order("AdminAssign", CONTRIBUTOR, who("bob"), None), json!({"scheduleInfo": for_ever}));
    assert_eq!(eligible(&app, 50, "~S", far).await.status, StatusCode::BAD_REQUEST);
    let endless = order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P999999999999999999999Y"));
    assert_eq!(eligible(&app, 50, "~S", endless).await.error().1, "InvalidRoleAssignmentRequestSchedule");
}

#[tokio::test]
async fn names_are_echoed_as_written_and_found_in_any_letters() {
    let app = App::start().await;
    let written = "01927AbC-dEf0-7aBc-8DEF-0123456789aB";
    let target = at("~S", &format!("{ELIGIBLE}/{written}?{V}"));
    let made = app.put("alice", &target, order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P1D"))).await.with(201);
    assert_eq!(made["name"], written);
    assert_eq!(made["id"], at("~S", &format!("RoleEligibilityScheduleRequests/{written}")));
    let schedule = rows(&app, "roleEligibilitySchedules").await.remove(0);
    assert_eq!(schedule["properties"]["roleEligibilityScheduleRequestId"], made["id"]);
    for found in [written.to_lowercase(), written.to_uppercase()] {
        assert_eq!(app.get(&at("~S", &format!("{ELIGIBLE}/{found}?{V}"))).await.with(200), made);
    }
    for bad in [
        "{01927abc-def0-7abc-8def-0123456789ab}",
        "01927abcdef07abc8def0123456789ab",
        "1",
        "01927abc-def0-7abc-8def-0123456789ag",
    ] {
        let refused = app.put("alice", &at("~S", &format!("{ELIGIBLE}/{bad}?{V}")), json!({})).await;
        assert!(refused.status.is_client_error(), "{bad}: {}", refused.text);
        assert_eq!(
            refused.error().1,
            if bad.starts_with('{') { refused.error().1 } else { "InvalidRoleAssignmentRequestName".to_owned() }
        );
    }
}

#[tokio::test]
async fn arm_017_018_bodies_are_read_or_refused_whole() {
    let app = App::start().await;
    let target = at("~S", &format!("roleAssignments/{}?{RBAC}", name(1)));
    for body in ["{", "[]", "nothing", "{\"properties\":{}}", "{\"properties\":{\"roleDefinitionId\":1}}", "\u{0}", ""]
    {
        let reply = app.send("alice", Method::PUT, &target, body.to_owned()).await;
        assert_eq!(reply.error(), (400, "InvalidRequestContent".to_owned()), "{body}");
    }
    assert_eq!(app.get(&target).await.error(), (404, "RoleAssignmentNotFound".to_owned()));
    let of_request = request("~S", ELIGIBLE, 2);
    let deep = format!("{}{}", "{\"properties\":".repeat(5_000), "}".repeat(5_000));
    for body in ["", "{", "[]", "null", "\"x\"", "{\"properties\":{}}{}", "\u{feff}", "{\"a\":\"\\ud800\"}", &deep] {
        for (method, target) in
            [(Method::PUT, of_request.clone()), (Method::POST, of_request.replace('?', "/validate?"))]
        {
            let reply = app.send("alice", method, &target, body.to_owned()).await;
            assert_eq!(reply.error(), (400, "InvalidRequestContent".to_owned()), "{}", &body[..body.len().min(50)]);
        }
    }
    let bytes = b"{\"properties\":{\"justification\":\"\xff\xfe\"}}".to_vec();
    assert_eq!(app.send("alice", Method::PUT, &of_request, bytes).await.error().1, "InvalidRequestContent");
    assert!(rows(&app, ELIGIBLE).await.is_empty());
    // To the last byte that is allowed.
    let mut full = order("AdminAssign", CONTRIBUTOR, who("bob"), Some("P1D"));
    full["padding"] = json!("");
    let room = 1_048_576 - full.to_string().len();
    full["padding"] = json!("x".repeat(room + 1));
    let reply = app.send("alice", Method::PUT, &of_request, full.to_string()).await;
    assert_eq!(reply.error(), (413, "RequestEntityTooLarge".to_owned()));
    full["padding"] = json!("x".repeat(room));
    assert_eq!(app.send("alice", Method::PUT, &of_request, full.to_string()).await.status, 201);
    let long = with(
        order("AdminAssign", READER, who("bob"), Some("P1D")),
        json!({"ticketInfo": {"ticketNumber": "x".repeat(8_193)}}),
    );
    assert_eq!(eligible(&app, 3, "~S", long).await.error(), (400, "InvalidRoleAssignmentRequest".to_owned()));
    let long = with(order("AdminAssign", READER, who("bob"), Some("P1D")), json!({"justification": "x".repeat(4_001)}));
    assert_eq!(eligible(&app, 3, "~S", long).await.error(), (400, "InvalidRoleAssignmentRequest".to_owned()));
    // In pieces, and broken off.
    let text = format!("\u{feff}{}", order("AdminAssign", READER, who("carol"), Some("P1D")));
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = text.as_bytes().chunks(7).map(|it| Ok(it.to_vec())).collect();
    let broken: Vec<Result<Vec<u8>, std::io::Error>> = text
        .as_bytes()
        .chunks(7)
        .take(9)
        .map(|it| Ok(it.to_vec()))
        .chain([Err(std::io::Error::other("gone"))])
        .collect();
    let stream = |pieces| Body::from_stream(futures_util::stream::iter(pieces));
    let reply = app.send("alice", Method::PUT, &request("~S", ELIGIBLE, 4), stream(broken)).await;
    assert_eq!(reply.error(), (400, "InvalidRequestContent".to_owned()));
    assert_eq!(app.send("alice", Method::PUT, &request("~S", ELIGIBLE, 4), stream(pieces)).await.status, 201);
    let flood: Vec<Result<Vec<u8>, std::io::Error>> = (0..2_000).map(|_| Ok(vec![b' '; 1024])).collect();
    let reply = app.send("alice", Method::PUT, &request("~S", ELIGIBLE, 5), stream(flood)).await;
    assert_eq!(reply.error(), (413, "RequestEntityTooLarge".to_owned()));
}

#[tokio::test]
async fn arm_033_role_assignments_and_definitions_have_exactly_their_members() {
    let app = App::start().await;
    make_eligible(&app, 1, "~S", CONTRIBUTOR, who("bob")).await;
    active(&app, "bob", 2, "~S", order("SelfActivate", CONTRIBUTOR, who("bob"), Some("PT1H"))).await.with(201);
    give(&app, "~G1", 3, READER, who("dave")).await.with(201);
    let check = |row: &Value, inner: &[&str]| {
        assert_eq!(members(row), ["id", "name", "properties", "type"]);
        assert_eq!(members(&row["properties"]), inner);
    };
    let listed = app.get(&at("~S", &format!("roleAssignments?{RBAC}"))).await.with(200);
    let listed = listed["value"].as_array().unwrap();
    assert_eq!(listed.len(), 4, "two Owners, one activation, one below");
    for row in listed {
        check(
            row,
            &[
                "condition",
                "conditionVersion",
                "createdBy",
                "createdOn",
                "delegatedManagedIdentityResourceId",
                "description",
                "principalId",
                "principalType",
                "roleDefinitionId",
                "scope",
                "updatedBy",
                "updatedOn",
            ],
        );
        assert_eq!(app.get(&format!("{}?{RBAC}", row["id"].as_str().unwrap())).await.with(200), *row);
        assert_eq!(row["type"], "Microsoft.Authorization/roleAssignments");
    }
    let own = json!({"properties": {
        "roleName": "Looker", "type": "CustomRole", "assignableScopes": [path("~S")], "permissions": [{"actions": ["*/read"]}],
    }});
    app.put("alice", &at("~S", &format!("roleDefinitions/{}?{RBAC}", name(9))), own).await.with(201);
    let roles = app.get(&at("~S", &format!("roleDefinitions?{RBAC}"))).await.with(200);
    let roles = roles["value"].as_array().unwrap();
    assert!(roles.len() > 5);
    for row in roles {
        check(
            row,
            &[
                "assignableScopes",
                "createdBy",
                "createdOn",
                "description",
                "permissions",
                "roleName",
                "type",
                "updatedBy",
                "updatedOn",
            ],
        );
        for permission in row["properties"]["permissions"].as_array().unwrap() {
            assert_eq!(members(permission), ["actions", "dataActions", "notActions", "notDataActions"]);
        }
    }
}
