//! The name that somebody binds with, where it follows from his account name.

use crate::dn;

/// What stands for the account name.
const PLACE: &str = "{account}";

/// Whom to bind as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Somebody who is there, or may be.
    Entry(String),
    /// A name that nobody has.
    Nobody(String),
}

/// `uid={account},ou=people,dc=corp`, `{account}@corp.example` or `CORP\{account}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    before: String,
    after: String,
    /// It makes distinguished names.
    distinguished: bool,
}

impl Template {
    /// Reads a template; `None` when it makes no names.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once(PLACE)?;
        let distinguished = text.contains('=');
        let template = Self { before: before.to_owned(), after: after.to_owned(), distinguished };
        let sound = match distinguished {
            true => dn::is_valid(&template.with("a")),
            false => !text.chars().any(|c| c.is_control() || c.is_whitespace()) && text.contains(['@', '\\']),
        };
        (sound && !after.contains(PLACE)).then_some(template)
    }

    /// The name of an account. What could be read as more than a name of an account is nobody's.
    pub(super) fn name_of(&self, account: &str) -> Found {
        if self.distinguished {
            return Found::Entry(self.with(&dn::escape(account)));
        }
        let odd = |c: char| c.is_control() || matches!(c, '@' | '\\' | '/' | ':' | '"' | ',' | ';' | '=');
        if account.chars().any(odd) || account.trim() != account {
            return Found::Nobody(self.with("nobody"));
        }
        Found::Entry(self.with(account))
    }

    fn with(&self, account: &str) -> String {
        format!("{}{account}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str, account: &str) -> Found {
        Template::parse(template).expect("a template").name_of(account)
    }

    #[test]
    fn hostile_names_stay_one_name() {
        let people = "uid={account},ou=people,dc=corp";
        assert_eq!(name(people, "alice"), Found::Entry("uid=alice,ou=people,dc=corp".to_owned()));
        assert_eq!(
            name(people, "alice,ou=admins,dc=corp"),
            Found::Entry("uid=alice\\,ou\\=admins\\,dc\\=corp,ou=people,dc=corp".to_owned())
        );
        assert_eq!(name("{account}@corp.test", "alice"), Found::Entry("alice@corp.test".to_owned()));
        assert_eq!(name("CORP\\{account}", "alice"), Found::Entry("CORP\\alice".to_owned()));
        for account in ["alice@evil.test", "EVIL\\alice", "a\0", " alice", "a/b"] {
            assert_eq!(name("{account}@corp.test", account), Found::Nobody("nobody@corp.test".to_owned()), "{account}");
        }
    }

    #[test]
    fn what_makes_no_names() {
        for text in ["", "uid=alice,dc=corp", "{account}", "uid={account},{account}", "{account} @corp", "={account}"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
