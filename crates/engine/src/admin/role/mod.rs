//! PAM roles: who may ask, who decides, what they get (`PAM 10.1`).

mod adapt;
pub mod change;
pub mod create;
pub mod list;
pub mod members;
pub mod remove;

use ephor_domain::{Refusal, time::window::DailyWindow};
use jiff::civil::Time;

pub use change::SetRole;
pub use create::CreateRole;
pub use ephor_store::tx::approver::NamedApprover;
pub use list::{GetRole, ListApprovers, ListCandidates, ListPrivileges, ListRoles, RoleDetail};
pub(in crate::admin) use members::require_over_group;
pub use members::{AddMember, Member, RemoveMember};
pub use remove::RemoveRole;

/// Most approvers, and most privileges, of one role (promise S6).
pub const MEMBER_LIMIT: usize = 1000;
/// Most candidates one command may name; more are added one by one.
pub const CANDIDATES_AT_ONCE: usize = 10_000;

/// The window of two times of day (`PAM-114`).
fn window(from: Option<Time>, to: Option<Time>) -> Result<Option<DailyWindow>, Refusal> {
    match (from, to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) => DailyWindow::new(from, to)
            .map(Some)
            .ok_or(Refusal::Invalid { field: "availableTo", rule: "must be later than availableFrom" }),
        (Some(_), None) => {
            Err(Refusal::Invalid { field: "availableTo", rule: "is needed together with availableFrom" })
        }
        (None, Some(_)) => {
            Err(Refusal::Invalid { field: "availableFrom", rule: "is needed together with availableTo" })
        }
    }
}

/// A description: at most 4,000 characters; blank counts as none.
fn description(text: Option<String>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.chars().count() > 4000 => {
            Err(Refusal::Invalid { field: "description", rule: "is longer than 4000 characters" })
        }
        Some(text) if text.trim().is_empty() => Ok(None),
        text => Ok(text),
    }
}
