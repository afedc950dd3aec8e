//! Calls that a page of another origin made with credentials of the browser (`PAM 3.5`): they are CORS "simple"
//! requests, so no preflight stands before them.

use ephor_front::Authority;
use ephor_identity::{
    Caller, Origin,
    forgery::{OriginVerdict, Provenance, origin_verdict},
};
use http::{StatusCode, request::Parts};

use crate::problem::Problem;

/// Which origins are ours or listed.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    pub(crate) listed: Vec<Origin>,
    /// The origin of the configured public URL: our own, also where a proxy hides it from us.
    pub(crate) public: Option<Origin>,
}

impl Origins {
    /// Judges a call. Its own origin is the one of the address it was sent to.
    ///
    /// # Errors
    /// 403 `OriginNotAllowed`.
    pub(crate) fn check(&self, call: &Parts, caller: &Caller) -> Result<(), Problem> {
        let authority = call.extensions.get::<Authority>().and_then(|authority| authority.to_string().parse().ok());
        let own: Vec<Origin> = authority.into_iter().chain(self.public.clone()).collect();
        let provenance = Provenance::of(&call.headers);
        match origin_verdict(&call.method, caller.ambient, provenance, &own, &self.listed) {
            OriginVerdict::Pass => Ok(()),
            OriginVerdict::Refuse => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "OriginNotAllowed",
                "Pages of this origin may not make calls that change something.",
            )),
        }
    }
}
