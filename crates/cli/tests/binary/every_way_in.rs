//! The same attacks by every way in (F12, F13, F18): name and password, cookie, API token, tokens of our issuer by code,
//! device code and refresh; over HTTP, against the whole program. Outside issuers have theirs beside this one.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::{
    ephor::{Answer, Demo, call},
    second_factor::code,
};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// `az`.
const CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const BACK: &str = "http://localhost:8400";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Credentials of somebody, as header fields.
#[derive(Debug, Clone)]
struct Way {
    name: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Way {
    fn new(name: &'static str, field: &'static str, value: String) -> Self {
        Self { name, fields: vec![(field, value)] }
    }

    fn bearer(name: &'static str, token: &str) -> Self {
        Self::new(name, "Authorization", format!("Bearer {token}"))
    }

    fn send(&self, demo: &Demo, method: &str, path: &str, body: &str) -> Answer {
        let origin = ("Origin", demo.url());
        let mut headers: Vec<(&str, &str)> = self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend([JSON, origin]);
        call(demo.url(), method, path, &headers, body)
    }

    /// What PAM answers.
    fn pam(&self, demo: &Demo) -> u16 {
        self.send(demo, "GET", "/api/pamresources/pamroles?v=1", "").status
    }
}

/// Somebody with everything he can sign in with.
struct Person<'d> {
    demo: &'d Demo,
    who: &'static str,
    session: String,
    api_token: (String, String),
    refresh: String,
    ways: Vec<Way>,
}

impl<'d> Person<'d> {
    fn sign_in(demo: &'d Demo, who: &'static str) -> Self {
        let facts = &demo.facts["users"][who];
        let (name, password) = (facts["upn"].as_str().unwrap(), facts["password"].as_str().unwrap());
        let pair = json!({"username": name, "password": password, "code": code(demo, who)});
        let begun = call(demo.url(), "POST", "/api/admin/v1/session", &[JSON], &pair.to_string());
        assert_eq!(begun.status, 201, "{begun:?}");
        let session = begun.json()["secret"].as_str().unwrap().to_owned();
        let order = json!({"label": "test", "scopes": ["Pam.Use", "Ephor.Admin"], "lifetime": 7_000_000});
        let path = format!("/api/admin/v1/users/{}/tokens", facts["id"].as_str().unwrap());
        let bearer = format!("Bearer {session}");
        let made = call(demo.url(), "POST", &path, &[JSON, ("Authorization", &bearer)], &order.to_string()).json();
        let api_token = (made["token"].as_str().unwrap().to_owned(), made["tokenId"].as_str().unwrap().to_owned());
        let by_code = by_code(demo, &session);
        let by_device = by_device(demo, &session);
        let refreshed = refresh(demo, by_code["refresh_token"].as_str().unwrap()).json();
        let basic = STANDARD.encode(format!("{name}:{password}"));
        let access = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
        let ways = vec![
            Way::new("name and password", "Authorization", format!("Basic {basic}")),
            Way::new("cookie", "Cookie", format!("ephor-plain={session}")),
            Way::bearer("API token", &api_token.0),
            Way::bearer("token by code", &access(&by_code)),
            Way::bearer("token by device code", &access(&by_device)),
            Way::bearer("token by refresh", &access(&refreshed)),
        ];
        let refresh = refreshed["refresh_token"].as_str().unwrap().to_owned();
        Self { demo, who, session, api_token, refresh, ways }
    }

    fn way(&self, name: &str) -> &Way {
        self.ways.iter().find(|way| way.name == name).unwrap()
    }

    /// What PAM answers to each way.
    fn pam(&self) -> BTreeMap<&'static str, u16> {
        self.ways.iter().map(|way| (way.name, way.pam(self.demo))).collect()
    }
}

fn issuer(demo: &Demo, path: &str) -> String {
    format!("/{}/{path}", demo.facts["tenant"].as_str().unwrap())
}

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn scope(demo: &Demo) -> String {
    format!("openid offline_access {}/.default", demo.facts["https"].as_str().unwrap())
}

