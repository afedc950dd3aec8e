//! Which activities a record of ours is on the wire (`GRAPH 16.3`): a table of its own.

use std::sync::LazyLock;

/// Its form stands at its head.
const TEXT: &str = include_str!("../../../data/audit-activities.txt");

/// Who wrote an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Privileged access.
    Pim,
    /// The directory.
    Core,
}

impl Service {
    /// `loggedByService`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pim => "PIM",
            Self::Core => "Core Directory",
        }
    }

    /// How its ids begin.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Pim => "PIM",
            Self::Core => "Directory",
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) event: u16,
    pub(super) service: Service,
    category: &'static str,
    pub(super) operation: &'static str,
    conditions: Vec<(&'static str, &'static str)>,
    name: &'static str,
}

static ALL: LazyLock<Vec<Activity>> = LazyLock::new(|| {
    let lines = TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| read(line).expect("the table is part of the program and tested")).collect()
});

fn read(line: &'static str) -> Option<Activity> {
    let (head, name) = line.split_once(" : ")?;
    let mut words = head.split_whitespace();
    let event = words.next()?.parse().ok()?;
    let service = match words.next()? {
        "PIM" => Service::Pim,
        "Core" => Service::Core,
        _ => return None,
    };
    let (category, operation) = (words.next()?, words.next()?);
    let conditions = words.map(|word| word.split_once('=')).collect::<Option<_>>()?;
    Some(Activity { event, service, category, operation, conditions, name })
}

/// What a record says for the conditions of the table.
pub(super) trait Facts {
    /// The value of a fact.
    fn fact(&self, name: &str) -> Option<&str>;

    /// It has no end.
    fn is_endless(&self) -> bool {
        self.fact("end") == Some("never")
    }
}

/// The activities of a record, oldest first, each with its place among those of the event.
pub(super) fn of(event: u16, facts: &impl Facts) -> Vec<(usize, &'static Activity)> {
    let lines = ALL.iter().filter(|line| line.event == event).enumerate();
    lines.filter(|(_, line)| line.conditions.iter().all(|(name, value)| facts.fact(name) == Some(value))).collect()
}

/// Events that can be this activity; letter case does not count.
pub(super) fn events_named(name: &str) -> Vec<u16> {
    let is_it = |line: &&Activity| [true, false].iter().any(|endless| line.name(*endless).eq_ignore_ascii_case(name));
    let mut events: Vec<u16> = ALL.iter().filter(is_it).map(|line| line.event).collect();
    events.sort_unstable();
    events.dedup();
    events
}

impl Activity {
    /// `activityDisplayName`.
    pub(super) fn name(&self, endless: bool) -> String {
        self.name.replace("{length}", if endless { "permanent" } else { "timebound" })
    }

    /// `category`.
    pub(super) fn category(&self, of_group: bool) -> &'static str {
        match (self.category, of_group) {
            ("*", true) => "GroupManagement",
            ("*", false) => "RoleManagement",
            (own, _) => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_names_an_event_of_the_log() {
        let lines = TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(ALL.len(), lines.count());
        for line in ALL.iter() {
            assert!(ephor_audit::events::find(line.event).is_some(), "{line:?}");
            let known = ["order", "kind", "provider", "access", "request", "as", "change", "when"];
            assert!(line.conditions.iter().all(|(name, _)| known.contains(name)), "{line:?}");
        }
        assert_eq!(events_named("update ROLE setting in pim"), [9240]);
        assert_eq!(events_named("Add member to role in PIM completed (permanent)"), [9013, 9233, 9234]);
        assert_eq!(events_named("Add member to Mars"), [0; 0]);
    }

    #[test]
    fn activities_of_privileged_access_are_the_published_ones() {
        let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") else {
            eprintln!("EPHOR_SPEC_DIR is not set: the activities are not compared");
            return;
        };
        let text = std::fs::read_to_string(format!("{folder}/graph/audit-activities.json")).unwrap();
        let published: serde_json::Value = serde_json::from_str(&text).unwrap();
        let names: Vec<&str> = published["activities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["activityDisplayName"].as_str().unwrap())
            .collect();
        for line in ALL.iter().filter(|line| line.service == Service::Pim) {
            for endless in [true, false] {
                assert!(names.contains(&&*line.name(endless)), "{}", line.name(endless));
            }
        }
    }
}
