//! What a principal may do at a scope, from the roles in force there and above (`ARM 5`, `ARM 6.1`).

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    assignment::Assignment,
    pattern::covered,
    refusal::ResourceRefusal,
    role::{MAX_NAME, Permission, ResourceRole},
};
use crate::scope::ArmScope;

/// Which actions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Of the resources themselves.
    Control,
    /// Of the data in them.
    Data,
}

/// May somebody do something somewhere?
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The principal, and the groups it is in now, directly or not.
    pub principals: &'q BTreeSet<Uuid>,
    /// The scope and everything above it.
    pub chain: &'q [ArmScope],
    /// What is to be done.
    pub action: &'q str,
    /// Of what.
    pub plane: Plane,
}

/// What forbids actions, whatever roles say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Its name.
    pub id: Uuid,
    /// Name for people.
    pub name: String,
    /// Where.
    pub scope: ArmScope,
    /// Only there, not below.
    pub not_below: bool,
    /// What it forbids.
    pub permissions: Vec<Permission>,
    /// Whom it concerns; the nil id is everybody.
    pub principals: BTreeSet<Uuid>,
    /// Whom it does not concern.
    pub excluded: BTreeSet<Uuid>,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allowed,
    /// No role allows it.
    NotAllowed,
    /// A role allows it under a condition, which is not judged here.
    Conditioned,
    /// A deny assignment forbids it.
    Denied(Uuid),
}

/// Answers a question from the assignments in force, each with its role. Those of other principals and scopes count for
/// nothing, and may be among them.
///
/// Conditions are stored and not judged: what they may bound (everything but reading resources) is not given by a role
/// that has one.
pub fn decide<'a>(
    question: &Question<'_>,
    assignments: impl IntoIterator<Item = (&'a Assignment, &'a ResourceRole)>,
    denials: &[Denial],
) -> Verdict {
    let mut verdict = Verdict::NotAllowed;
    for (assignment, role) in assignments {
        let concerns =
            question.principals.contains(&assignment.principal.uuid()) && question.chain.contains(&assignment.scope);
        if !concerns || !allows(role, question) {
            continue;
        }
        let conditional = assignment.is_conditional() || role.is_conditional();
        if conditional && !only_reads(question) {
            verdict = Verdict::Conditioned;
        } else {
            verdict = Verdict::Allowed;
            break;
        }
    }
    match denials.iter().find(|denial| denial.forbids(question)) {
        Some(denial) if verdict != Verdict::NotAllowed => Verdict::Denied(denial.id),
        _ => verdict,
    }
}

fn allows(role: &ResourceRole, question: &Question<'_>) -> bool {
    match question.plane {
        Plane::Control => role.allows(question.action),
        Plane::Data => role.allows_data(question.action),
    }
}

fn only_reads(question: &Question<'_>) -> bool {
    question.plane == Plane::Control && question.action.to_ascii_lowercase().ends_with("/read")
}

/// Most principals of a deny assignment.
const MOST_PRINCIPALS: usize = 1_000;

impl Denial {
    /// # Errors
    /// [`ResourceRefusal::Invalid`] for a name that is none, and for one that forbids nothing, or nobody anything.
    pub fn check(&self) -> Result<(), ResourceRefusal> {
        let invalid = |rule| Err(ResourceRefusal::Invalid(rule));
        let characters = self.name.chars().count();
        if characters == 0 || characters > MAX_NAME || self.name.chars().any(char::is_control) {
            return invalid("the name of a deny assignment has 1 to 512 characters on one line");
        }
        if self.permissions.iter().all(|one| one.actions.is_empty() && one.data_actions.is_empty()) {
            return invalid("a deny assignment forbids some action");
        }
        if self.principals.is_empty() || self.principals.len() + self.excluded.len() > MOST_PRINCIPALS {
            return invalid("a deny assignment names 1 to 1,000 principals");
        }
        if self.excluded.contains(&Uuid::nil()) {
            return invalid("a deny assignment concerns somebody");
        }
        Permission::check_all(&self.permissions)
    }

