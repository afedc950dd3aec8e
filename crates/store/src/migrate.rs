//! The schema and its history: numbered steps, forward only, each with its hash.

use sha2::{Digest, Sha256};

use crate::Fault;

/// One step of the schema, in both spellings.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// All steps, in order. A step that was released is never changed.
pub(crate) static MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "first",
        sqlite: include_str!("../migrations/0001_first.sqlite.sql"),
        postgres: include_str!("../migrations/0001_first.postgres.sql"),
    },
    Migration {
        number: 2,
        name: "applications",
        sqlite: include_str!("../migrations/0002_applications.sqlite.sql"),
        postgres: include_str!("../migrations/0002_applications.postgres.sql"),
    },
    Migration {
        number: 3,
        name: "signing_key",
        sqlite: include_str!("../migrations/0003_signing_key.sqlite.sql"),
        postgres: include_str!("../migrations/0003_signing_key.postgres.sql"),
    },
    Migration {
        number: 4,
        name: "factors",
        sqlite: include_str!("../migrations/0004_factors.sqlite.sql"),
        postgres: include_str!("../migrations/0004_factors.postgres.sql"),
    },
    Migration {
        number: 5,
        name: "identity_link",
        sqlite: include_str!("../migrations/0005_identity_link.sqlite.sql"),
        postgres: include_str!("../migrations/0005_identity_link.postgres.sql"),
    },
    Migration {
        number: 6,
        name: "way_in",
        sqlite: include_str!("../migrations/0006_way_in.sqlite.sql"),
        postgres: include_str!("../migrations/0006_way_in.postgres.sql"),
    },
    Migration {
        number: 7,
        name: "directory",
        sqlite: include_str!("../migrations/0007_directory.sqlite.sql"),
        postgres: include_str!("../migrations/0007_directory.postgres.sql"),
    },
    Migration {
        number: 8,
        name: "schedule",
        sqlite: include_str!("../migrations/0008_schedule.sqlite.sql"),
        postgres: include_str!("../migrations/0008_schedule.postgres.sql"),
    },
    Migration {
        number: 9,
        name: "policy",
        sqlite: include_str!("../migrations/0009_policy.sqlite.sql"),
        postgres: include_str!("../migrations/0009_policy.postgres.sql"),
    },
    Migration {
        number: 10,
        name: "resources",
        sqlite: include_str!("../migrations/0010_resources.sqlite.sql"),
        postgres: include_str!("../migrations/0010_resources.postgres.sql"),
    },
    Migration {
        number: 12,
        name: "directory_audit",
        sqlite: include_str!("../migrations/0012_directory_audit.sqlite.sql"),
        postgres: include_str!("../migrations/0012_directory_audit.postgres.sql"),
    },
    Migration {
        number: 13,
        name: "alert",
        sqlite: include_str!("../migrations/0013_alert.sqlite.sql"),
        postgres: include_str!("../migrations/0013_alert.postgres.sql"),
    },
    Migration {
        number: 14,
        name: "administrative_unit",
        sqlite: include_str!("../migrations/0014_administrative_unit.sqlite.sql"),
        postgres: include_str!("../migrations/0014_administrative_unit.postgres.sql"),
    },
    Migration {
        number: 15,
        name: "joined",
        sqlite: include_str!("../migrations/0015_joined.sqlite.sql"),
        postgres: include_str!("../migrations/0015_joined.postgres.sql"),
    },
    Migration {
        number: 17,
        name: "alert_operation",
        sqlite: include_str!("../migrations/0017_alert_operation.sqlite.sql"),
        postgres: include_str!("../migrations/0017_alert_operation.postgres.sql"),
    },
    Migration {
        number: 19,
        name: "taken_name",
        sqlite: include_str!("../migrations/0019_taken_name.sqlite.sql"),
        postgres: include_str!("../migrations/0019_taken_name.postgres.sql"),
    },
    Migration {
        number: 20,
        name: "resource_lists",
        sqlite: include_str!("../migrations/0020_resource_lists.sqlite.sql"),
        postgres: include_str!("../migrations/0020_resource_lists.postgres.sql"),
    },
];

/// Keeps the history on both databases.
pub(crate) const HISTORY: &str = "CREATE TABLE IF NOT EXISTS migration \
     (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL)";

/// Which spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Migration {
    pub(crate) const fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    /// SHA-256 of the text, in hex.
    pub(crate) fn sha256(&self, dialect: Dialect) -> String {
        Sha256::digest(self.text(dialect)).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Compares a store's history (number and hash, in order) with `known`, and answers what is still to be done.
pub(crate) fn missing<'m>(
    known: &'m [Migration],
    applied: &[(i64, String)],
    dialect: Dialect,
) -> Result<&'m [Migration], Fault> {
    for (at, (number, hash)) in applied.iter().enumerate() {
        let number = u32::try_from(*number).unwrap_or(u32::MAX);
        match known.get(at) {
            Some(migration) if migration.number == number && migration.sha256(dialect) == *hash => {}
            Some(migration) => return Err(Fault::ChangedHistory { number: migration.number.min(number) }),
            None => {
                let found = applied.last().and_then(|(last, _)| u32::try_from(*last).ok()).unwrap_or(number);
                return Err(Fault::TooNew { found, known: known.last().map_or(0, |last| last.number) });
            }
        }
    }
    Ok(known.get(applied.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    static KNOWN: &[Migration] = &[
        Migration { number: 1, name: "a", sqlite: "one", postgres: "eins" },
        Migration { number: 2, name: "b", sqlite: "two", postgres: "zwei" },
    ];

    fn applied(texts: &[&str]) -> Vec<(i64, String)> {
        let hash = |text: &str| Migration { number: 0, name: "", sqlite: "", postgres: "" }.hash_of(text);
        (1..).zip(texts).map(|(number, text)| (number, hash(text))).collect()
    }

    impl Migration {
        fn hash_of(&self, text: &str) -> String {
            let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
            Self { number: self.number, name: self.name, sqlite: text, postgres: text }.sha256(Dialect::Sqlite)
        }
    }

    #[test]
    fn what_is_missing_is_applied_in_order() {
        let numbers = |applied: &[(i64, String)], dialect| {
            missing(KNOWN, applied, dialect).map(|rest| rest.iter().map(|m| m.number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(&[], Dialect::Sqlite), Ok(vec![1, 2]));
        assert_eq!(numbers(&applied(&["one"]), Dialect::Sqlite), Ok(vec![2]));
        assert_eq!(numbers(&applied(&["eins", "zwei"]), Dialect::Postgres), Ok(vec![]));
    }

    #[test]
    fn a_newer_or_changed_history_is_refused() {
        let result = missing(KNOWN, &applied(&["one", "two", "three", "four"]), Dialect::Sqlite).unwrap_err();
        assert_eq!(result, Fault::TooNew { found: 4, known: 2 });
        assert_eq!(
            result.to_string(),
            "the store has schema 4; this program knows schemas up to 2: use the newer program"
        );
        let result = missing(KNOWN, &applied(&["one", "changed"]), Dialect::Sqlite).unwrap_err();
        assert_eq!(result, Fault::ChangedHistory { number: 2 });
        let result = missing(KNOWN, &applied(&["one"]), Dialect::Postgres).unwrap_err();
        assert_eq!(result, Fault::ChangedHistory { number: 1 });
    }
}
