//! The shapes of SCIM that a client of groups needs (RFC 7643, RFC 7644).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The media type.
pub(super) const MEDIA: &str = "application/scim+json";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A list of resources.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    #[serde(default, alias = "Resources", rename = "Resources")]
    pub(super) resources: Vec<Resource>,
}

/// A user or a group, as far as it matters.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) id: String,
    pub(super) external_id: Option<String>,
    pub(super) user_name: Option<String>,
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) members: Option<Vec<Member>>,
}

impl Resource {
    /// The value of an attribute that resources are found by.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "externalId" => self.external_id.as_deref(),
            "userName" => self.user_name.as_deref(),
            "displayName" => self.display_name.as_deref(),
            _ => None,
        }
    }
}

/// Who is in a group.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Member {
    pub(super) value: String,
}

/// What a server says it can do.
#[derive(Debug, Deserialize)]
pub(super) struct Provider {
    pub(super) patch: Option<Supported>,
}

/// Whether a feature is there.
#[derive(Debug, Deserialize)]
pub(super) struct Supported {
    pub(super) supported: bool,
}

/// The words of an error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    #[serde(default)]
    pub(super) detail: Option<String>,
    #[serde(default)]
    pub(super) scim_type: Option<String>,
}

/// One operation of a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Operation {
    op: &'static str,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

impl Operation {
    pub(super) fn add_members(ids: &[&str]) -> Self {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        Self { op: "add", path: "members".to_owned(), value: Some(Value::Array(members)) }
    }

    pub(super) fn remove_member(id: &str) -> Self {
        Self { op: "remove", path: format!("members[value eq {}]", quoted(id)), value: None }
    }

    pub(super) fn set_active(active: bool) -> Self {
        Self { op: "replace", path: "active".to_owned(), value: Some(Value::Bool(active)) }
    }
}

/// A patch of some operations.
pub(super) fn patch(operations: &[Operation]) -> Value {
    json!({ "schemas": [PATCH], "Operations": operations })
}

/// A user to be made.
pub(super) fn new_user(login: &str, display_name: &str) -> Value {
    let shown = if display_name.trim().is_empty() { login } else { display_name };
    json!({ "schemas": [USER], "userName": login, "externalId": login, "displayName": shown, "active": true })
}

/// A group to be made.
pub(super) fn new_group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name, "externalId": name })
}

/// The filter `attribute eq "value"`. The value is spelled as JSON, so that nothing in it can end it (RFC 7644 §3.4.2.2).
pub(super) fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", quoted(value))
}

fn quoted(value: &str) -> String {
    Value::String(value.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Operation, equals, patch};

    #[test]
    fn hostile_values_cannot_widen_a_filter() {
        assert_eq!(
            equals("userName", "a\" or userName pr or \"b\" eq \"c\\"),
            "userName eq \"a\\\" or userName pr or \\\"b\\\" eq \\\"c\\\\\""
        );
        let Operation { path, .. } = Operation::remove_member("x\"] or members[value pr");
        assert_eq!(path, "members[value eq \"x\\\"] or members[value pr\"]");
    }

    #[test]
    fn patches_are_spelled_as_the_protocol_has_them() {
        let both = [Operation::add_members(&["1", "2"]), Operation::remove_member("3")];
        assert_eq!(
            patch(&both),
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
                {"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "2"}]},
                {"op": "remove", "path": "members[value eq \"3\"]"},
            ]})
        );
    }
}