    fn forbids(&self, question: &Question<'_>) -> bool {
        let here = match self.not_below {
            true => question.chain.first() == Some(&self.scope),
            false => question.chain.contains(&self.scope),
        };
        let named = |ids: &BTreeSet<Uuid>| ids.contains(&Uuid::nil()) || !ids.is_disjoint(question.principals);
        let forbids = |permission: &Permission| match question.plane {
            Plane::Control => {
                covered(&permission.actions, question.action) && !covered(&permission.not_actions, question.action)
            }
            Plane::Data => {
                covered(&permission.data_actions, question.action)
                    && !covered(&permission.not_data_actions, question.action)
            }
        };
        here && named(&self.principals) && !named(&self.excluded) && self.permissions.iter().any(forbids)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        id::PrincipalId,
        principal::PrincipalKind,
        resource::{AssignmentContent, matches},
    };

    const ACTIONS: [&str; 4] = ["N/a/read", "N/a/write", "N/b/read", "N/b/delete"];
    const PATTERNS: [&str; 6] = ["*", "*/read", "N/a/*", "n/*/WRITE", "N/b/delete", "other"];

    fn role(actions: &[usize], not_actions: &[usize], condition: bool) -> ResourceRole {
        let texts = |of: &[usize]| of.iter().map(|at| PATTERNS[*at].to_owned()).collect();
        let permission = Permission {
            actions: texts(actions),
            not_actions: texts(not_actions),
            condition: condition.then(|| "@x".to_owned()),
            ..Permission::default()
        };
        ResourceRole {
            id: Uuid::nil(),
            name: String::new(),
            description: None,
            built_in: false,
            permissions: vec![permission],
            assignable: vec![],
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
            created_by: None,
            updated_by: None,
        }
    }

    fn assignment(principal: u128, scope: ArmScope, condition: bool) -> Assignment {
        Assignment {
            name: Uuid::nil(),
            scope,
            definition: Uuid::nil(),
            principal: PrincipalId::new(Uuid::from_u128(principal)),
            kind: PrincipalKind::User,
            content: AssignmentContent {
                condition: condition.then(|| "@x".to_owned()),
                ..AssignmentContent::default()
            },
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
            created_by: None,
            updated_by: None,
        }
    }

    /// Scope number `at`; whose parent is `parents[at]`, the root being number 0.
    fn scope(at: usize) -> ArmScope {
        if at == 0 { ArmScope::root() } else { ArmScope::management_group(&format!("m{at}")).unwrap() }
    }

    fn chain(parents: &[usize], mut at: usize) -> Vec<ArmScope> {
        let mut chain = vec![scope(at)];
        while at != 0 {
            at = parents[at];
            chain.push(scope(at));
        }
        chain
    }

    /// Is `above` reached from `at` by going up?
    fn is_above(parents: &[usize], above: usize, at: usize) -> bool {
        above == at || at != 0 && is_above(parents, above, parents[at])
    }

    #[derive(Debug, Clone)]
    struct Row {
        principal: u128,
        at: usize,
        actions: Vec<usize>,
        not_actions: Vec<usize>,
        condition: bool,
    }

    fn row() -> impl Strategy<Value = Row> {
        let some = || proptest::collection::vec(0..PATTERNS.len(), 0..3);
        (0..4u128, 0..8usize, some(), some(), prop::bool::weighted(0.2)).prop_map(
            |(principal, at, actions, not_actions, condition)| Row { principal, at, actions, not_actions, condition },
        )
    }

