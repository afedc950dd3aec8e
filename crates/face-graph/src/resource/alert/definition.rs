//! What is said of each alert: data.

use std::sync::LazyLock;

use ephor_domain::alert::{AlertKind, AlertSetting};

/// Its form stands at its head.
const TEXT: &str = include_str!("../../../data/alert-definitions.txt");

/// Type and texts of an alert.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) kind: AlertKind,
    kind_of: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) impact: &'static str,
    pub(super) mitigation: &'static str,
    pub(super) prevention: &'static str,
}

static ALL: LazyLock<Vec<Definition>> =
    LazyLock::new(|| parse(TEXT).expect("the definitions are part of the program and tested"));

fn parse(text: &'static str) -> Option<Vec<Definition>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut all: Vec<Definition> = Vec::new();
    for line in lines {
        let Some(member) = line.strip_prefix("  ") else {
            let kind = AlertKind::from_word(line)?;
            let empty = "";
            all.push(Definition {
                kind,
                kind_of: empty,
                name: empty,
                description: empty,
                impact: empty,
                mitigation: empty,
                prevention: empty,
            });
            continue;
        };
        let (open, (name, text)) = (all.last_mut()?, member.split_once(' ')?);
        let place = match name {
            "type" => &mut open.kind_of,
            "name" => &mut open.name,
            "description" => &mut open.description,
            "impact" => &mut open.impact,
            "mitigation" => &mut open.mitigation,
            "prevention" => &mut open.prevention,
            _ => return None,
        };
        *place = text;
    }
    Some(all)
}

/// The definition of an alert of directory roles.
pub(super) fn of(kind: AlertKind) -> Option<&'static Definition> {
    ALL.iter().find(|definition| definition.kind == kind)
}

impl Definition {
    /// The type of its configuration, without name space.
    pub(super) fn configuration_type(&self) -> String {
        format!("{}Configuration", self.kind_of)
    }

    /// The type of its incidents, without name space.
    pub(super) fn incident_type(&self) -> String {
        format!("{}Incident", self.kind_of)
    }
}

/// The member of a configuration that a setting is.
pub(super) const fn member_of(setting: AlertSetting) -> &'static str {
    match setting {
        AlertSetting::Duration => "duration",
        AlertSetting::Interval => "timeIntervalBetweenActivations",
        AlertSetting::Counter => "sequentialActivationCounterThreshold",
        AlertSetting::Count => "globalAdminCountThreshold",
        AlertSetting::Percentage => "percentageOfGlobalAdminsOutOfRolesThreshold",
    }
}

/// It is a length of time.
pub(super) const fn is_length(setting: AlertSetting) -> bool {
    matches!(setting, AlertSetting::Duration | AlertSetting::Interval)
}

#[cfg(test)]
mod tests {
    use ephor_domain::provider::Provider;
    use ephor_odata::v4::Edition;

    use super::*;
    use crate::model;

    #[test]
    fn every_alert_is_defined_and_its_types_are_in_the_model() {
        let model = model::of(Edition::Beta);
        for kind in AlertKind::of(Provider::DirectoryRoles) {
            let found = of(kind).unwrap_or_else(|| panic!("{kind:?}"));
            for text in [found.name, found.description, found.impact, found.mitigation, found.prevention] {
                assert!(!text.is_empty(), "{kind:?}");
            }
            for name in [found.configuration_type(), found.incident_type()] {
                assert!(model.types.contains_key(&name), "{name}");
            }
            for rule in kind.settings() {
                let of = found.configuration_type();
                assert!(model.member(&of, member_of(rule.setting)).is_some(), "{of}");
            }
        }
        assert_eq!(ALL.len(), 7);
    }
}