fn token(demo: &Demo, pairs: &[(&str, &str)]) -> Answer {
    call(demo.url(), "POST", &issuer(demo, "oauth2/v2.0/token"), &[FORM], &form(pairs))
}

/// The browser of a session, at a form of ours.
fn submit(demo: &Demo, session: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let cookie = format!("ephor-plain={session}");
    let headers = [FORM, ("Cookie", &cookie), ("Origin", demo.url())];
    call(demo.url(), "POST", &issuer(demo, path), &headers, &form(pairs))
}

fn code_of(demo: &Demo, session: &str) -> String {
    let scope = scope(demo);
    let order = [
        ("client_id", CLIENT),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", &scope),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("decision", "allow"),
    ];
    let allowed = submit(demo, session, "oauth2/v2.0/authorize/decision", &order);
    let location = allowed.field("location").unwrap_or_else(|| panic!("{allowed:?}")).to_owned();
    let query = url::Url::parse(&location).unwrap();
    query.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

fn redeem(demo: &Demo, code: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("redirect_uri", BACK),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    token(demo, &form)
}

fn by_code(demo: &Demo, session: &str) -> Value {
    redeem(demo, &code_of(demo, session)).json()
}

fn by_device(demo: &Demo, session: &str) -> Value {
    let begin = form(&[("client_id", CLIENT), ("scope", &scope(demo))]);
    let device = call(demo.url(), "POST", &issuer(demo, "oauth2/v2.0/devicecode"), &[FORM], &begin).json();
    let shown = device["user_code"].as_str().unwrap();
    let allowed = submit(demo, session, "oauth2/deviceauth", &[("code", shown), ("decision", "allow")]);
    assert_eq!(allowed.status, 200, "{allowed:?}");
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let device = device["device_code"].as_str().unwrap();
    token(demo, &[("grant_type", grant), ("client_id", CLIENT), ("device_code", device)]).json()
}

fn refresh(demo: &Demo, refresh: &str) -> Answer {
    token(demo, &[("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh)])
}

fn advance(demo: &Demo, by: &str) {
    let order = json!({ "advance": by }).to_string();
    assert_eq!(call(demo.url(), "POST", "/demo/clock", &[JSON], &order).status, 200);
}

/// What waits for pat.
fn waiting(demo: &Demo) -> Vec<String> {
    let rows = demo.by("pat", &["pam", "to-approve", "--json"]).json();
    let ids = rows.as_array().unwrap().iter().map(|row| row["ApprovalObjectID"]["Value"].as_str().unwrap().to_owned());
    ids.collect()
}

/// Asks for the database role and answers the approval that waits, as pat sees it.
fn ask(way: &Way, demo: &Demo) -> String {
    let before = waiting(demo);
    let order = json!({"RoleId": demo.facts["pam"]["roles"]["R1"], "Justification": "why not", "RequestedTTL": "600"});
    let made = way.send(demo, "POST", "/api/pamresources/pamrequests?v=1", &order.to_string());
    assert_eq!((made.status, made.json()["RequestStatus"].as_str()), (201, Some("PendingApproval")), "{made:?}");
    waiting(demo).into_iter().find(|id| !before.contains(id)).unwrap()
}

fn approve(way: &Way, demo: &Demo, approval: &str) -> Answer {
    let path = format!("/api/pamresources/pamrequeststoapprove(guid'{approval}')/Approve?v=1");
    way.send(demo, "POST", &path, "")
}

#[test]
fn f13_nobody_decides_for_himself_by_any_way_in() {
    let demo = Demo::start(&["--simulated-clock"]);
    let sam = Person::sign_in(&demo, "sam");
    assert!(sam.pam().values().all(|status| *status == 200), "{:?}", sam.pam());
    // His own request, asked by one way and decided by each other.
    for (asking, way) in sam.ways.iter().enumerate() {
        let approval = ask(way, &demo);
        for deciding in &sam.ways {
            let refused = approve(deciding, &demo, &approval);
            assert_eq!(refused.status, 403, "asked by {}, decided by {}: {refused:?}", way.name, deciding.name);
        }
        // An application never decides.
        let app = &demo.facts["apps"]["app1"];
        let secret = [
            ("grant_type", "client_credentials"),
            ("client_id", app["appId"].as_str().unwrap()),
            ("client_secret", app["secret"].as_str().unwrap()),
            ("scope", &format!("{}/.default", demo.facts["https"].as_str().unwrap())),
        ];
        let app = token(&demo, &secret).json();
        let app = Way::bearer("application", app["access_token"].as_str().unwrap());
        assert!([401, 403].contains(&approve(&app, &demo, &approval).status), "{asking}");
    }

    // Another account of his is no other person.
    let waiting = ask(sam.way("token by code"), &demo);
    demo.by("ada", &["admin", "person", "link", "sam", "pat"]).good();
    let pat = Person::sign_in(&demo, "pat");
    for way in &pat.ways {
        assert_eq!(approve(way, &demo, &waiting).status, 403, "{}", way.name);
    }

    // For somebody else each of them decides, but a token without its person does not after twelve hours.
    let jen = Person::sign_in(&demo, "jen");
    for way in &pat.ways {
        let approval = ask(jen.way("cookie"), &demo);
        let done = approve(way, &demo, &approval);
        assert_eq!(done.status, 200, "{}: {done:?}", way.name);
    }
    let approval = ask(jen.way("API token"), &demo);
    advance(&demo, "PT12H");
    let refused = approve(pat.way("API token"), &demo, &approval);
    assert_eq!(refused.status, 403, "{refused:?}");
    let log = demo.by("ada", &["admin", "log", "list", "--json"]).good();
    assert!(log.contains("\"methods\":\"password totp\""), "decisions say what was proved");
    demo.stop();
}

#[test]
fn f18_what_ended_opens_nothing_by_any_way_in() {
    let demo = Demo::start(&["--simulated-clock"]);
    let jen = Person::sign_in(&demo, "jen");
    let open = |jen: &Person<'_>| {
        let open: Vec<&str> =
            jen.pam().into_iter().filter(|(_, status)| *status == 200).map(|(name, _)| name).collect();
        open.join(", ")
    };
    let all = "API token, cookie, name and password, token by code, token by device code, token by refresh";
    assert_eq!(open(&jen), all);

    // A code a second time ends what came of it, and so does a refresh token.
    let code = code_of(&demo, &jen.session);
    let first = redeem(&demo, &code).json();
    let of_code = Way::bearer("of the code", first["access_token"].as_str().unwrap());
    assert_eq!(of_code.pam(&demo), 200);
    assert_eq!(redeem(&demo, &code).status, 400);
    assert_eq!(of_code.pam(&demo), 401);
    assert_eq!(refresh(&demo, first["refresh_token"].as_str().unwrap()).status, 400);
    let second = refresh(&demo, &jen.refresh).json();
    assert_eq!(refresh(&demo, &jen.refresh).status, 400, "a refresh token that was turned over");
    assert_eq!(refresh(&demo, second["refresh_token"].as_str().unwrap()).status, 400, "its family is dead");
    assert_eq!(open(&jen), "API token, cookie, name and password, token by device code");

    // A cookie that was copied before the sign-out.
    let cookie = format!("ephor-plain={}", jen.session);
    let out = call(demo.url(), "POST", "/portal/sign-out", &[FORM, ("Cookie", &cookie), ("Origin", demo.url())], "");
    assert_eq!(out.status, 303, "{out:?}");
    assert_eq!(open(&jen), "API token, name and password, token by device code");
    let carried = Way::bearer("session as token", &jen.session);
    assert_eq!(carried.send(&demo, "GET", "/api/admin/v1/me", "").status, 401);
    let asked = submit(&demo, &jen.session, "oauth2/v2.0/authorize/decision", &[("decision", "allow")]);
    assert_ne!(asked.status, 200, "{asked:?}");

    let path = format!(
        "/api/admin/v1/users/{}/tokens/{}",
        demo.facts["users"]["jen"]["id"].as_str().unwrap(),
        jen.api_token.1
    );
    assert_eq!(jen.way("API token").send(&demo, "DELETE", &path, "").status, 204);
    assert_eq!(open(&jen), "name and password, token by device code");

    // A disabled account: everything at once, though a password that was right a moment ago is remembered.
    let again = Person::sign_in(&demo, "jen");
    assert_eq!(open(&again), all);
    demo.by("ada", &["admin", "user", "set", jen.who, "--priv-account-active=false"]).good();
    let left: Vec<u16> = again.pam().into_values().chain(jen.pam().into_values()).collect();
    assert!(left.iter().all(|status| [401, 403].contains(status)), "{left:?}");
    demo.stop();
}

#[test]
fn each_face_opens_to_api_tokens_made_for_it_and_to_sessions_of_programs_and_never_to_a_cookie() {
    let demo = Demo::start(&["--simulated-clock"]);
    let jen = Person::sign_in(&demo, "jen");
    let bearer = format!("Bearer {}", jen.session);
    let tokens = format!("/api/admin/v1/users/{}/tokens", demo.facts["users"]["jen"]["id"].as_str().unwrap());
    let made = |scope: &str| {
        let order = json!({"label": scope, "scopes": [scope], "lifetime": 600}).to_string();
        let made = call(demo.url(), "POST", &tokens, &[JSON, ("Authorization", &bearer)], &order).json();
        Way::bearer("API token", made["token"].as_str().unwrap())
    };
    let faces =
        ["/api/pamresources/pamroles?v=1", "/v1.0/me", "/subscriptions?api-version=2022-12-01", "/api/admin/v1/me"];
    let answers = |way: &Way| faces.map(|face| way.send(&demo, "GET", face, "").status);
    assert_eq!(answers(&made("Pam.Use")), [200, 403, 403, 403]);
    assert_eq!(answers(&made("Graph.Use")), [403, 200, 403, 403]);
    assert_eq!(answers(&made("Arm.Use")), [403, 403, 200, 403]);
    assert_eq!(answers(&made("Ephor.Admin")), [403, 403, 403, 200]);
    assert_eq!(answers(&Way::bearer("session", &jen.session)), [200; 4]);
    assert_eq!(answers(jen.way("cookie")), [200, 401, 401, 401], "pages of others send it too");
    assert_eq!(answers(jen.way("name and password")), [200, 401, 401, 401]);
    assert_eq!(answers(jen.way("token by code")), [200, 200, 200, 403]);
    demo.stop();
}

#[test]
fn f18_forged_tokens_open_no_face() {
    let demo = Demo::start(&["--simulated-clock"]);
    let other = Demo::start(&["--simulated-clock"]);
    let order = r#"{"user":"ada"}"#;
    let made = |demo: &Demo| {
        let made = call(demo.url(), "POST", "/demo/token", &[JSON], order);
        made.json()["access_token"].as_str().unwrap().to_owned()
    };
    let good = made(&demo);
    let faces = ["/api/pamresources/sessioninfo?v=1", "/api/admin/v1/users", "/subscriptions?api-version=2022-12-01"];
    let answers = |token: &str| faces.map(|face| Way::bearer("", token).send(&demo, "GET", face, "").status);
    assert_eq!(answers(&good), [200; 3]);

    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims] = [parts[0], parts[1]]
        .map(|part| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() });
    let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |of: &Value, name: &str, value: Value| {
        let mut changed = of.clone();
        changed[name] = value;
        text(&changed)
    };
    let (signature, stranger) = (parts[2], "00000000-0000-4000-8000-000000000000");
    let mut forged = vec![
        ("alg none", format!("{}.{}.", with(&header, "alg", json!("none")), parts[1])),
        ("alg none with a signature", format!("{}.{}.{signature}", with(&header, "alg", json!("None")), parts[1])),
        ("symmetric", format!("{}.{}.{signature}", with(&header, "alg", json!("HS256")), parts[1])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        (
            "a key of its own",
            format!("{}.{}.{signature}", with(&header, "jwk", json!({"kty": "oct", "k": "AA"})), parts[1]),
        ),
        ("of another server", made(&other)),
    ];
    for (name, value) in [
        ("tid", json!(stranger)),
        ("iss", json!("https://evil.example")),
        ("oid", demo.facts["users"]["jen"]["id"].clone()),
        ("acrs", json!(["c1", "c2"])),
        ("amr", json!(["pwd", "mfa", "fido"])),
        ("auth_time", json!(9_999_999_999_i64)),
        ("exp", json!(9_999_999_999_i64)),
        ("scp", json!("Ephor.Admin")),
    ] {
        forged.push((name, format!("{}.{}.{signature}", parts[0], with(&claims, name, value))));
    }
    for (name, token) in &forged {
        assert_eq!(answers(token), [401; 3], "{name}");
    }
    // Over when it says so, by the server's clock.
    advance(&demo, "PT65M");
    assert_eq!(answers(&good), [401; 3]);
    for demo in [demo, other] {
        demo.stop();
    }
}

#[test]
fn f18_a_code_counts_once_wherever_it_is_shown() {
    let demo = Demo::start(&["--simulated-clock"]);
    let pair = |code: &str| {
        let pair = json!({"username": "jen", "password": "demo-password-of-jen", "code": code});
        call(demo.url(), "POST", "/api/admin/v1/session", &[JSON], &pair.to_string())
    };
    let at_portal = |code: &str| {
        let headers = [FORM, ("Origin", demo.url())];
        let begun = call(demo.url(), "POST", "/portal/sign-in", &headers, "name=jen&password=demo-password-of-jen");
        let step = format!("ephor-plain-step={}", begun.cookie("ephor-plain-step").unwrap());
        let headers = [FORM, ("Origin", demo.url()), ("Cookie", &step)];
        call(demo.url(), "POST", "/portal/sign-in/second", &headers, &format!("code={code}"))
    };
    let used = code(&demo, "jen");
    assert_eq!(pair(&used).status, 201);
    let asked = demo.by("jen", &["pam", "request", "Server Maintenance", "--json"]).json();
    let request = asked["RequestId"].as_str().unwrap();
    assert_eq!(pair(&used).json()["code"], "mfa_replayed");
    let portal = at_portal(&used);
    assert!(portal.status == 403 && portal.cookie("ephor-plain").is_none(), "{portal:?}");
    let answered = demo.by("jen", &["mfa", "answer", request, "--code", &used]).complaint(2);
    assert!(answered.contains("mfa_replayed"), "{answered}");
    let next = code(&demo, "jen");
    let done = at_portal(&next);
    assert!(done.status == 303 && done.cookie("ephor-plain").is_some(), "{done:?}");
    assert_eq!(pair(&next).json()["code"], "mfa_replayed");
    demo.stop();
}

#[test]
fn f12_no_body_says_who_may_what_by_any_way_in() {
    let demo = Demo::start(&["--simulated-clock"]);
    let jen = Person::sign_in(&demo, "jen");
    let pat = demo.facts["users"]["pat"]["id"].clone();
    let roles = &demo.facts["pam"]["roles"];
    for way in &jen.ways {
        for (name, value) in [
            ("RequestStatus", json!("Active")),
            ("RequestId", json!("00000000-0000-4000-8000-000000000001")),
            ("Approvers", json!([demo.facts["users"]["jen"]["id"]])),
            ("RequestorId", pat.clone()),
            ("ExpirationTime", json!("2099-01-01T00:00:00Z")),
            ("MFAEnabled", json!(false)),
        ] {
            let mut order = json!({"RoleId": roles["R1"], "Justification": "x", "RequestedTTL": "600"});
            order[name] = value.clone();
            let made = way.send(&demo, "POST", "/api/pamresources/pamrequests?v=1", &order.to_string());
            if made.status == 201 {
                let made = made.json();
                assert_eq!(made["RequestStatus"], "PendingApproval", "{}, {name}: {made}", way.name);
                assert_ne!(made[name], value, "{}: {made}", way.name);
            } else {
                assert_eq!(made.status, 400, "{}, {name}: {made:?}", way.name);
            }
        }
    }
    // Whose they are is the caller's own word by none of them.
    let theirs = demo.by("pat", &["pam", "requests", "--json"]).json();
    assert!(theirs.as_array().is_none_or(Vec::is_empty), "{theirs}");
    demo.stop();
}

#[test]
fn nobody_learns_which_accounts_there_are_and_failures_stay_few_in_the_record() {
    let demo = Demo::start(&["--simulated-clock"]);
    let at_portal = |name: &str| {
        let headers = [FORM, ("Accept", "text/html"), ("Origin", demo.url())];
        let body = form(&[("name", name), ("password", "not the password at all")]);
        let answer = call(demo.url(), "POST", "/portal/sign-in", &headers, &body);
        (answer.status, answer.body.replace(&format!("value=\"{name}\""), ""))
    };
    let at_session = |name: &str| {
        let body = json!({"username": name, "password": "not the password at all"}).to_string();
        let answer = call(demo.url(), "POST", "/api/admin/v1/session", &[JSON], &body);
        (answer.status, answer.body)
    };
    let at_pam = |name: &str| {
        let basic = STANDARD.encode(format!("{name}:not the password at all"));
        let headers = [("Authorization", format!("Basic {basic}"))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = call(demo.url(), "GET", "/api/pamresources/pamroles?v=1", &headers, "");
        (answer.status, answer.body)
    };
    let at_token = |name: &str| {
        let (scope, path) = (scope(&demo), issuer(&demo, "oauth2/v2.0/token"));
        let body = form(&[
            ("grant_type", "password"),
            ("client_id", CLIENT),
            ("username", name),
            ("password", "not the password at all"),
            ("scope", &scope),
        ]);
        let answer = call(demo.url(), "POST", &path, &[FORM], &body);
        (answer.status, answer.json()["error"].clone(), answer.json()["error_codes"].clone())
    };
    let names = ["jen", "ada", "off", "nobody"];
    let portal: Vec<_> = names.iter().map(|name| at_portal(name)).collect();
    let session: Vec<_> = names.iter().map(|name| at_session(name)).collect();
    let pam: Vec<_> = names.iter().map(|name| at_pam(name)).collect();
    let token: Vec<_> = names.iter().map(|name| at_token(name)).collect();
    assert!(portal.iter().all(|one| *one == portal[0]) && portal[0].0 == 403, "{portal:?}");
    assert!(session.iter().all(|one| *one == session[0]) && session[0].0 == 401, "{session:?}");
    assert!(pam.iter().all(|one| *one == pam[0]) && pam[0].0 == 401, "{pam:?}");
    assert!(token.iter().all(|one| *one == token[0]) && token[0].0 == 400, "{token:?}");

    for _ in 0..30 {
        at_session("jen");
    }
    advance(&demo, "PT2M");
    let log = demo.by("ada", &["admin", "log", "list", "--json"]).good();
    let failed = log.matches("\"signin.failed\"").count();
    // Ten one by one, and the counts of account and address.
    assert!((1..=12).contains(&failed), "{failed}");
    assert!(!log.contains("not the password"), "{log}");
    demo.stop();
}
