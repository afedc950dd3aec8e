//! Where a store is: a file, or a database server.

use std::{fmt, path::PathBuf, str::FromStr};

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// One file; this process alone.
    Sqlite(PathBuf),
    /// A server; any number of nodes. May hold a password.
    Postgres(String),
}

/// The text names no store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a store is given as sqlite:PATH or postgres://USER@HOST/DATABASE")]
pub struct LocationError;

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(LocationError) } else { Ok(Self::Sqlite(PathBuf::from(path))) };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(LocationError)
    }
}

/// Without the password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let address = rest.split('?').next().unwrap_or(rest);
                write!(f, "postgres://{}", address.rsplit('@').next().unwrap_or(address))
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read_and_a_password_is_never_shown() {
        assert_eq!("sqlite:/var/lib/ephor/store.db".parse(), Ok(Location::Sqlite("/var/lib/ephor/store.db".into())));
        assert_eq!("sqlite://store.db".parse(), Ok(Location::Sqlite("store.db".into())));
        let location: Location = "postgresql://ephor:se@cret@db.example/ephor?sslmode=require".parse().unwrap();
        assert_eq!(
            format!("{location} {location:?}"),
            "postgres://db.example/ephor Location(postgres://db.example/ephor)"
        );
        for bad in ["sqlite:", "mysql://x", "/var/lib/store.db", ""] {
            assert_eq!(bad.parse::<Location>(), Err(LocationError));
        }
    }
}
