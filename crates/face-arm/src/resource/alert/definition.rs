//! What is said of each alert (`ARM 17.1`).

use ephor_domain::alert::{AlertKind, AlertSetting, AlertSeverity};

/// The texts of an alert.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) impact: &'static str,
    pub(super) mitigation: &'static str,
    pub(super) prevention: &'static str,
}

const TOO_MANY_OWNERS: Definition = Definition {
    name: "Too many owners are assigned to a resource",
    description: "More people and applications hold or may activate the Owner role here than should.",
    impact: "Each owner can do everything here and let others in; each more is one more account worth attacking.",
    mitigation: "Go through the list and give whoever does not need everything a smaller role, as Contributor.",
    prevention: "Give roles with the fewest permissions that do the work, and make owners of few.",
};

const TOO_MANY_PERMANENT_OWNERS: Definition = Definition {
    name: "Too many permanent owners are assigned to a resource",
    description: "More people and applications hold the Owner role here for good than should.",
    impact: "What is held for good can be misused at any time, by its holder or by whoever takes the account over.",
    mitigation: "Make those who need the role now and then eligible for it, and take the permanent assignment away.",
    prevention: "Let the role be activated when it is needed, and let active assignments end.",
};

const DUPLICATE_ROLE: Definition = Definition {
    name: "A duplicate role was made",
    description: "A role that was made here bears the name of another one, or allows exactly what another one allows.",
    impact: "Roles that are told apart by nothing are given by mistake, and a review of one misses the other.",
    mitigation: "Give the holders of one role the other, and delete the first.",
    prevention: "Look for a role that fits before making one.",
};

const OUTSIDE: Definition = Definition {
    name: "Roles are assigned outside of privileged access",
    description: "A role was given directly: without request, end, justification or approval.",
    impact: "Nobody is asked for what is given directly, and it never ends by itself.",
    mitigation: "Find out whether the access is meant. If so, give it as an eligibility; take the direct one away.",
    prevention: "Leave the right to give roles to few, and give roles by requests.",
};

/// The texts of an alert of resources.
pub(super) const fn of(kind: AlertKind) -> Definition {
    match kind {
        AlertKind::TooManyPermanentOwners => TOO_MANY_PERMANENT_OWNERS,
        AlertKind::DuplicateRole => DUPLICATE_ROLE,
        AlertKind::ResourceAssignedOutside => OUTSIDE,
        AlertKind::TooManyOwners
        | AlertKind::InvalidLicense
        | AlertKind::NoMfaOnActivation
        | AlertKind::RedundantAssignment
        | AlertKind::AssignedOutside
        | AlertKind::SequentialActivations
        | AlertKind::StaleSignIn
        | AlertKind::TooManyGlobalAdministrators => TOO_MANY_OWNERS,
    }
}

/// How grave it is, in words.
pub(super) const fn severity(kind: AlertKind) -> &'static str {
    match kind.severity() {
        AlertSeverity::Low => "Low",
        AlertSeverity::Medium => "Medium",
        AlertSeverity::High => "High",
    }
}

/// What types of an alert begin with.
fn stem(kind: AlertKind) -> String {
    let word = kind.word();
    if word.ends_with("Alert") { word.to_owned() } else { format!("{word}Alert") }
}

/// The type of its configuration.
pub(super) fn configuration_type(kind: AlertKind) -> String {
    format!("{}Configuration", stem(kind))
}

/// The type of its incidents.
pub(super) fn incident_type(kind: AlertKind) -> String {
    format!("{}Incident", stem(kind))
}

/// The member of a configuration that a setting is; every setting of an alert of resources is one.
pub(super) const fn member(kind: AlertKind, setting: AlertSetting) -> &'static str {
    match (kind, setting) {
        (AlertKind::TooManyPermanentOwners, AlertSetting::Percentage) => {
            "thresholdPercentageOfPermanentOwnersOutOfAllOwners"
        }
        (AlertKind::TooManyPermanentOwners, _) => "thresholdNumberOfPermanentOwners",
        (_, AlertSetting::Percentage) => "thresholdPercentageOfOwnersOutOfAllRoleMembers",
        (_, _) => "thresholdNumberOfOwners",
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::provider::Provider;

    use super::*;

    #[test]
    fn types_are_made_of_the_keys() {
        let types: Vec<String> = AlertKind::of(Provider::Resources).map(configuration_type).collect();
        assert_eq!(
            types,
            [
                "TooManyOwnersAssignedToResourceAlertConfiguration",
                "TooManyPermanentOwnersAssignedToResourceAlertConfiguration",
                "DuplicateRoleCreatedAlertConfiguration",
                "AzureRolesAssignedOutsidePimAlertConfiguration",
            ]
        );
        assert_eq!(incident_type(AlertKind::ResourceAssignedOutside), "AzureRolesAssignedOutsidePimAlertIncident");
    }

    #[test]
    fn severities_are_those_of_the_table() {
        let words: Vec<&str> = AlertKind::of(Provider::Resources).map(severity).collect();
        assert_eq!(words, ["Medium", "Medium", "Medium", "High"]);
    }
}
