//! Roles on resources: what they allow, who has them where, and what that comes to (`ARM 5` to `ARM 7`).

mod access;
mod assignment;
mod pattern;
mod refusal;
mod role;

pub use access::{Denial, Plane, Question, Verdict, decide};
pub use assignment::{Assignment, AssignmentContent, MAX_TEXT};
pub use pattern::matches;
pub use refusal::{NoSuchScope, ResourceRefusal};
pub use role::{MAX_NAME, OWNER, Permission, ResourceRole, USER_ACCESS_ADMINISTRATOR};
