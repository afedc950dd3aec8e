//! One spelling of PAM properties for the whole command line: that of the PAM REST API and its cmdlets (`PAM 14.3`). The
//! admin API writes the same names in camel case.

use serde_json::Value;

/// Names that are not just the camel-case one with a capital.
const SPECIAL: [(&str, &str); 8] = [
    ("ttl", "TTL"),
    ("mfaEnabled", "MFAEnabled"),
    ("mfaTimeout", "MFATimeout"),
    ("requestedTtl", "RequestedTTL"),
    ("fimRequestId", "FIMRequestID"),
    ("creatorId", "CreatorID"),
    ("sourceAccountSid", "SourceAccountSID"),
    ("defaultAdContainer", "DefaultADContainer"),
];

/// The value with its members, at any depth, named as the PAM API names them.
pub(crate) fn pam(value: Value) -> Value {
    match value {
        Value::Object(members) => members.into_iter().map(|(name, value)| (pam_name(&name), pam(value))).collect(),
        Value::Array(items) => items.into_iter().map(pam).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// The rows, named so.
pub(crate) fn pam_rows(rows: Vec<Value>) -> Vec<Value> {
    rows.into_iter().map(pam).collect()
}

fn pam_name(camel: &str) -> String {
    if let Some((_, special)) = SPECIAL.iter().find(|(name, _)| *name == camel) {
        return (*special).to_owned();
    }
    let mut letters = camel.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pam_121_members_have_the_names_of_the_pam_api() {
        let camel = json!({
            "roleId": "r", "displayName": "n", "ttl": 600, "mfaEnabled": true, "requestedTtl": 0, "requestId": "q",
            "fimRequestId": "q", "creatorId": "c", "privileges": [{"groupId": "g", "sourceAccountSid": null}]
        });
        let named = json!({
            "RoleId": "r", "DisplayName": "n", "TTL": 600, "MFAEnabled": true, "RequestedTTL": 0, "RequestId": "q",
            "FIMRequestID": "q", "CreatorID": "c", "Privileges": [{"GroupId": "g", "SourceAccountSID": null}]
        });
        assert_eq!(pam(camel), named);
    }
}