    proptest! {
        #[test]
        fn inheritance_is_what_a_walk_over_everything_finds(
            ups in proptest::collection::vec(0..8usize, 8),
            rows in proptest::collection::vec(row(), 0..12),
            denials in proptest::collection::vec((row(), any::<bool>()), 0..3),
            groups in proptest::collection::btree_set(0..4u128, 1..3),
            at in 0..8usize,
            action in 0..ACTIONS.len(),
        ) {
            let parents: Vec<usize> = ups.iter().enumerate().map(|(n, up)| if n == 0 { 0 } else { up % n }).collect();
            let action = ACTIONS[action];
            let held: Vec<(Assignment, ResourceRole)> = rows
                .iter()
                .map(|row| {
                    let role = role(&row.actions, &row.not_actions, false);
                    (assignment(row.principal, scope(row.at), row.condition), role)
                })
                .collect();
            let against: Vec<Denial> = denials
                .iter()
                .enumerate()
                .map(|(n, (row, not_below))| Denial {
                    id: Uuid::from_u128(n as u128),
                    name: String::new(),
                    scope: scope(row.at),
                    not_below: *not_below,
                    permissions: role(&row.actions, &row.not_actions, false).permissions,
                    principals: [Uuid::from_u128(row.principal)].into(),
                    excluded: BTreeSet::new(),
                })
                .collect();
            let principals: BTreeSet<Uuid> = groups.iter().map(|id| Uuid::from_u128(*id)).collect();
            let line = chain(&parents, at);
            let question = Question { principals: &principals, chain: &line, action, plane: Plane::Control };
            let found = decide(&question, held.iter().map(|(one, role)| (one, role)), &against);

            let covers = |row: &Row| {
                let hit = |of: &[usize]| of.iter().any(|at| matches(PATTERNS[*at], action));
                groups.contains(&row.principal) && hit(&row.actions) && !hit(&row.not_actions)
            };
            let given = |row: &Row| covers(row) && is_above(&parents, row.at, at);
            let plain = rows.iter().any(|row| given(row) && (!row.condition || action.ends_with("/read")));
            let any = rows.iter().any(given);
            let denied = denials.iter().position(|(row, not_below)| {
                covers(row) && (row.at == at || !not_below && is_above(&parents, row.at, at))
            });
            let expected = match denied {
                Some(n) if any => Verdict::Denied(Uuid::from_u128(n as u128)),
                _ if plain => Verdict::Allowed,
                _ if any => Verdict::Conditioned,
                _ => Verdict::NotAllowed,
            };
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_denial_names_somebody_and_something() {
        let all = role(&[0], &[], false);
        let good = Denial {
            id: Uuid::from_u128(9),
            name: "no".to_owned(),
            scope: ArmScope::root(),
            not_below: false,
            permissions: all.permissions.clone(),
            principals: [Uuid::nil()].into(),
            excluded: [Uuid::from_u128(5)].into(),
        };
        assert_eq!(good.check(), Ok(()));
        let nothing = Permission { not_actions: vec!["*".to_owned()], ..Permission::default() };
        let odd = Permission { actions: vec![String::new()], ..Permission::default() };
        for bad in [
            Denial { name: String::new(), ..good.clone() },
            Denial { name: "a\nb".to_owned(), ..good.clone() },
            Denial { permissions: vec![], ..good.clone() },
            Denial { permissions: vec![nothing], ..good.clone() },
            Denial { permissions: vec![odd], ..good.clone() },
            Denial { principals: [].into(), ..good.clone() },
            Denial { excluded: [Uuid::nil()].into(), ..good.clone() },
            Denial { principals: (1..=1_000).map(Uuid::from_u128).collect(), ..good.clone() },
        ] {
            assert!(matches!(bad.check(), Err(ResourceRefusal::Invalid(_))), "{bad:?}");
        }
    }

    #[test]
    fn everybody_is_denied_but_the_excluded() {
        let all = role(&[0], &[], false);
        let here = ArmScope::root();
        let held = assignment(1, here.clone(), false);
        let denial = Denial {
            id: Uuid::from_u128(9),
            name: "no".to_owned(),
            scope: here.clone(),
            not_below: false,
            permissions: all.permissions.clone(),
            principals: [Uuid::nil()].into(),
            excluded: [Uuid::from_u128(5)].into(),
        };
        let ask = |principals: &[u128]| {
            let principals = principals.iter().map(|id| Uuid::from_u128(*id)).collect();
            let chain = [here.clone()];
            let question =
                Question { principals: &principals, chain: &chain, action: "N/a/read", plane: Plane::Control };
            decide(&question, [(&held, &all)], std::slice::from_ref(&denial))
        };
        assert_eq!(ask(&[1]), Verdict::Denied(Uuid::from_u128(9)));
        assert_eq!(ask(&[1, 5]), Verdict::Allowed);
        assert_eq!(ask(&[2]), Verdict::NotAllowed);
    }
}
