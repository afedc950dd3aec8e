//! The calls of a tenant's clients, as bytes.

use ephor_domain::entitlement::EntitlementKey;
use uuid::Uuid;

use super::{scratch::JUSTIFICATION, tenant::Tenant};

/// The version that stock clients of schedules ask for.
const VERSION: &str = "api-version=2020-10-01";

fn call(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let sent = match body {
        "" => String::new(),
        body => format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n\
         {sent}\r\n{body}"
    )
    .into_bytes()
}

/// A `GET`.
#[must_use]
pub fn get(path: &str, token: &str) -> Vec<u8> {
    call("GET", path, token, "")
}

impl Tenant {
    /// An activation, through Graph or ARM.
    #[must_use]
    pub fn activation_call(&self, person: u32, turn: u32, token: &str) -> Vec<u8> {
        let principal = self.world.principal(person);
        let schedule = r#"{"expiration":{"type":"afterDuration","duration":"PT4H"}}"#;
        match self.key(person, turn) {
            EntitlementKey::Resource { definition, scope } => {
                let name = Uuid::new_v5(&principal.uuid(), scope.key().as_bytes());
                let path = format!(
                    "{}/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/{name}?{VERSION}",
                    scope.as_str()
                );
                let body = format!(
                    "{{\"properties\":{{\"principalId\":\"{principal}\",\"roleDefinitionId\":\
                     \"/providers/Microsoft.Authorization/roleDefinitions/{definition}\",\"requestType\":\"SelfActivate\",\
                     \"justification\":\"{JUSTIFICATION}\",\"scheduleInfo\":{schedule}}}}}"
                );
                call("PUT", &path, token, &body)
            }
            EntitlementKey::Group { group, access } => {
                let body = format!(
                    "{{\"action\":\"selfActivate\",\"principalId\":\"{principal}\",\"groupId\":\"{group}\",\
                     \"accessId\":\"{}\",\"justification\":\"{JUSTIFICATION}\",\"scheduleInfo\":{schedule}}}",
                    access.word()
                );
                let path = "/v1.0/identityGovernance/privilegedAccess/group/assignmentScheduleRequests";
                call("POST", path, token, &body)
            }
            EntitlementKey::DirectoryRole { definition, scope } => {
                let body = format!(
                    "{{\"action\":\"selfActivate\",\"principalId\":\"{principal}\",\"roleDefinitionId\":\
                     \"{definition}\",\"directoryScopeId\":\"{scope}\",\"justification\":\"{JUSTIFICATION}\",\
                     \"scheduleInfo\":{schedule}}}"
                );
                call("POST", "/v1.0/roleManagement/directory/roleAssignmentScheduleRequests", token, &body)
            }
            EntitlementKey::PamRole(_) => Vec::new(),
        }
    }

    /// May the caller read at the scope of this line?
    #[must_use]
    pub fn check_call(&self, person: u32, turn: u32, token: &str) -> Vec<u8> {
        let EntitlementKey::Resource { scope, .. } = self.key(person, turn) else { return Vec::new() };
        let body = format!("{{\"scope\":\"{}\",\"action\":\"{ACTION}\"}}", scope.as_str());
        call("POST", "/api/admin/v1/access-checks", token, &body)
    }
}

/// What resource servers ask about.
pub const ACTION: &str = "Microsoft.Storage/storageAccounts/read";

/// What the caller is eligible for anywhere, through ARM.
#[must_use]
pub fn as_target(token: &str) -> Vec<u8> {
    let path = format!("/providers/Microsoft.Authorization/roleEligibilitySchedules?{VERSION}&$filter=asTarget()");
    get(&path, token)
}

/// What the caller is eligible for, through Graph.
#[must_use]
pub fn by_current_user(token: &str) -> Vec<u8> {
    get("/v1.0/roleManagement/directory/roleEligibilitySchedules/filterByCurrentUser(on='principal')", token)
}

/// A hundred eligibilities behind a place, with who and what.
#[must_use]
pub fn hundred(after: Uuid, token: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let place = URL_SAFE_NO_PAD.encode(format!("{{\"id\":\"{after}\"}}"));
    let path = format!(
        "/v1.0/roleManagement/directory/roleEligibilitySchedules?$top=100&$expand=principal,roleDefinition\
         &$skiptoken={place}"
    );
    get(&path, token)
}
