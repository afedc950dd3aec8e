//! Commands and queries of the `pam` provider.

pub mod create;
pub mod decide;
pub mod end;
pub(crate) mod limit;
pub mod mfa;
pub mod read;
pub(crate) mod readers;
pub(crate) mod way;

use ephor_domain::{
    grant::Grant,
    pam::status::{View, view},
    request::Request,
};
use jiff::Timestamp;

/// A request as the PAM face shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PamRequest {
    /// The request.
    pub request: Request,
    /// The grant it made.
    pub grant: Option<Grant>,
    /// Status and expiry at the instant of the answer.
    pub view: View,
}

impl PamRequest {
    /// How `request` and `grant` look at `now`.
    #[must_use]
    pub fn at(request: Request, grant: Option<Grant>, now: Timestamp) -> Self {
        let view = view(&request, grant.as_ref(), now);
        Self { request, grant, view }
    }
}
