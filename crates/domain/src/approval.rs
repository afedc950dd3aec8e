//! Approvals: who may decide on whose request, and that one decision wins (S1, S2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    id::{ApprovalId, PersonId, PrincipalId, RequestId},
    principal::{Actor, Proof},
};

/// The decision object of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its own id, never the request's on PAM (`PAM-101`).
    pub id: ApprovalId,
    /// The request it decides.
    pub request: RequestId,
    /// When it opened.
    pub opened: Timestamp,
    /// When it times out.
    pub until: Timestamp,
    /// The decision, once there is one.
    pub decision: Option<Decision>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The word.
    pub verdict: Verdict,
    /// Who decided.
    pub by: PrincipalId,
    /// The human being who decided.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why, if said.
    pub justification: Option<String>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Granted.
    Approve,
    /// Refused.
    Reject,
}

/// Somebody who may decide on requests for an entitlement, and how he came to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    /// The account.
    pub principal: PrincipalId,
    /// The human being.
    pub person: PersonId,
    /// May act now.
    pub enabled: bool,
    /// Who named him.
    pub named_by: Option<PersonId>,
    /// When he was named.
    pub named_at: Timestamp,
    /// Who gave any account of this person a [way in](Way): each of them could speak as this approver.
    pub given_by: Vec<PersonId>,
    /// An account of this person has a second factor, be it one that was switched off: nothing decides for him that did
    /// not show one (S4).
    pub has_factor: bool,
}

/// By what somebody signs in that somebody else can give him.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// The local password, or a link to set it.
    Password,
    /// The names by which directories and realms know the account, as it was made.
    Names,
    /// An identity of an outside issuer.
    Identity,
    /// Names that the account was given later: directories and realms may know somebody else by them.
    Renamed,
}

/// Who gave a way in, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// What.
    pub way: Way,
    /// The giver.
    pub by: PersonId,
    /// When last.
    pub at: Timestamp,
}

/// What a decision rests on.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// When the request was made.
    pub asked_at: Timestamp,
    /// The persons of requester and target.
    pub parties: &'a [PersonId],
    /// Those who are approvers of the entitlement now.
    pub approvers: &'a [Approver],
}

