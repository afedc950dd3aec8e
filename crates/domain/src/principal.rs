//! Principals and the persons behind them.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    authentication::{Method, Methods},
    id::{PersonId, PrincipalId},
};

/// What sort of directory object a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A human being's account.
    User,
    /// A group of principals.
    Group,
    /// An application's account.
    Service,
}

/// S1: whoever once signed in with an identity of an outside issuer may still have something waiting under the account it
/// led to. So it leads to accounts of `person` only if everybody it led to `before` is that person.
#[must_use]
pub fn may_take_identity(person: PersonId, before: impl IntoIterator<Item = PersonId>) -> bool {
    before.into_iter().all(|before| before == person)
}

/// An account that can sign in, hold or decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// Its id on every face (seams §1).
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// The human being it belongs to: separation of duties compares persons, never ids or names (S1).
    pub person: PersonId,
    /// Domain as shown in `Username`.
    pub domain: String,
    /// Account name within the domain.
    pub account: String,
    /// Name for people.
    pub display_name: String,
    /// `account@domain` spelling, if it has one.
    pub upn: Option<String>,
    /// May sign in and hold.
    pub enabled: bool,
}

impl Principal {
    /// `DOMAIN\account`, the one spelling of `PAM-029`.
    #[must_use]
    pub fn username(&self) -> String {
        format!("{}\\{}", self.domain, self.account)
    }
}

/// Who gives an order to the engine, established by the identity layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account that signed in.
    pub principal: PrincipalId,
    /// The human being behind it.
    pub person: PersonId,
    /// Where the call came from, for the record.
    pub address: Option<String>,
    /// How it signed in, for rules that need a person at the keyboard.
    pub proof: Proof,
    /// What was proved at the sign-in behind the call, for the record.
    pub methods: Methods,
    /// How much of what the account may do the order may use.
    pub delegation: Delegation,
}

/// How much of what an account may do an order may use (`GRAPH 17.1`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Delegation {
    /// All of it: no program stands between the account and the order that was let do less.
    #[default]
    Whole,
    /// What a program was let do for a person: the scopes of its token.
    Scopes(Arc<BTreeSet<String>>),
}

impl Delegation {
    /// May an order be given that asks for any one of these scopes?
    #[must_use]
    pub fn allows(&self, any_of: &[&str]) -> bool {
        match self {
            Self::Whole => true,
            Self::Scopes(scopes) => any_of.iter().any(|scope| scopes.contains(*scope)),
        }
    }
}

impl Actor {
    /// True when the sign-in behind the call showed as much as its account asks for: where there is a second factor
    /// (`has_factor`), that of us or of an issuer whose word on it counts. API tokens are made in a session that showed it.
    #[must_use]
    pub fn shows_enough(&self, has_factor: bool) -> bool {
        match self.proof {
            Proof::Person | Proof::FreshApiToken | Proof::AgedApiToken | Proof::Application | Proof::Host => true,
            Proof::Identified | Proof::Password => !has_factor,
            Proof::Remembered => !has_factor || self.methods.iter().any(Method::is_second_factor),
        }
    }
}

/// How an actor signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A person at the keyboard who showed a second factor lately, or of whom the operator wants none.
    Person,
    /// A person at the keyboard who said who he is, by a session or a token, and showed no second factor.
    Identified,
    /// A password or a ticket sent along with the call: nothing else can have been asked for.
    Password,
    /// A token from a person's sign-in of 12 h ago or more, or at an unknown time: decides nothing.
    Remembered,
    /// An API token younger than 12 h: stands for one user.
    FreshApiToken,
    /// An API token of 12 h or more: decides nothing (seams §8).
    AgedApiToken,
    /// An application acting for itself.
    Application,
    /// The operator at the host (`ephor admin init`).
    Host,
}
