//! What the directory knows of a person beyond the account.

use jiff::Timestamp;

use crate::id::PrincipalId;

/// Facts of a user that no rule reads but `manager` (`GRAPH 15.2`). A user without them has none of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserFacts {
    /// Mail address.
    pub mail: Option<String>,
    /// First name.
    pub given_name: Option<String>,
    /// Family name.
    pub surname: Option<String>,
    /// What he or she does.
    pub job_title: Option<String>,
    /// Where in the organization.
    pub department: Option<String>,
    /// Where in the building.
    pub office_location: Option<String>,
    /// Number on the road.
    pub mobile_phone: Option<String>,
    /// Number at the desk.
    pub business_phone: Option<String>,
    /// Language tag.
    pub preferred_language: Option<String>,
    /// Whom he or she reports to: approves where a policy names the manager of the requester (`GRAPH 11.1`).
    pub manager: Option<PrincipalId>,
    /// When the user was made.
    pub created: Option<Timestamp>,
}
