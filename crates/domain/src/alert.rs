//! Alerts: findings of a scan over who has privileged access and how it is guarded (`GRAPH 14.3`, `ARM 17.1`, seams §18).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider::Provider;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// Never found: this server needs no licence. Directory roles.
    InvalidLicense,
    /// A role whose activation asks neither for MFA nor for an authentication context. Directory roles.
    NoMfaOnActivation,
    /// An eligibility that was not used for long. Directory roles.
    RedundantAssignment,
    /// An assignment that no schedule made. Directory roles.
    AssignedOutside,
    /// Activations that follow each other too fast. Directory roles.
    SequentialActivations,
    /// An assignment of somebody who has not signed in for long. Directory roles.
    StaleSignIn,
    /// More global administrators than should be. Directory roles.
    TooManyGlobalAdministrators,
    /// More owners at a scope than should be. Resources.
    TooManyOwners,
    /// More owners for good at a scope than should be. Resources.
    TooManyPermanentOwners,
    /// A role of one's own that equals another one. Resources.
    DuplicateRole,
    /// A role assignment that no schedule made. Resources.
    ResourceAssignedOutside,
}

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Worth a look.
    Low,
    /// To be seen to.
    Medium,
    /// To be seen to soon.
    High,
}

/// A number that an alert can be told. Lengths of time are in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSetting {
    /// How long is too long.
    Duration,
    /// How soon is too soon.
    Interval,
    /// So many in a row.
    Counter,
    /// So many in all.
    Count,
    /// Such a share of all, in percent.
    Percentage,
}

/// Bounds and default of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingRule {
    /// Which.
    pub setting: AlertSetting,
    /// Least.
    pub least: u64,
    /// Most.
    pub most: u64,
    /// Until somebody says otherwise.
    pub default: u64,
}

const DAY: u64 = 24 * 60 * 60;

const fn rule(setting: AlertSetting, least: u64, most: u64, default: u64) -> SettingRule {
    SettingRule { setting, least, most, default }
}

const DURATION: SettingRule = rule(AlertSetting::Duration, DAY, 365 * DAY, 30 * DAY);
const INTERVAL: SettingRule = rule(AlertSetting::Interval, 1, 30 * DAY, 10);
const COUNTER: SettingRule = rule(AlertSetting::Counter, 2, 100, 3);
const COUNT: SettingRule = rule(AlertSetting::Count, 2, 100, 3);
const PERCENTAGE: SettingRule = rule(AlertSetting::Percentage, 0, 100, 10);

impl AlertKind {
    /// All of them, each provider's in served order.
    pub const ALL: [Self; 11] = [
        Self::InvalidLicense,
        Self::NoMfaOnActivation,
        Self::RedundantAssignment,
        Self::AssignedOutside,
        Self::SequentialActivations,
        Self::StaleSignIn,
        Self::TooManyGlobalAdministrators,
        Self::TooManyOwners,
        Self::TooManyPermanentOwners,
        Self::DuplicateRole,
        Self::ResourceAssignedOutside,
    ];

    /// The key on the wire, and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidLicense => "InvalidLicenseAlert",
            Self::NoMfaOnActivation => "NoMfaOnRoleActivationAlert",
            Self::RedundantAssignment => "RedundantAssignmentAlert",
            Self::AssignedOutside => "RolesAssignedOutsidePimAlert",
            Self::SequentialActivations => "SequentialActivationRenewalsAlert",
            Self::StaleSignIn => "StaleSignInAlert",
            Self::TooManyGlobalAdministrators => "TooManyGlobalAdminsAssignedToTenantAlert",
            Self::TooManyOwners => "TooManyOwnersAssignedToResource",
            Self::TooManyPermanentOwners => "TooManyPermanentOwnersAssignedToResource",
            Self::DuplicateRole => "DuplicateRoleCreated",
            Self::ResourceAssignedOutside => "AzureRolesAssignedOutsidePimAlert",
        }
    }

    /// The alert that a key names, in any letter case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word))
    }

    /// Whose rows it looks at.
    #[must_use]
    pub const fn provider(self) -> Provider {
        match self {
            Self::InvalidLicense
            | Self::NoMfaOnActivation
            | Self::RedundantAssignment
            | Self::AssignedOutside
            | Self::SequentialActivations
            | Self::StaleSignIn
            | Self::TooManyGlobalAdministrators => Provider::DirectoryRoles,
            Self::TooManyOwners
            | Self::TooManyPermanentOwners
            | Self::DuplicateRole
            | Self::ResourceAssignedOutside => Provider::Resources,
        }
    }

    /// Those of one provider, in served order.
    pub fn of(provider: Provider) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |kind| kind.provider() == provider)
    }

    /// How grave it is.
    #[must_use]
    pub const fn severity(self) -> AlertSeverity {
        match self {
            Self::InvalidLicense | Self::AssignedOutside | Self::ResourceAssignedOutside => AlertSeverity::High,
            Self::RedundantAssignment | Self::TooManyGlobalAdministrators => AlertSeverity::Low,
            Self::NoMfaOnActivation
            | Self::SequentialActivations
            | Self::StaleSignIn
            | Self::TooManyOwners
            | Self::TooManyPermanentOwners
            | Self::DuplicateRole => AlertSeverity::Medium,
        }
    }

    /// A finding can be put right by an order.
    #[must_use]
    pub const fn is_remediatable(self) -> bool {
        !matches!(self, Self::InvalidLicense | Self::SequentialActivations)
    }

    /// What can be set, beside whether it is looked for at all.
    #[must_use]
    pub const fn settings(self) -> &'static [SettingRule] {
        match self {
            Self::RedundantAssignment | Self::StaleSignIn => &[DURATION],
            Self::SequentialActivations => &[INTERVAL, COUNTER],
            Self::TooManyGlobalAdministrators | Self::TooManyOwners | Self::TooManyPermanentOwners => {
                &[COUNT, PERCENTAGE]
            }
            Self::InvalidLicense
            | Self::NoMfaOnActivation
            | Self::AssignedOutside
            | Self::DuplicateRole
            | Self::ResourceAssignedOutside => &[],
        }
    }
}

