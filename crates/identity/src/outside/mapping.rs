//! What the words of an issuer count for here. An empty mapping lets nothing through.

use std::collections::{BTreeMap, BTreeSet};

use crate::bearer::Claims;

/// Words of an issuer, and what they stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// Words of `amr` that mean a second factor.
    pub mfa_methods: BTreeSet<String>,
    /// Words of `acr` that mean a second factor.
    pub mfa_strengths: BTreeSet<String>,
    /// Words of `acrs` or `acr`, and the authentication context each stands for.
    pub contexts: BTreeMap<String, String>,
    /// Words of `scp` or `scope`, and the scopes each stands for.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Words of `roles`, and the app roles each stands for.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// What came through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// A second factor was used.
    pub mfa: bool,
    /// Authentication contexts.
    pub contexts: BTreeSet<String>,
    /// Delegated scopes.
    pub scopes: BTreeSet<String>,
    /// App roles.
    pub roles: BTreeSet<String>,
}

impl Mapping {
    /// What these claims count for.
    #[must_use]
    pub fn apply(&self, claims: &Claims) -> Mapped {
        let strength = claims.strength.as_ref();
        let through = |words: &BTreeSet<String>, map: &BTreeMap<String, Vec<String>>| {
            words.iter().filter_map(|word| map.get(word)).flatten().cloned().collect()
        };
        Mapped {
            mfa: claims.methods.iter().any(|method| self.mfa_methods.contains(method))
                || strength.is_some_and(|strength| self.mfa_strengths.contains(strength)),
            contexts: claims
                .contexts
                .iter()
                .chain(strength)
                .filter_map(|word| self.contexts.get(word))
                .cloned()
                .collect(),
            scopes: claims.scopes.as_ref().map(|scopes| through(scopes, &self.scopes)).unwrap_or_default(),
            roles: through(&claims.roles, &self.roles),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn f18_words_count_through_the_mapping_alone() {
        let claims = json!({
            "iss": "i", "exp": 1, "amr": ["mfa", "hwk"], "acr": "gold", "acrs": ["c1", "c9"],
            "scope": "openid api Pam.Use", "roles": ["Ephor.Admin", "staff"],
        });
        let claims = Claims::read(claims.as_object().unwrap()).unwrap();
        assert_eq!(Mapping::default().apply(&claims), Mapped::default());
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mapping = Mapping {
            mfa_methods: words(&["hwk"]),
            mfa_strengths: words(&["platinum"]),
            contexts: [("gold".to_owned(), "c2".to_owned())].into(),
            scopes: [("api".to_owned(), vec!["Pam.Use".to_owned(), "user_impersonation".to_owned()])].into(),
            roles: [("other".to_owned(), vec!["Ephor.Admin".to_owned()])].into(),
        };
        let expected = Mapped {
            mfa: true,
            contexts: words(&["c2"]),
            scopes: words(&["Pam.Use", "user_impersonation"]),
            roles: BTreeSet::new(),
        };
        assert_eq!(mapping.apply(&claims), expected);
        let gold = Mapping { mfa_strengths: words(&["gold"]), ..Mapping::default() };
        assert!(gold.apply(&claims).mfa);
    }
}
