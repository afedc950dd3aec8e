//! A target: a directory that enforces memberships (architecture §7).

use std::time::Duration;

use ephor_domain::id::{GroupId, PrincipalId, TargetId};
use futures_util::future::BoxFuture;

/// A group at a target, as the target knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetGroup {
    /// Our id.
    pub id: GroupId,
    /// The target's own name for it: the distinguished name in LDAP.
    pub native: String,
    /// How this group holds its members.
    pub attribute: MemberAttribute,
}

/// How a group entry holds members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MemberAttribute {
    /// Distinguished names in `member`.
    #[default]
    Member,
    /// Distinguished names in `uniqueMember`.
    UniqueMember,
    /// Login names in `memberUid`.
    MemberUid,
}

/// An account at a target, as the target knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetAccount {
    /// Our id.
    pub id: PrincipalId,
    /// Distinguished name in LDAP.
    pub native: String,
    /// Login name (`uid`, `sAMAccountName`).
    pub login: String,
}

/// What one membership should become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The account is to be a member. `lives` is told to targets that can expire a membership by themselves (R5).
    Present {
        /// Time to live at the target, if the target takes one.
        lives: Option<Duration>,
    },
    /// The account is to be no member.
    Absent,
}

/// One change of one group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// Whose membership.
    pub account: TargetAccount,
    /// What it is to become.
    pub wanted: Wanted,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target did it.
    Done,
    /// It was so already: as good as done (idempotent).
    Already,
    /// The target refused this one for good or for now; the others of the batch are unaffected.
    Refused(TargetFault),
}

/// Why a target did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {cause}")]
pub struct TargetFault {
    /// What sort of failure, as metric label and for the decision to retry.
    pub kind: FaultKind,
    /// The target's words, for the operator; never shown to requesters. Holds no secret.
    pub cause: String,
}

/// The sorts of failure at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum FaultKind {
    /// No connection: refused, reset, name unknown, TLS failed.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The target says it is busy or shutting down.
    Busy,
    /// Our own account was refused at sign-in.
    Credentials,
    /// Our own account lacks the right (R7).
    Rights,
    /// The group is not there.
    NoSuchGroup,
    /// The account is not there.
    NoSuchAccount,
    /// The target refuses the value or breaks the protocol.
    Rejected,
}

impl FaultKind {
    /// True when the whole target is affected, not only one group or account: the breaker opens.
    #[must_use]
    pub fn is_of_target(self) -> bool {
        matches!(self, Self::Unreachable | Self::Timeout | Self::Busy | Self::Credentials)
    }
}

/// What a self-test of a target found (R7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The target can be written to with our account.
    pub writable: bool,
    /// The target can end a membership by itself when told a time to live (R5).
    pub native_expiry: bool,
    /// Why it cannot, where there is more to say than that such targets never do.
    pub expiry_off: Option<String>,
    /// Product and version as the target states them, if it does.
    pub product: Option<String>,
    /// The functional level of the target, where it has such a thing.
    pub level: Option<String>,
    /// What an operator should know of its groups; each is a sentence.
    pub findings: Vec<String>,
}

/// A directory that enforces memberships. One call is one attempt; retries are the reconciler's.
pub trait TargetDirectory: Send + Sync + 'static {
    /// Our id of this target.
    fn id(&self) -> TargetId;

    /// Closes open connections; calls in flight fail. A node that was paused longer than its lease does so before
    /// anything else, so that nothing it had begun is still sent (seams §17).
    fn disconnect(&self) {}

    /// Brings the memberships of one group towards `changes`, as one coalesced write where the target can,
    /// bisected when the target refuses the whole. Answers one outcome per change, in order. A fault of the whole
    /// target that comes midway is the outcome of each change that it left unknown.
    ///
    /// # Errors
    /// A fault of the target or group as a whole: nothing is known of any change then.
    fn apply<'a>(
        &'a self,
        group: &'a TargetGroup,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, TargetFault>>;

    /// Which of `accounts` are members of `group` now (direct members only), in order.
    ///
    /// # Errors
    /// When the group cannot be read.
    fn are_members<'a>(
        &'a self,
        group: &'a TargetGroup,
        accounts: &'a [TargetAccount],
    ) -> BoxFuture<'a, Result<Vec<bool>, TargetFault>>;

    /// All direct members of `group` as the target spells them (DN or login name, normalised for comparison with
    /// [`TargetDirectory::member_key`]).
    ///
    /// # Errors
    /// When the group cannot be read.
    fn members<'a>(&'a self, group: &'a TargetGroup) -> BoxFuture<'a, Result<Vec<String>, TargetFault>>;

    /// The normalised spelling under which `account` appears in [`TargetDirectory::members`] of `group`.
    fn member_key(&self, group: &TargetGroup, account: &TargetAccount) -> String;

    /// As [`TargetDirectory::member_key`], for targets that have to be asked what an account is called now; `None` for
    /// accounts that are not there any more.
    ///
    /// # Errors
    /// When the target cannot be asked.
    fn member_keys<'a>(
        &'a self,
        group: &'a TargetGroup,
        accounts: &'a [TargetAccount],
    ) -> BoxFuture<'a, Result<Vec<Option<String>>, TargetFault>> {
        let keys = accounts.iter().map(|account| Some(self.member_key(group, account))).collect();
        Box::pin(std::future::ready(Ok(keys)))
    }

    /// A member, as [`TargetDirectory::members`] spells it, in words for people.
    fn spelled(&self, key: &str) -> String {
        key.to_owned()
    }

    /// Signs in, reads the root and proves that the groups can be written to, without changing anything.
    ///
    /// # Errors
    /// What stands in the way.
    fn self_test<'a>(&'a self, groups: &'a [TargetGroup]) -> BoxFuture<'a, Result<Health, TargetFault>>;

    /// Finds the account with this login name below the target's people container: its native name.
    ///
    /// # Errors
    /// When the target cannot be asked; `Ok(None)` when there is no such account.
    fn find_account<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Result<Option<String>, TargetFault>>;

    /// Finds the group with this name below the target's groups container: native name and member attribute.
    ///
    /// # Errors
    /// When the target cannot be asked; `Ok(None)` when there is no such group.
    fn find_group<'a>(&'a self, name: &'a str)
    -> BoxFuture<'a, Result<Option<(String, MemberAttribute)>, TargetFault>>;

    /// Creates an account (or answers the native name of the one that is there). `password` is set where the
    /// target keeps passwords.
    ///
    /// # Errors
    /// When the target refuses.
    fn create_account<'a>(&'a self, new: &'a NewAccount) -> BoxFuture<'a, Result<String, TargetFault>>;

    /// Creates an empty group (or answers the one that is there).
    ///
    /// # Errors
    /// When the target refuses.
    fn create_group<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(String, MemberAttribute), TargetFault>>;

    /// Enables or disables an account where the target has such a state; `Ok(false)` where it has none.
    ///
    /// # Errors
    /// When the target refuses.
    fn set_enabled<'a>(&'a self, account: &'a TargetAccount, enabled: bool)
    -> BoxFuture<'a, Result<bool, TargetFault>>;
}

/// An account to be made at a target.
#[derive(Clone)]
pub struct NewAccount {
    /// Login name.
    pub login: String,
    /// Name for people.
    pub display_name: String,
    /// Initial password, where the target keeps one.
    pub password: Option<secrecy::SecretString>,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount").field("login", &self.login).finish_non_exhaustive()
    }
}
