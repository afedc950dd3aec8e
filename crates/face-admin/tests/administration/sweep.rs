//! Every operation × every kind of caller. An operation that is missing here fails the test.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::{App, on_both};

/// What a kind of caller gets: the operation itself answers (whatever it says of the unknown ids it is called with), or
/// the caller is refused before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gets {
    /// 401.
    Unknown,
    /// 403 `not_administrator`.
    Refused,
    /// Anything else.
    Served,
}

/// Which administrators an operation is for.
#[derive(Debug, Clone, Copy)]
enum For {
    /// Whoever holds any administrator role.
    Readers,
    /// Who may see the log.
    AuditReaders,
    /// PAM and Global Administrators.
    Pam,
    /// Target and Global Administrators.
    Targets,
    /// Global Administrators.
    Global,
    /// Everybody who signed in.
    Known,
    /// Everybody.
    Anybody,
    /// Nobody but the account itself.
    Oneself,
    /// Nobody, with credentials that are not good.
    Nobody,
}

impl For {
    fn gets(self, caller: &str) -> Gets {
        let administrators: &[&str] = match self {
            Self::Anybody => return Gets::Served,
            Self::Nobody => return Gets::Unknown,
            _ if caller == "anonymous" => return Gets::Unknown,
            Self::Known => return Gets::Served,
            Self::Readers => &["ada", "padm", "tadm", "aud"],
            Self::AuditReaders => &["ada", "padm", "aud"],
            Self::Pam => &["ada", "padm"],
            Self::Targets => &["ada", "tadm"],
            Self::Global => &["ada"],
            Self::Oneself => &[],
        };
        if administrators.contains(&caller) { Gets::Served } else { Gets::Refused }
    }
}

const CALLERS: [&str; 7] = ["anonymous", "eve", "jen", "aud", "tadm", "padm", "ada"];

