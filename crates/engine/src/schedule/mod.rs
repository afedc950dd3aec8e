//! Schedules of directory roles, groups and resource roles: who is eligible or assigned, for how long, and who had to
//! agree. The same commands for all three families; what differs is decided by [`ephor_domain::provider`].
//!
//! An order goes in, a request comes out:
//!
//! ```no_run
//! # use ephor_domain::{
//! #     entitlement::EntitlementKey, id::PrincipalId, policy::{Kind, Presence}, principal::Actor,
//! #     provider::{Asked, AskedEnd, Said}, request::{Action, Channel}, time::Ttl,
//! # };
//! # use ephor_engine::{Answer, Engine, schedule::{NewOrder, RequestView}};
//! # async fn example(engine: Engine, actor: Actor, presence: Presence, key: EntitlementKey) -> Answer<RequestView> {
//! let order = NewOrder {
//!     key,
//!     kind: Kind::Assignment,
//!     action: Action::SelfActivate,
//!     principal: actor.principal,
//!     asked: Asked { start: None, end: AskedEnd::After(Ttl::hours(1)) },
//!     said: Said { justification: Some("a leak in the basement".to_owned()), scheduled: true, ..Said::default() },
//!     target: None,
//!     name: None,
//!     channel: Channel::Graph,
//!     presence,
//!     only_validate: false,
//! };
//! let request = engine.submit(&actor, order).await?;
//! # Ok(request)
//! # }
//! ```
//!
//! A *line* is one principal, one entitlement, one kind. It has at most one schedule at a time. An eligibility lives in
//! its line; an assignment is carried by a grant, like an activation of PAM, so that its memberships are counted,
//! enforced and taken away by the same hands.

mod apply;
mod approval;
mod approver;
pub(crate) mod assigned;
mod authority;
mod cancel;
pub(crate) mod close;
pub(crate) mod due;
mod end;
mod held;
pub(crate) mod left;
mod list;
mod place;
mod policy;
pub(crate) mod resource;
mod standing;
mod submit;
mod view;

use ephor_domain::{entitlement::EntitlementKey, id::PrincipalId, policy::Kind};

pub use approval::{ApprovalView, DecideStage, Decided, StageView, StageWord};
pub use assigned::ListAssignments;
pub use cancel::Cancel;
pub use ephor_store::tx::{
    line::{Lines, line_id},
    order::Orders,
};
pub use list::{ListOrders, ListSchedules, Page, Whose};
pub use resource::{
    ApprovalNamed, ApprovalsAt, EligibleChildren, Found, Listed, Member, Narrow, OrderNamed, OrdersAt, RowCursor,
    ScheduleNamed, SchedulesAt,
};
pub use submit::NewOrder;
pub use view::{RequestView, ScheduleView};

use crate::{admin::desk::Desk, answer::Answer, pam::end::Why};

/// Ends whatever schedule gives `principal` what `key` names, at once; true when there was one.
pub(crate) async fn end_now(desk: &mut Desk<'_>, principal: PrincipalId, key: &EntitlementKey) -> Answer<bool> {
    let row = desk.tx.line(line_id(principal, key.id(), Kind::Assignment)).await?;
    let grant = row.filter(|row| row.line.live).and_then(|row| row.grant).filter(submit::phase_is_open);
    let Some(grant) = grant else { return Ok(false) };
    end::grant(desk, grant.id, Why::ADMINISTRATOR).await?;
    Ok(true)
}
