//! By which ways a principal is in groups: how long each lasts, and who laid it.

use std::collections::{BTreeMap, BTreeSet};

use ephor_domain::id::{GroupId, PersonId, PrincipalId};
use ephor_store::{Fault, Tx, tx::directory::Joined};
use jiff::Timestamp;
use uuid::Uuid;

/// Most groups that one principal is followed through.
const MOST: usize = 10_000;

/// Every way upward from one principal, in force at one instant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    ways: BTreeMap<Uuid, Vec<Joined>>,
}

impl Reach {
    /// What is in force at `now`.
    ///
    /// # Errors
    /// Faults of the store.
    pub(crate) async fn of(tx: &mut Tx, principal: PrincipalId, now: Timestamp) -> Result<Self, Fault> {
        let mut ways = BTreeMap::new();
        let mut ahead = vec![principal.uuid()];
        while let Some(id) = ahead.pop() {
            if ways.len() > MOST || ways.contains_key(&id) {
                continue;
            }
            let joined = tx.joined(PrincipalId::new(id), now).await?;
            ahead.extend(joined.iter().map(|way| way.group.uuid()));
            ways.insert(id, joined);
        }
        Ok(Self { ways })
    }

    /// Until when `principal` is in each group that it reaches, by the way that lasts longest; `None` for good.
    pub(crate) fn until(&self, principal: PrincipalId) -> BTreeMap<GroupId, Option<Timestamp>> {
        let mut until: BTreeMap<GroupId, Timestamp> = BTreeMap::new();
        let mut ahead = vec![(principal.uuid(), Timestamp::MAX)];
        while let Some((id, end)) = ahead.pop() {
            for way in self.ways.get(&id).into_iter().flatten() {
                let end = way.until.map_or(end, |until| until.min(end));
                if until.get(&way.group).is_none_or(|known| *known < end) {
                    until.insert(way.group, end);
                    ahead.push((way.group.uuid(), end));
                }
            }
        }
        until.into_iter().map(|(group, end)| (group, (end < Timestamp::MAX).then_some(end))).collect()
    }

    /// The groups that `principal` reaches by ways that nobody of `parties` laid at or after `asked_at` (F13).
    pub(crate) fn independent(
        &self,
        principal: PrincipalId,
        parties: &[PersonId],
        asked_at: Timestamp,
    ) -> BTreeSet<GroupId> {
        let mut found = BTreeSet::new();
        let mut ahead = vec![principal.uuid()];
        while let Some(id) = ahead.pop() {
            for way in self.ways.get(&id).into_iter().flatten() {
                // In the same millisecond nobody can tell which came first.
                let is_laid = way.since >= asked_at && way.by.iter().any(|person| parties.contains(person));
                if !is_laid && found.insert(way.group) {
                    ahead.push(way.group.uuid());
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Uuid = Uuid::from_u128(1);
    const JEN: PersonId = PersonId::new(Uuid::from_u128(90));
    const PAT: PersonId = PersonId::new(Uuid::from_u128(91));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn group(number: u128) -> GroupId {
        GroupId::new(Uuid::from_u128(number))
    }

    fn way(to: u128, until: Option<i64>, since: i64, by: &[PersonId]) -> Joined {
        Joined { group: group(to), until: until.map(at), since: at(since), by: by.to_vec() }
    }

    fn reach(ways: Vec<(u128, Vec<Joined>)>) -> Reach {
        Reach { ways: ways.into_iter().map(|(id, ways)| (Uuid::from_u128(id), ways)).collect() }
    }

    #[test]
    fn of_several_ways_the_one_that_lasts_longest_counts_and_each_lasts_as_long_as_its_shortest_part() {
        // 1 is in 2 until 50 and in 3 for good; 2 and 3 are in 4, 3 only until 30; 4 is in 2, a ring.
        let reach = reach(vec![
            (1, vec![way(2, Some(50), 0, &[]), way(3, None, 0, &[])]),
            (2, vec![way(4, None, 0, &[])]),
            (3, vec![way(4, Some(30), 0, &[])]),
            (4, vec![way(2, Some(90), 0, &[])]),
        ]);
        let until = reach.until(PrincipalId::new(ME));
        let expected = BTreeMap::from([(group(2), Some(at(50))), (group(3), None), (group(4), Some(at(50)))]);
        assert_eq!(until, expected);
    }

    #[test]
    fn f13_a_way_that_a_party_laid_after_asking_leads_nowhere() {
        let reach = reach(vec![
            (1, vec![way(2, None, 99, &[JEN]), way(3, None, 100, &[PAT, JEN]), way(4, None, 200, &[PAT])]),
            (2, vec![way(5, None, 100, &[JEN]), way(6, None, 1, &[])]),
            (3, vec![way(7, None, 1, &[])]),
        ]);
        let found = reach.independent(PrincipalId::new(ME), &[JEN], at(100));
        assert_eq!(found, [2, 4, 6].map(group).into());
        assert_eq!(reach.independent(PrincipalId::new(ME), &[], at(100)), (2..=7).map(group).collect());
    }
}