/// Operation, its call with ids that name nothing, and for whom it is.
fn operations() -> Vec<(&'static str, &'static str, String, Value, For)> {
    const NIL: &str = "00000000-0000-4000-8000-000000000000";
    let at = |path: &str| path.replace('_', NIL);
    let none = Value::Null;
    vec![
        ("document", "GET", at("openapi.json"), none.clone(), For::Anybody),
        (
            "beginSession",
            "POST",
            at("session"),
            json!({"username": "nobody", "password": "correct horse battery"}),
            For::Nobody,
        ),
        ("endSession", "DELETE", at("session"), none.clone(), For::Known),
        ("me", "GET", at("me"), none.clone(), For::Known),
        ("listRoles", "GET", at("roles"), none.clone(), For::Readers),
        ("createRole", "POST", at("roles"), json!({"displayName": "R0"}), For::Pam),
        ("getRole", "GET", at("roles/_"), none.clone(), For::Readers),
        ("setRole", "PATCH", at("roles/_"), json!({}), For::Pam),
        ("removeRole", "DELETE", at("roles/_"), none.clone(), For::Pam),
        ("listCandidates", "GET", at("roles/_/candidates"), none.clone(), For::Readers),
        ("addCandidate", "PUT", at("roles/_/candidates/_"), none.clone(), For::Pam),
        ("removeCandidate", "DELETE", at("roles/_/candidates/_"), none.clone(), For::Pam),
        ("listApprovers", "GET", at("roles/_/approvers"), none.clone(), For::Readers),
        ("addApprover", "PUT", at("roles/_/approvers/_"), none.clone(), For::Pam),
        ("removeApprover", "DELETE", at("roles/_/approvers/_"), none.clone(), For::Pam),
        ("listPrivileges", "GET", at("roles/_/privileges"), none.clone(), For::Readers),
        ("addPrivilege", "PUT", at("roles/_/privileges/_"), none.clone(), For::Pam),
        ("removePrivilege", "DELETE", at("roles/_/privileges/_"), none.clone(), For::Pam),
        ("listUsers", "GET", at("users"), none.clone(), For::Readers),
        ("createUser", "POST", at("users"), json!({"sourceDomain": "", "sourceAccountName": ""}), For::Pam),
        ("getUser", "GET", at("users/_"), none.clone(), For::Readers),
        ("setUser", "PATCH", at("users/_"), json!({}), For::Pam),
        ("removeUser", "DELETE", at("users/_"), none.clone(), For::Pam),
        ("setPassword", "PUT", at("users/_/password"), json!({"password": "correct horse battery"}), For::Pam),
        ("issueEnrolment", "POST", at("users/_/enrolment"), json!({}), For::Pam),
        (
            "redeemEnrolment",
            "POST",
            at("enrolment"),
            json!({"secret": "no such link", "password": "correct horse battery"}),
            For::Anybody,
        ),
        ("listTokens", "GET", at("users/_/tokens"), none.clone(), For::Readers),
        (
            "createToken",
            "POST",
            at("users/_/tokens"),
            json!({"label": "x", "scopes": ["Pam.Use"], "lifetime": 60}),
            For::Oneself,
        ),
        ("revokeToken", "DELETE", at("users/_/tokens/_"), none.clone(), For::Pam),
        ("listFactors", "GET", at("users/_/factors"), none.clone(), For::Pam),
        ("resetFactors", "DELETE", at("users/_/factors"), none.clone(), For::Pam),
        ("listChallenges", "GET", at("/api/mfa/v1/challenges"), none.clone(), For::Known),
        ("answerChallenge", "POST", at("/api/mfa/v1/challenges/_"), json!({"code": "123456"}), For::Known),
        ("bindAccount", "PUT", at("users/_/accounts/_"), json!({"nativeName": "x", "login": "x"}), For::Targets),
        ("unbindAccount", "DELETE", at("users/_/accounts/_"), none.clone(), For::Targets),
        ("listApplications", "GET", at("applications"), none.clone(), For::Readers),
        ("registerApplication", "POST", at("applications"), json!({"displayName": " "}), For::Global),
        ("getApplication", "GET", at("applications/_"), none.clone(), For::Readers),
        ("changeApplication", "PATCH", at("applications/_"), json!({}), For::Global),
        ("removeApplication", "DELETE", at("applications/_"), none.clone(), For::Global),
        ("addApplicationSecret", "POST", at("applications/_/secrets"), json!({}), For::Global),
        (
            "addApplicationKey",
            "POST",
            at("applications/_/keys"),
            json!({"pem": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\nYfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n-----END PUBLIC KEY-----\n"}),
            For::Global,
        ),
        ("removeApplicationCredential", "DELETE", at("applications/_/credentials/_"), none.clone(), For::Global),
        (
            "grantApplicationPermission",
            "PUT",
            at("applications/_/permissions/scope/Pam.Use"),
            none.clone(),
            For::Global,
        ),
        (
            "withdrawApplicationPermission",
            "DELETE",
            at("applications/_/permissions/scope/Pam.Use"),
            none.clone(),
            For::Global,
        ),
        ("listPermissions", "GET", at("permissions"), none.clone(), For::Known),
        ("getPerson", "GET", at("users/_/person"), none.clone(), For::Readers),
        ("linkPersons", "POST", at("persons/links"), json!({"userId": NIL, "otherUserId": NIL}), For::Pam),
        ("unlinkPerson", "DELETE", at("persons/links/_"), none.clone(), For::Pam),
        ("listIdentities", "GET", at("users/_/identities"), none.clone(), For::Readers),
        ("linkIdentity", "POST", at("users/_/identities"), json!({"issuer": "i", "subject": "s"}), For::Pam),
        ("unlinkIdentity", "POST", at("users/_/identities/end"), json!({"issuer": "i", "subject": "s"}), For::Pam),
        ("listGroups", "GET", at("groups"), none.clone(), For::Readers),
        ("createGroup", "POST", at("groups"), json!({"sourceGroupName": "", "sourceDomain": ""}), For::Pam),
        ("getGroup", "GET", at("groups/_"), none.clone(), For::Readers),
        ("setGroup", "PATCH", at("groups/_"), json!({}), For::Pam),
        ("removeGroup", "DELETE", at("groups/_"), none.clone(), For::Pam),
        ("getConfiguration", "GET", at("configuration"), none.clone(), For::Readers),
        ("setConfiguration", "PATCH", at("configuration"), json!({}), For::Pam),
        ("listRequests", "GET", at("requests"), none.clone(), For::Readers),
        ("getRequest", "GET", at("requests/_"), none.clone(), For::Readers),
        ("cancelRequest", "POST", at("requests/_/cancel"), none.clone(), For::Pam),
        ("cancelRequests", "POST", at("requests/cancel"), json!({"userId": NIL}), For::Pam),
        ("endGrant", "POST", at("grants/_/end"), json!({}), For::Pam),
        ("listAdministrators", "GET", at("administrators"), none.clone(), For::Readers),
        ("appointAdministrator", "PUT", at("administrators/auditor/_"), none.clone(), For::Global),
        ("dismissAdministrator", "DELETE", at("administrators/auditor/_"), none.clone(), For::Global),
        ("listTargets", "GET", at("targets"), none.clone(), For::Readers),
        ("getTarget", "GET", at("targets/_"), none.clone(), For::Readers),
        ("setTarget", "PATCH", at("targets/_"), json!({"mode": "authoritative"}), For::Targets),
        ("testTarget", "POST", at("targets/_/test"), none.clone(), For::Targets),
        ("getDrift", "GET", at("targets/_/drift"), none.clone(), For::Readers),
        ("listTargetGroups", "GET", at("targets/_/groups"), none.clone(), For::Readers),
        ("listOverdueRemovals", "GET", at("removals/overdue"), none.clone(), For::Readers),
        ("listAuditRecords", "GET", at("audit/records"), none.clone(), For::AuditReaders),
        ("getInclusionProof", "GET", at("audit/records/999999/proof"), none.clone(), For::AuditReaders),
        ("getAuditHead", "GET", at("audit/head"), none.clone(), For::AuditReaders),
        ("signCheckpoint", "POST", at("audit/checkpoints"), none.clone(), For::AuditReaders),
        ("getConsistencyProof", "GET", at("audit/consistency?from=1"), none.clone(), For::AuditReaders),
        ("verifyAudit", "POST", at("audit/verify"), json!({}), For::AuditReaders),
        ("listScopes", "GET", at("scopes?kind=subscription"), none.clone(), For::Readers),
        ("registerScope", "PUT", at("scopes"), json!({"scope": "/"}), For::Global),
        ("removeScope", "DELETE", at("scopes?scope=%2F"), none.clone(), For::Global),
        ("listDenyAssignments", "GET", at("deny-assignments?scope=%2F"), none.clone(), For::Readers),
        (
            "putDenyAssignment",
            "PUT",
            at("deny-assignments/_"),
            json!({"displayName": "x", "scope": "/", "permissions": [{"actions": ["*"]}], "principalIds": [NIL]}),
            For::Global,
        ),
        ("removeDenyAssignment", "DELETE", at("deny-assignments/_"), none.clone(), For::Global),
        ("checkAccess", "POST", at("access-checks"), json!({"scope": "/", "action": "Microsoft.X/y/read"}), For::Known),
        ("getHealth", "GET", at("health"), none, For::Readers),
        ("reportFinding", "POST", at("monitor/findings"), json!({"userId": NIL, "seen": "gone"}), For::Pam),
    ]
}

async fn outcome(app: &App, name: &str, method: &str, path: &str, body: Value) -> Gets {
    let caller = if name == "anonymous" { app.stranger() } else { app.caller(name) };
    let reply = caller.send(method, path, body).await;
    assert!(reply.status.as_u16() < 500, "{name} {method} {path}: {}", reply.text());
    if reply.status.is_success() {
        return Gets::Served;
    }
    match reply.problem() {
        (401, _) => Gets::Unknown,
        (403, code) if code == "not_administrator" => Gets::Refused,
        _ => Gets::Served,
    }
}

#[tokio::test]
async fn every_operation_serves_whom_it_is_for_and_nobody_else() {
    let document: Value = serde_json::from_str(&ephor_face_admin::openapi_json()).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap())
        .map(|(method, operation)| (operation["operationId"].as_str().unwrap().to_owned(), method.to_uppercase()))
        .collect();
    let swept = operations().into_iter().map(|(id, method, ..)| (id.to_owned(), method.to_owned())).collect();
    assert_eq!(described, swept);

    on_both(async |app| {
        for (id, method, path, body, whom) in operations() {
            for caller in CALLERS {
                let gets = outcome(app, caller, method, &path, body.clone()).await;
                assert_eq!(gets, whom.gets(caller), "{caller} {id}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_made_for_something_else_opens_nothing_here() {
    on_both(async |app| {
        let ada = app.typed("ada");
        app.write(move |tx| {
            Box::pin(async move {
                let mut token = tx.api_tokens(ada).await?.remove(0);
                token.id = ephor_domain::id::ApiTokenId::new(uuid::Uuid::from_u128(5));
                token.scopes = vec!["Pam.Use".to_owned()];
                let secret = "eph_narrow".to_owned().into();
                let purpose = ephor_identity::secret::Purpose::ApiToken;
                token.hash = ephor_identity::secret::SecretHash::of(purpose, &secret).as_bytes().to_vec();
                tx.insert_api_token(&token).await
            })
        })
        .await;
        let narrow = app.caller("narrow");
        assert_eq!(narrow.get("roles").await.problem(), (403, "insufficient_scope".to_owned()));
        assert_eq!(narrow.get("me").await.problem(), (403, "insufficient_scope".to_owned()));
        // Nothing that a browser adds by itself counts.
        let basic = app.stranger().with("authorization", "Basic YWRhOng=");
        assert_eq!(basic.get("roles").await.problem(), (401, "unauthenticated".to_owned()));
    })
    .await;
}
