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
    /// Who last gave the account its password, or a link to set it: he could speak as this approver.
    pub password: Option<Given>,
}

/// Who gave something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The giver.
    pub by: PersonId,
    /// When, or when it was last used.
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
/// themselves; [`Refusal::PersonRequired`] when no person is at the keyboard (seams §8).
pub fn may_decide(case: &Case<'_>, actor: &Actor) -> Result<(), Refusal> {
    if case.parties.contains(&actor.person) {
        return Err(Refusal::SelfApproval);
    }
    let approver = case
        .approvers
        .iter()
        .find(|approver| approver.principal == actor.principal && approver.enabled)
        .ok_or(Refusal::ApprovalNotAvailable)?;
    // F13: whoever the requester named after asking is not independent, nor is whoever got his password from him then.
    let named_by_party = approver.named_by.is_some_and(|person| case.parties.contains(&person));
    let spoken_for =
        approver.password.is_some_and(|given| case.parties.contains(&given.by) && given.at >= case.asked_at);
    if case.parties.contains(&approver.person) {
        return Err(Refusal::SelfApproval);
    }
    // In the same millisecond nobody can tell which came first.
    if spoken_for || (named_by_party && approver.named_at >= case.asked_at) {
        return Err(Refusal::ApprovalNotAvailable);
    }
    match actor.proof {
        Proof::Person | Proof::FreshApiToken => Ok(()),
        Proof::AgedApiToken | Proof::Application | Proof::Host => Err(Refusal::PersonRequired),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const JEN: PersonId = PersonId::new(Uuid::from_u128(1));
    const PAT: PersonId = PersonId::new(Uuid::from_u128(2));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn decided(named_by: Option<PersonId>, named_at: Timestamp, person: PersonId) -> Result<(), Refusal> {
        let principal = PrincipalId::new(person.uuid());
        decides(Approver { principal, person, enabled: true, named_by, named_at, password: None })
    }

    fn decides(approver: Approver) -> Result<(), Refusal> {
        let Approver { principal, person, .. } = approver;
        let approvers = [approver];
        let case = Case { asked_at: at(100), parties: &[JEN], approvers: &approvers };
        may_decide(&case, &Actor { principal, person, address: None, proof: Proof::Person })
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

    #[test]
    fn f13_an_approver_whose_password_the_requester_gave_after_asking_does_not_count() {
        let of = |by, second| Approver {
            principal: PrincipalId::new(PAT.uuid()),
            person: PAT,
            enabled: true,
            named_by: None,
            named_at: at(1),
            password: Some(Given { by, at: at(second) }),
        };
        assert_eq!(decides(of(JEN, 99)), Ok(()));
        for after in [100, 101] {
            assert_eq!(decides(of(JEN, after)), Err(Refusal::ApprovalNotAvailable));
        }
        assert_eq!(decides(of(PersonId::new(Uuid::from_u128(3)), 101)), Ok(()));
    }
}
