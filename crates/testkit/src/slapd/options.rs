//! What a test directory holds when it starts.

/// What to start. [`Default`] is ten users, no groups, no TLS, no fsync.
#[derive(Debug, Clone)]
pub struct SlapdOptions {
    /// Makes `uid=user1` … `uid=userN` below `ou=people`, each with the password `passwordN`.
    pub users: u32,
    /// Named accounts below `ou=people`.
    pub accounts: Vec<Account>,
    /// Groups below `ou=groups`.
    pub groups: Vec<Group>,
    /// Keeps fsync: for measurements and crash tests, not for function tests.
    pub sync: bool,
    /// Listens on ldaps too, and offers StartTLS on the plain port.
    pub tls: bool,
    /// Refuses plain text binds and writes on the ldap port until StartTLS.
    pub require_tls: bool,
    /// Locks an account for a minute after so many failed binds.
    pub lockout_after: Option<u32>,
    /// Allows entries with a time to live (RFC 2589).
    pub dynamic_entries: bool,
    /// Keeps every write in `cn=accesslog`, to be read with [`Slapd::changes`](super::Slapd::changes).
    pub record_changes: bool,
    /// Answers at most so many entries to one search (the administrator excepted): clients must page.
    pub size_limit: Option<u32>,
    /// More lines for the database section of `slapd.conf`.
    pub extra_config: String,
    /// More entries, as LDIF.
    pub extra_ldif: String,
}

impl Default for SlapdOptions {
    fn default() -> Self {
        Self {
            users: 10,
            accounts: Vec::new(),
            groups: Vec::new(),
            sync: false,
            tls: false,
            require_tls: false,
            lockout_after: None,
            dynamic_entries: false,
            record_changes: false,
            size_limit: None,
            extra_config: String::new(),
            extra_ldif: String::new(),
        }
    }
}

/// A person with a name of the test's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The `uid`.
    pub uid: String,
    /// The password of a simple bind.
    pub password: String,
}

impl Account {
    /// An account `uid=UID,ou=people,…`.
    #[must_use]
    pub fn new(uid: &str, password: &str) -> Self {
        Self { uid: uid.to_owned(), password: password.to_owned() }
    }
}

/// How a group names its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// `groupOfMembers`: distinguished names in `member`, may be empty.
    Members,
    /// `groupOfNames`: distinguished names in `member`, at least one.
    Names,
    /// `groupOfUniqueNames`: distinguished names in `uniqueMember`, at least one.
    UniqueNames,
    /// `posixGroup`: plain user names in `memberUid`, may be empty.
    Posix,
}

impl GroupKind {
    /// The object class.
    #[must_use]
    pub const fn object_class(self) -> &'static str {
        match self {
            Self::Members => "groupOfMembers",
            Self::Names => "groupOfNames",
            Self::UniqueNames => "groupOfUniqueNames",
            Self::Posix => "posixGroup",
        }
    }

    /// The attribute that holds the members.
    #[must_use]
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::Members | Self::Names => "member",
            Self::UniqueNames => "uniqueMember",
            Self::Posix => "memberUid",
        }
    }

    /// Whether the schema demands a member.
    #[must_use]
    pub const fn demands_a_member(self) -> bool {
        matches!(self, Self::Names | Self::UniqueNames)
    }
}

/// A group below `ou=groups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The `cn`.
    pub name: String,
    /// Its shape.
    pub kind: GroupKind,
    /// The `uid`s of its members. A kind that demands a member and gets none holds the administrator's name,
    /// as many real directories do.
    pub members: Vec<String>,
}

impl Group {
    /// A group without members (but see [`Group::members`]).
    #[must_use]
    pub fn new(name: &str, kind: GroupKind) -> Self {
        Self { name: name.to_owned(), kind, members: Vec::new() }
    }

    /// The same group with these members, given by `uid`.
    #[must_use]
    pub fn with_members(mut self, uids: &[&str]) -> Self {
        self.members = uids.iter().map(|uid| (*uid).to_owned()).collect();
        self
    }
}
