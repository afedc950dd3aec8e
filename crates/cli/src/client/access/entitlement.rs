//! One thing that can be had: what somebody is eligible for, holds, or waits for.

use serde_json::{Value, json};

use super::Provider;
use crate::output::{instant_text, printable};

/// Who may have what, and how that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entitlement {
    pub(crate) provider: Provider,
    /// Name of the role or group.
    pub(crate) name: String,
    /// Id of the role or group.
    pub(crate) definition: String,
    /// Of a group: `member` or `owner`.
    pub(crate) access: Option<String>,
    /// Of a role: where.
    pub(crate) scope: Option<String>,
    /// Name of the scope.
    pub(crate) place: Option<String>,
    pub(crate) eligible: Option<Eligible>,
    pub(crate) active: Option<Active>,
    pub(crate) waiting: Option<Pending>,
}

/// It may be activated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Eligible {
    /// Id of the schedule; none of PAM roles.
    pub(crate) schedule: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
}

/// It is in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Active {
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    /// Given by an administrator, not activated.
    pub(crate) assigned: bool,
    /// Requests that end with it, where requests are what is ended.
    pub(crate) requests: Vec<String>,
}

/// It was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pending {
    pub(crate) request: String,
    pub(crate) status: String,
    pub(crate) action: String,
    pub(crate) since: Option<String>,
}

impl Entitlement {
    pub(crate) fn of(provider: Provider, name: String, definition: String) -> Self {
        Self {
            provider,
            name,
            definition,
            access: None,
            scope: None,
            place: None,
            eligible: None,
            active: None,
            waiting: None,
        }
    }

    fn key(&self) -> (Provider, String, String, String) {
        let folded = |text: &Option<String>| text.as_deref().unwrap_or_default().to_lowercase();
        (self.provider, self.definition.to_lowercase(), folded(&self.access), folded(&self.scope))
    }

    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        kind(self.provider, self.access.as_deref())
    }

    /// Name with what tells it from others of that name.
    pub(crate) fn label(&self) -> String {
        label(&self.name, self.access.as_deref(), self.place.as_deref())
    }

    /// Where it counts; nothing for what counts everywhere.
    pub(crate) fn place_name(&self) -> String {
        self.place.clone().unwrap_or_default()
    }

    /// How it stands, in one word for programs.
    pub(crate) fn state(&self) -> &'static str {
        match (&self.active, &self.waiting, &self.eligible) {
            (Some(_), _, _) => "active",
            (None, Some(waiting), _) if super::request::is_scheduled(&waiting.status) => "scheduled",
            (None, Some(_), _) => "waiting",
            (None, None, Some(_)) => "eligible",
            (None, None, None) => "none",
        }
    }

    /// How it stands, for people.
    pub(crate) fn standing(&self) -> String {
        let waits = self.waiting.as_ref().map(|waiting| super::request::said(&waiting.status, &waiting.action));
        match (&self.active, waits) {
            (Some(active), waits) => {
                let how = if active.assigned { "assigned" } else { "active" };
                waits.map_or_else(|| how.to_owned(), |waits| format!("{how}; {waits}"))
            }
            (None, Some(waits)) => waits,
            (None, None) => "eligible".to_owned(),
        }
    }

    /// When what it says ends.
    pub(crate) fn until(&self) -> String {
        let until = match (&self.active, &self.waiting) {
            (Some(active), _) => active.until.as_deref(),
            (None, Some(_)) => None,
            (None, None) => self.eligible.as_ref().and_then(|eligible| eligible.until.as_deref()),
        };
        until.map(instant_text).unwrap_or_default()
    }

    /// The id by which this one alone is named.
    pub(crate) fn id(&self) -> &str {
        let schedule = self.eligible.as_ref().and_then(|eligible| eligible.schedule.as_deref());
        schedule.unwrap_or(&self.definition)
    }

    /// For programs. Members are never left out, so that a program may count on them.
    pub(crate) fn json(&self) -> Value {
        json!({
            "provider": self.provider.word(),
            "name": self.name,
            "definitionId": self.definition,
            "access": self.access,
            "scope": self.scope,
            "scopeName": self.place,
            "state": self.state(),
            "eligible": self.eligible.as_ref().map(|it| json!({
                "scheduleId": it.schedule, "from": it.from, "until": it.until,
            })),
            "active": self.active.as_ref().map(|it| json!({
                "assigned": it.assigned, "from": it.from, "until": it.until,
            })),
            "waiting": self.waiting.as_ref().map(|it| json!({
                "requestId": it.request, "status": it.status, "action": it.action, "since": it.since,
            })),
        })
    }

    /// One line of a list to choose from.
    pub(crate) fn candidate(&self) -> String {
        printable(&format!("{} ({}, {})", self.label(), self.kind(), self.id()))
    }
}

