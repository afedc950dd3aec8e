//! A directory outside: it held memberships before Ephor came, and does not always answer.

use std::collections::BTreeSet;

use super::command::Mood;

/// (group, account)
pub(crate) type Seat = (usize, usize);

#[derive(Debug)]
pub(crate) struct Target {
    members: BTreeSet<Seat>,
    pub(crate) mood: Mood,
}

/// What people had outside Ephor from the beginning.
pub(crate) const PRIOR: [Seat; 2] = [(1, 0), (2, 3)];

/// The group of the built-in directory.
pub(crate) const BUILT_IN: usize = 0;
/// Groups by role; group 0 is the built-in directory's, 1 and 2 are outside.
pub(crate) const PRIVILEGES: [&[usize]; 5] = [&[0], &[1], &[2], &[0, 2], &[1, 2]];

impl Target {
    pub(crate) fn new() -> Self {
        Self { members: PRIOR.into_iter().collect(), mood: Mood::Well }
    }

    pub(crate) fn holds(&self, seat: Seat) -> bool {
        self.members.contains(&seat)
    }

    /// Looks; `None` without answer.
    pub(crate) fn look(&self, seat: Seat) -> Option<bool> {
        (self.mood == Mood::Well).then(|| self.holds(seat))
    }

    /// Makes the membership `wanted`; true when it said so.
    pub(crate) fn write(&mut self, seat: Seat, wanted: bool) -> bool {
        if self.mood != Mood::Down {
            if wanted {
                self.members.insert(seat)
            } else {
                self.members.remove(&seat)
            };
        }
        self.mood == Mood::Well
    }
}