/// How an alert was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettings {
    /// It is looked for.
    pub enabled: bool,
    /// What was set; the rest has its default.
    pub values: BTreeMap<AlertSetting, u64>,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self { enabled: true, values: BTreeMap::new() }
    }
}

/// Why an alert is not set so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// This alert has no such setting.
    #[error("the alert has no such setting")]
    NoSetting,
    /// Out of its bounds.
    #[error("the value is out of its bounds")]
    OutOfBounds,
}

impl AlertSettings {
    /// What holds.
    #[must_use]
    pub fn value(&self, kind: AlertKind, setting: AlertSetting) -> u64 {
        let default = kind.settings().iter().find(|rule| rule.setting == setting).map_or(0, |rule| rule.default);
        self.values.get(&setting).copied().unwrap_or(default)
    }

    /// Sets a value.
    ///
    /// # Errors
    /// [`AlertError`].
    pub fn set(&mut self, kind: AlertKind, setting: AlertSetting, value: u64) -> Result<(), AlertError> {
        let rule = kind.settings().iter().find(|rule| rule.setting == setting).ok_or(AlertError::NoSetting)?;
        if value < rule.least || rule.most < value {
            return Err(AlertError::OutOfBounds);
        }
        self.values.insert(setting, value);
        Ok(())
    }

    /// Are `some` of `all` too many? Both bounds must be reached.
    #[must_use]
    pub fn too_many(&self, kind: AlertKind, some: u64, all: u64) -> bool {
        let share = self.value(kind, AlertSetting::Percentage);
        some >= self.value(kind, AlertSetting::Count) && some.saturating_mul(100) >= all.saturating_mul(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alert_is_found_by_its_key_and_belongs_to_one_face() {
        for kind in AlertKind::ALL {
            assert_eq!(AlertKind::from_word(&kind.word().to_lowercase()), Some(kind));
        }
        assert_eq!(AlertKind::of(Provider::DirectoryRoles).count(), 7);
        assert_eq!(AlertKind::of(Provider::Resources).count(), 4);
        assert_eq!(AlertKind::from_word("Alert"), None);
    }

    #[test]
    fn settings_have_defaults_and_bounds() {
        let mut settings = AlertSettings::default();
        let kind = AlertKind::RedundantAssignment;
        assert_eq!(settings.value(kind, AlertSetting::Duration), 30 * DAY);
        assert_eq!(settings.set(kind, AlertSetting::Duration, DAY - 1), Err(AlertError::OutOfBounds));
        assert_eq!(settings.set(kind, AlertSetting::Duration, 365 * DAY + 1), Err(AlertError::OutOfBounds));
        assert_eq!(settings.set(kind, AlertSetting::Count, 3), Err(AlertError::NoSetting));
        settings.set(kind, AlertSetting::Duration, 7 * DAY).unwrap();
        assert_eq!(settings.value(kind, AlertSetting::Duration), 7 * DAY);
    }

    #[test]
    fn too_many_is_many_and_a_large_share() {
        let kind = AlertKind::TooManyGlobalAdministrators;
        let mut settings = AlertSettings::default();
        for (some, all, expected) in [(2, 2, false), (3, 3, true), (3, 30, true), (3, 31, false), (4, 40, true)] {
            assert_eq!(settings.too_many(kind, some, all), expected, "{some} of {all}");
        }
        settings.set(kind, AlertSetting::Percentage, 0).unwrap();
        assert!(settings.too_many(kind, 3, 1_000_000));
    }
}
