//! Ids of role definitions: many forms in, one form out (`ARM 6.2`).

use ephor_domain::scope::ArmScope;
use uuid::Uuid;

use crate::call::guid;

/// The role that a text names: its GUID, alone or behind any scope, with or without a slash in front.
pub(crate) fn parse(text: &str) -> Option<Uuid> {
    let text = text.trim().trim_matches('/');
    if !text.contains('/') {
        return guid(text);
    }
    let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
    let [.., providers, namespace, collection, id] = segments.as_slice() else { return None };
    let fits = providers.eq_ignore_ascii_case("providers")
        && namespace.eq_ignore_ascii_case("Microsoft.Authorization")
        && collection.eq_ignore_ascii_case("roleDefinitions");
    if fits { guid(id) } else { None }
}

/// The id as a scope shows it: qualified by its subscription, if it lies in one.
pub(crate) fn render(scope: &ArmScope, id: Uuid) -> String {
    match scope.subscription_id() {
        Some(subscription) => {
            format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{id}")
        }
        None => format!("/providers/Microsoft.Authorization/roleDefinitions/{id}"),
    }
}

/// The id of something of the provider at a scope.
pub(crate) fn at(scope: &ArmScope, collection: &str, name: impl std::fmt::Display) -> String {
    let scope = scope.as_str().trim_end_matches('/');
    format!("{scope}/providers/Microsoft.Authorization/{collection}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arm_056_all_forms_of_an_id_name_the_role() {
        let id = Uuid::from_u128(0xb249_88ac_6180_42a0_ab88_20f7_382d_d24c);
        let s = "subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";
        let tail = "providers/Microsoft.Authorization/roleDefinitions/B24988AC-6180-42a0-ab88-20f7382dd24c";
        for text in [
            id.to_string(),
            format!("/{tail}"),
            tail.to_owned(),
            format!("/{s}/{tail}"),
            format!("{s}/{tail}/"),
            format!("/providers/Microsoft.Subscription/{s}/{tail}"),
            format!("/{s}/resourceGroups/g/{tail}"),
            format!("/providers/Microsoft.Management/managementGroups/m/{}", tail.to_lowercase()),
        ] {
            assert_eq!(parse(&text), Some(id), "{text}");
        }
        for text in ["", "/", "x", &format!("/{s}/{id}"), &format!("{tail}/more")] {
            assert_eq!(parse(text), None, "{text}");
        }
        let scope: ArmScope = format!("/{s}/resourceGroups/g").parse().unwrap();
        assert_eq!(render(&scope, id), format!("/{s}/providers/Microsoft.Authorization/roleDefinitions/{id}"));
        assert_eq!(render(&ArmScope::root(), id), format!("/providers/Microsoft.Authorization/roleDefinitions/{id}"));
        assert_eq!(at(&ArmScope::root(), "x", 1), "/providers/Microsoft.Authorization/x/1");
    }
}