/// What a thing of a provider is, for people.
pub(crate) fn kind(provider: Provider, access: Option<&str>) -> &'static str {
    match (provider, access) {
        (Provider::Pam, _) => "PAM role",
        (Provider::Role, _) => "directory role",
        (Provider::Group, Some("owner")) => "group owner",
        (Provider::Group, _) => "group member",
        (Provider::Resource, _) => "resource role",
    }
}

/// `Owner at payroll`, `Falcon (owner)`.
pub(crate) fn label(name: &str, access: Option<&str>, place: Option<&str>) -> String {
    let mut label = name.to_owned();
    if let Some(access) = access {
        label.push_str(&format!(" ({access})"));
    }
    if let Some(place) = place {
        label.push_str(&format!(" at {place}"));
    }
    label
}

/// One for each thing, whatever is known of it, in the order of names.
pub(crate) fn merged(rows: Vec<Entitlement>) -> Vec<Entitlement> {
    let mut all: Vec<Entitlement> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(known) = all.iter_mut().find(|known| known.key() == row.key()) else {
            all.push(row);
            continue;
        };
        // Through several ways, that which lasts longest counts.
        known.eligible = longer(known.eligible.take(), row.eligible, |it| it.until.clone());
        let requests = known.active.iter().chain(&row.active).flat_map(|it| it.requests.clone()).collect();
        known.active = longer(known.active.take(), row.active, |it| it.until.clone());
        if let Some(active) = &mut known.active {
            active.requests = requests;
        }
        known.waiting = known.waiting.take().or(row.waiting);
    }
    sort(&mut all);
    all
}

/// In the order of names.
pub(crate) fn sort(all: &mut [Entitlement]) {
    all.sort_by_cached_key(|it| (it.name.to_lowercase(), it.provider, it.label().to_lowercase()));
}

fn longer<T>(one: Option<T>, other: Option<T>, until: impl Fn(&T) -> Option<String>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let stays = match (until(&one), until(&other)) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(ends), Some(later)) => ends >= later,
            };
            Some(if stays { one } else { other })
        }
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, until: Option<&str>) -> Entitlement {
        let eligible = Eligible { until: until.map(str::to_owned), ..Eligible::default() };
        Entitlement { eligible: Some(eligible), ..Entitlement::of(Provider::Role, name.to_owned(), "1".to_owned()) }
    }

    #[test]
    fn what_is_had_twice_is_one_and_lasts_as_long_as_the_longer() {
        let active = Active { requests: vec!["r".to_owned()], ..Active::default() };
        let held = Entitlement { eligible: None, active: Some(active), ..role("Reader", None) };
        let all = merged(vec![role("Reader", Some("2026-01-01")), role("Reader", Some("2026-02-01")), held]);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].eligible.as_ref().unwrap().until.as_deref(), Some("2026-02-01"));
        assert_eq!((all[0].state(), all[0].active.as_ref().unwrap().requests.len()), ("active", 1));
        let all = merged(vec![role("Reader", Some("2026-01-01")), role("Reader", None)]);
        assert_eq!(all[0].eligible.as_ref().unwrap().until, None, "what does not end lasts longest");
    }

    #[test]
    fn labels_say_as_what_and_where() {
        assert_eq!(label("Falcon", Some("owner"), None), "Falcon (owner)");
        assert_eq!(label("Reader", None, Some("payroll")), "Reader at payroll");
        assert_eq!(kind(Provider::Group, Some("owner")), "group owner");
    }
}
