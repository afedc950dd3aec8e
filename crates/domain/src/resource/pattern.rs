//! Actions and the patterns that name many of them (`ARM 6.1`).

/// Does the pattern cover the action? `*` stands for any run of characters, slashes included; letter case counts for
/// nothing.
#[must_use]
pub fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    // Without a star the whole was compared already.
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Does one of the patterns cover the action?
pub(super) fn covered(patterns: &[String], action: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, action))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition itself, letter by letter.
    fn naive(pattern: &[u8], action: &[u8]) -> bool {
        match (pattern.first(), action.first()) {
            (None, None) => true,
            (Some(b'*'), None) => naive(&pattern[1..], action),
            (Some(b'*'), Some(_)) => naive(&pattern[1..], action) || naive(pattern, &action[1..]),
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other) && naive(&pattern[1..], &action[1..]),
            _ => false,
        }
    }

    #[test]
    fn patterns_of_the_built_in_roles() {
        assert!(matches("*", "Microsoft.X/y/write"));
        assert!(matches("*/read", "Microsoft.Authorization/roleAssignments/read"));
        assert!(!matches("*/read", "Microsoft.Authorization/roleAssignments/readers/write"));
        assert!(matches("microsoft.authorization/*/write", "Microsoft.Authorization/roleAssignments/Write"));
        assert!(!matches("Microsoft.Authorization/*/Write", "Microsoft.Authorization/write"));
        assert!(!matches("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments"));
    }

    proptest! {
        #[test]
        fn matching_is_what_its_definition_says(pattern in "[ab/*]{0,7}", action in "[abAB/]{0,8}") {
            prop_assert_eq!(matches(&pattern, &action), naive(pattern.as_bytes(), action.as_bytes()));
        }
    }
}
