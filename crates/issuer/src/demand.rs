//! The `claims` parameter: what the next access token must show, and what the client can follow (`GRAPH 10.4`).

use ephor_domain::{
    authentication::{Contexts, Proofs, Requirement, Strength},
    policy::context::ContextClass,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::oauth::{Answer, Refused};

/// Most characters of the parameter.
const MOST: usize = 4096;

/// What a client demands of its token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Demand {
    /// Authentication contexts.
    contexts: Vec<ContextClass>,
    /// A second factor.
    second_factor: bool,
    /// The client can follow a claims challenge.
    pub(crate) follows_challenges: bool,
    text: Option<String>,
}

/// What the proofs are worth for a demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Met {
    /// `acrs`.
    pub(crate) contexts: Vec<String>,
    /// No token that says so may live longer: a proof that has aged is none.
    pub(crate) until: Option<Timestamp>,
}

impl Demand {
    /// Reads the parameter; absent, it demands nothing.
    ///
    /// # Errors
    /// [`Refused::CLAIMS`] for no JSON object, or a context that is none.
    pub(crate) fn read(claims: Option<&str>) -> Answer<Self> {
        let Some(text) = claims else { return Ok(Self::default()) };
        if text.len() > MOST {
            return Err(Refused::CLAIMS);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| Refused::CLAIMS)?;
        if !value.is_object() {
            return Err(Refused::CLAIMS);
        }
        let wanted = |name: &str| -> Vec<String> {
            let claim = value.get("access_token").and_then(|token| token.get(name));
            let one = claim.and_then(|claim| claim.get("value")).and_then(Value::as_str);
            let several = claim.and_then(|claim| claim.get("values")).and_then(Value::as_array);
            let several = several.into_iter().flatten().filter_map(Value::as_str);
            one.into_iter().chain(several).map(str::to_owned).collect()
        };
        let contexts: Result<Vec<ContextClass>, _> = wanted("acrs").iter().map(|context| context.parse()).collect();
        Ok(Self {
            contexts: contexts.map_err(|_| Refused::CLAIMS)?,
            second_factor: wanted("amr").iter().any(|method| method == "mfa"),
            follows_challenges: wanted("xms_cc").iter().any(|word| word.eq_ignore_ascii_case("cp1")),
            text: Some(text.to_owned()),
        })
    }

    /// What of it the proofs meet.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn met(&self, proofs: &Proofs, contexts: &Contexts, now: Timestamp) -> Result<Met, Missing> {
        let mut met = Met { contexts: Vec::new(), until: None };
        let mut require = |requirement: Requirement, class: Option<ContextClass>| {
            let until = requirement.met_until(proofs, now).ok_or(Missing { class, requirement })?;
            met.until = Some(met.until.map_or(until, |earlier| earlier.min(until)));
            met.contexts.extend(class.map(|class| class.to_string()));
            Ok(())
        };
        for class in &self.contexts {
            require(contexts.requirement(*class), Some(*class))?;
        }
        if self.second_factor && proofs.proved(Strength::Mfa).is_none() {
            return Err(Missing { class: None, requirement: Requirement::DEFAULT });
        }
        Ok(met)
    }

    /// What the client must ask for next time: what it asked for now.
    pub(crate) fn refused(&self) -> Refused {
        Refused::interaction(self.text.clone())
    }
}

/// What a person has not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing {
    /// For this context.
    pub(crate) class: Option<ContextClass>,
    /// So much.
    pub(crate) requirement: Requirement,
}

#[cfg(test)]
mod tests {
    use ephor_domain::authentication::Method;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn contexts_and_capabilities_are_read() {
        let text = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["CP1"]}}}"#;
        let demand = Demand::read(Some(text)).unwrap();
        assert!(demand.follows_challenges);
        let password = Proofs::of(Method::Password, at(0));
        assert!(demand.met(&password, &Contexts::default(), at(0)).is_err());
        let totp = password.and(Method::Totp, at(0));
        let met = demand.met(&totp, &Contexts::default(), at(10)).unwrap();
        assert_eq!((met.contexts, met.until), (vec!["c1".to_owned()], Some(at(600))));
        assert!(demand.met(&totp, &Contexts::default(), at(601)).is_err());
    }

    #[test]
    fn a_demand_for_a_second_factor() {
        let demand = Demand::read(Some(r#"{"access_token":{"amr":{"essential":true,"values":["mfa"]}}}"#)).unwrap();
        let password = Proofs::of(Method::Password, at(0));
        assert!(demand.met(&password, &Contexts::default(), at(0)).is_err());
        assert!(demand.met(&password.and(Method::Totp, at(0)), &Contexts::default(), at(5000)).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_nothing_is_demanded_of_nothing() {
        assert_eq!(Demand::read(None), Ok(Demand::default()));
        for text in ["", "[]", "x", "{\"access_token\":{\"acrs\":{\"value\":\"admin\"}}}"] {
            assert_eq!(Demand::read(Some(text)), Err(Refused::CLAIMS), "{text}");
        }
        let unknown =
            Demand::read(Some(r#"{"id_token":{"x":null},"access_token":{"nbf":{"essential":true,"value":"1"}}}"#));
        assert!(unknown.is_ok());
    }
}