/// May `actor` decide? Persons are compared, never ids or names (S1).
///
/// # Errors
/// [`Refusal::ApprovalNotAvailable`] for everybody who is no approver; [`Refusal::SelfApproval`] for requester and target
/// themselves; [`Refusal::PersonRequired`] when no person is at the keyboard, or he did not show his second factor.
pub fn may_decide(case: &Case<'_>, actor: &Actor) -> Result<(), Refusal> {
    if case.parties.contains(&actor.person) {
        return Err(Refusal::SelfApproval);
    }
    let approver = case
        .approvers
        .iter()
        .find(|approver| approver.principal == actor.principal && approver.enabled)
        .ok_or(Refusal::ApprovalNotAvailable)?;
    // F13: whoever the requester named after asking is not independent, nor is whoever has his way in from him, at
    // whatever time.
    let named_by_party = approver.named_by.is_some_and(|person| case.parties.contains(&person));
    let spoken_for = approver.given_by.iter().any(|giver| case.parties.contains(giver));
    if case.parties.contains(&approver.person) {
        return Err(Refusal::SelfApproval);
    }
    // In the same millisecond nobody can tell which came first.
    if spoken_for || (named_by_party && approver.named_at >= case.asked_at) {
        return Err(Refusal::ApprovalNotAvailable);
    }
    match actor.proof {
        Proof::Person | Proof::Identified | Proof::Password | Proof::FreshApiToken
            if actor.shows_enough(approver.has_factor) =>
        {
            Ok(())
        }
        Proof::Person
        | Proof::Identified
        | Proof::Password
        | Proof::Remembered
        | Proof::FreshApiToken
        | Proof::AgedApiToken
        | Proof::Application
        | Proof::Host => Err(Refusal::PersonRequired),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        authentication::{Method, Methods},
        principal::Delegation,
    };

    const JEN: PersonId = PersonId::new(Uuid::from_u128(1));
    const PAT: PersonId = PersonId::new(Uuid::from_u128(2));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn decided(named_by: Option<PersonId>, named_at: Timestamp, person: PersonId) -> Result<(), Refusal> {
        let principal = PrincipalId::new(person.uuid());
        decides(Approver {
            principal,
            person,
            enabled: true,
            named_by,
            named_at,
            given_by: Vec::new(),
            has_factor: false,
        })
    }

    fn decides(approver: Approver) -> Result<(), Refusal> {
        decides_by(approver, Proof::Person)
    }

    fn decides_by(approver: Approver, proof: Proof) -> Result<(), Refusal> {
        let Approver { principal, person, .. } = approver;
        let approvers = [approver];
        let case = Case { asked_at: at(100), parties: &[JEN], approvers: &approvers };
        may_decide(
            &case,
            &Actor {
                principal,
                person,
                address: None,
                proof,
                methods: Methods::default(),
                delegation: Delegation::Whole,
            },
        )
    }

    #[test]
    fn f13_an_approver_the_requester_named_after_asking_does_not_count() {
        assert_eq!(decided(Some(JEN), at(99), PAT), Ok(()));
        for after in [100, 101] {
            assert_eq!(decided(Some(JEN), at(after), PAT), Err(Refusal::ApprovalNotAvailable));
        }
        assert_eq!(decided(None, at(101), PAT), Ok(()));
        assert_eq!(decided(Some(PAT), at(101), PAT), Ok(()));
        assert_eq!(decided(None, at(1), JEN), Err(Refusal::SelfApproval));
    }

    fn pat() -> Approver {
        Approver {
            principal: PrincipalId::new(PAT.uuid()),
            person: PAT,
            enabled: true,
            named_by: None,
            named_at: at(1),
            given_by: Vec::new(),
            has_factor: false,
        }
    }

    #[test]
    fn f13_an_approver_whose_way_in_the_requester_gave_does_not_count() {
        let other = PersonId::new(Uuid::from_u128(3));
        let by = |givers: &[PersonId]| Approver { given_by: givers.to_vec(), ..pat() };
        assert_eq!(decides(by(&[JEN])), Err(Refusal::ApprovalNotAvailable));
        assert_eq!(decides(by(&[other, JEN])), Err(Refusal::ApprovalNotAvailable));
        assert_eq!(decides(by(&[other])), Ok(()));
    }

    #[test]
    fn s4_a_sign_in_without_second_factor_decides_only_where_there_is_nothing_more_to_ask_for() {
        let with_factor = Approver { has_factor: true, ..pat() };
        for proof in [Proof::Password, Proof::Identified] {
            assert_eq!(decides_by(pat(), proof), Ok(()), "{proof:?}");
            assert_eq!(decides_by(with_factor.clone(), proof), Err(Refusal::PersonRequired), "{proof:?}");
        }
        assert_eq!(decides_by(with_factor, Proof::Person), Ok(()));
    }

    #[test]
    fn f18_an_old_sign_in_decides_nothing_whatever_it_showed() {
        for has_factor in [false, true] {
            let decided = decides_by(Approver { has_factor, ..pat() }, Proof::Remembered);
            assert_eq!(decided, Err(Refusal::PersonRequired));
        }
    }

    #[test]
    fn f18_what_shows_as_much_as_the_account_asks_for() {
        let shows = |proof, methods: &[Method], has_factor| {
            let methods = methods.iter().copied().collect();
            let principal = PrincipalId::new(PAT.uuid());
            Actor { principal, person: PAT, address: None, proof, methods, delegation: Delegation::Whole }
                .shows_enough(has_factor)
        };
        for proof in [Proof::Identified, Proof::Password, Proof::Remembered] {
            assert!(
                shows(proof, &[Method::Federated], false) && !shows(proof, &[Method::Federated], true),
                "{proof:?}"
            );
        }
        assert!(shows(Proof::Remembered, &[Method::Federated, Method::FederatedMfa], true));
        for proof in [Proof::Person, Proof::FreshApiToken, Proof::AgedApiToken, Proof::Application, Proof::Host] {
            assert!(shows(proof, &[], true), "{proof:?}");
        }
    }
}
