//! The events a record can be about, with their numbers.
//!
//! 101, 103 and 825 are the documented numbers of the MIM logs (PAM 15.3); all others are our own, from 9000 up, in
//! blocks by matter. A number is never given a second meaning; programs that meet an unknown one show number and kind.

mod catalogue;

use std::fmt;

use serde::Serialize;

pub use catalogue::*;

/// How much attention an event deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The ordinary course of things.
    Information,
    /// Worth a look: refused, unusual, or repaired by itself.
    Warning,
    /// Something did not work and is being retried or was given up.
    Error,
    /// Access may be wrong, or the record of it: somebody has to act now.
    Critical,
}

impl Severity {
    /// The severity number of RFC 5424.
    #[must_use]
    pub const fn syslog(self) -> u8 {
        match self {
            Self::Critical => 2,
            Self::Error => 3,
            Self::Warning => 4,
            Self::Information => 6,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        })
    }
}

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its number.
    pub id: u16,
    /// Dotted word that groups events.
    pub kind: &'static str,
    /// How much attention it deserves.
    pub severity: Severity,
    /// One line that says what happened.
    pub title: &'static str,
}

/// The catalogue entry of a number.
#[must_use]
pub fn find(id: u16) -> Option<Event> {
    ALL.iter().copied().find(|event| event.id == id)
}

/// The transitions of a request (PAM 9.2). The providers of Graph and ARM use the same ones where they have the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[expect(missing_docs, reason = "the numbers are those of PAM 9.2")]
pub enum Transition {
    T1,
    T2,
    T3,
    T4,
    T5,
    T6,
    T7,
    T8,
    T9,
    T10,
    T11,
    T12,
    T13,
    T14,
    T15,
    T16,
    T17,
    T18,
    T19,
}

impl Transition {
    /// All of them, in order.
    pub const ALL: [Self; 19] = [
        Self::T1,
        Self::T2,
        Self::T3,
        Self::T4,
        Self::T5,
        Self::T6,
        Self::T7,
        Self::T8,
        Self::T9,
        Self::T10,
        Self::T11,
        Self::T12,
        Self::T13,
        Self::T14,
        Self::T15,
        Self::T16,
        Self::T17,
        Self::T18,
        Self::T19,
    ];

    /// The event that records it. T6 and T7 both complete the challenge (103) and are told apart by the new status.
    #[must_use]
    pub const fn event(self) -> Event {
        match self {
            Self::T1 => REQUEST_ACCEPTED,
            Self::T2 => REQUEST_AWAITS_MFA,
            Self::T3 => REQUEST_AWAITS_APPROVAL,
            Self::T4 => REQUEST_SCHEDULED,
            Self::T5 => REQUEST_ACTIVE,
            Self::T6 | Self::T7 => MFA_COMPLETED,
            Self::T8 => MFA_NOT_COMPLETED,
            Self::T9 => REQUEST_APPROVED_SCHEDULED,
            Self::T10 => REQUEST_APPROVED_ACTIVE,
            Self::T11 => REQUEST_REJECTED,
            Self::T12 => REQUEST_APPROVAL_TIMED_OUT,
            Self::T13 => REQUEST_STARTED,
            Self::T14 => REQUEST_WITHDRAWN,
            Self::T15 => REQUEST_CLOSING,
            Self::T16 => REQUEST_ENDED,
            Self::T17 => REQUEST_EXPIRED,
            Self::T18 => REQUEST_GIVEN_UP,
            Self::T19 => REQUEST_PURGED,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_are_unique_ascending_and_ours_from_9000() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id), "one number, one meaning, in order");
        let foreign: Vec<u16> = ALL.iter().map(|event| event.id).filter(|id| *id < 9000).collect();
        assert_eq!(foreign, [101, 103, 825]);
    }

    #[test]
    fn kinds_are_dotted_words_and_titles_sentences() {
        for event in ALL {
            let (group, rest) = event.kind.split_once('.').unwrap();
            for word in [group, rest] {
                assert!(!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{event:?}");
            }
            assert!(!event.title.ends_with('.') && event.title.len() > 10, "{event:?}");
        }
    }

    #[test]
    fn the_documented_events_keep_their_severity() {
        assert_eq!(find(101).unwrap().severity, Severity::Error);
        assert_eq!(find(103).unwrap().severity, Severity::Information);
        assert_eq!(find(825).unwrap().severity, Severity::Warning);
        assert_eq!(find(4121), None);
    }

    #[test]
    fn every_transition_has_its_event() {
        let ids: HashSet<u16> = Transition::ALL.iter().map(|transition| transition.event().id).collect();
        assert_eq!(ids.len(), 18, "T6 and T7 share 103");
        for (n, transition) in (1..).zip(Transition::ALL) {
            let event = transition.event();
            assert_eq!(event.kind, "request.transition");
            assert!(event.id == 9000 + n || matches!((n, event.id), (6 | 7, 103) | (8, 101)), "{event:?}");
        }
    }
}
