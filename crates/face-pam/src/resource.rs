//! What a path names, and which methods it has (`PAM 2`).

use std::borrow::Cow;

use ephor_domain::{
    approval::Verdict,
    id::{ApprovalId, RequestId},
};
use ephor_odata::key::{self, KeyError};
use http::Method;

use crate::problem::Problem;

/// A resource of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// The list of entity sets.
    Service,
    /// The entity model.
    Metadata,
    /// O1.
    Roles,
    /// O2 and O3.
    Requests,
    /// O4.
    Close(RequestId),
    /// O5.
    ToApprove,
    /// O6 and O7.
    Decide(ApprovalId, Verdict),
    /// O8.
    Session,
}

impl Resource {
    /// The resource that a path names: letters of any case, any number of slashes, keys raw or encoded (`PAM 2.1`).
    ///
    /// # Errors
    /// 404 for a path that names nothing, 400 for a key that is no identifier.
    pub(crate) fn find(path: &str) -> Result<Self, Problem> {
        let below = below_root(path).ok_or_else(Problem::not_found)?;
        let target = key::parse(&below).map_err(|error| match error {
            KeyError::Key => Problem::invalid_parameter("The key in the path is not an identifier."),
            KeyError::Encoding | KeyError::Shape => Problem::not_found(),
        })?;
        match (target.collection.as_str(), target.key, target.action.as_deref()) {
            ("", None, None) => Ok(Self::Service),
            ("$metadata", None, None) => Ok(Self::Metadata),
            ("pamroles", None, None) => Ok(Self::Roles),
            ("pamrequests", None, None) => Ok(Self::Requests),
            ("pamrequests", Some(key), Some("close")) => Ok(Self::Close(RequestId::new(key))),
            ("pamrequeststoapprove", None, None) => Ok(Self::ToApprove),
            ("pamrequeststoapprove", Some(key), Some("approve")) => {
                Ok(Self::Decide(ApprovalId::new(key), Verdict::Approve))
            }
            ("pamrequeststoapprove", Some(key), Some("reject")) => {
                Ok(Self::Decide(ApprovalId::new(key), Verdict::Reject))
            }
            ("sessioninfo", None, None) => Ok(Self::Session),
            _ => Err(Problem::not_found()),
        }
    }

    /// Refuses methods that the resource does not have.
    ///
    /// # Errors
    /// 405 with `Allow`.
    pub(crate) fn check(self, method: &Method) -> Result<(), Problem> {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let (allowed, allow) = match self {
            Self::Service | Self::Metadata | Self::Roles | Self::ToApprove | Self::Session => {
                (reads, "GET, HEAD, OPTIONS")
            }
            Self::Requests => (reads || *method == Method::POST, "GET, HEAD, POST, OPTIONS"),
            Self::Close(_) | Self::Decide(..) => (*method == Method::POST, "POST, OPTIONS"),
        };
        if allowed { Ok(()) } else { Err(Problem::method_not_allowed(allow)) }
    }
}

/// What follows `/api/pamresources`, with single slashes; `None` for a path outside of it.
fn below_root(path: &str) -> Option<Cow<'_, str>> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let is_root = segments.next()?.eq_ignore_ascii_case("api") && segments.next()?.eq_ignore_ascii_case("pamresources");
    if !is_root {
        return None;
    }
    let Some(first) = segments.next() else { return Some(Cow::Borrowed("")) };
    let Some(second) = segments.next() else { return Some(Cow::Borrowed(first)) };
    Some(Cow::Owned([first, second].into_iter().chain(segments).collect::<Vec<_>>().join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";

    fn check(path: &str, expected: Resource) {
        assert_eq!(Resource::find(path).unwrap(), expected, "{path}");
    }

    #[test]
    fn pam_006_007_008_paths_are_read_leniently() {
        let close = Resource::Close(KEY.parse().unwrap());
        check("/api/pamresources", Resource::Service);
        check("/api/pamresources/", Resource::Service);
        check("/api/pamresources/$metadata", Resource::Metadata);
        check("/api/pamresources/%24metadata", Resource::Metadata);
        check("/API/PAMResources/PamRoles", Resource::Roles);
        check("//api//pamresources///pamroles//", Resource::Roles);
        check("/api/pamresources/pamrequests/", Resource::Requests);
        check("/api/pamresources/pamrequeststoapprove/", Resource::ToApprove);
        check("/api/pamresources/sessioninfo/", Resource::Session);
        for key in ["(guid'K')", "(guid%27K%27)", "%28guid%27K%27%29", "(K)"] {
            for key in [key.replace('K', KEY), key.replace('K', &KEY.to_uppercase())] {
                check(&format!("/api/pamresources/pamrequests{key}/Close"), close);
                check(&format!("/api/pamresources/PAMREQUESTS{key}/close/"), close);
                for (action, verdict) in [("Approve", Verdict::Approve), ("reject", Verdict::Reject)] {
                    let decide = Resource::Decide(KEY.parse().unwrap(), verdict);
                    check(&format!("/api/pamresources/pamrequeststoapprove{key}/{action}"), decide);
                }
            }
        }
    }

    #[test]
    fn pam_009_what_names_nothing_is_not_found() {
        for path in [
            "/api/pamresources/pamrole".to_owned(),
            "/api/pamresources/pamroles/x".to_owned(),
            format!("/api/pamresources/pamroles(guid'{KEY}')"),
            format!("/api/pamresources/pamrequests(guid'{KEY}')"),
            format!("/api/pamresources/pamrequests(guid'{KEY}')/Approve"),
            format!("/api/pamresources/pamrequests(guid'{KEY}')/Close/x"),
            format!("/api/pamresources/pamrequeststoapprove(guid'{KEY}')/Close"),
            "/api/pamresources/pamrequests/Close".to_owned(),
            "/api/pamresources/pamroles%2Fx".to_owned(),
            "/api/pamresources/%".to_owned(),
            "/api/other".to_owned(),
            "/".to_owned(),
        ] {
            assert_eq!(Resource::find(&path).unwrap_err().facts().0, 404, "{path}");
        }
        let key = Resource::find("/api/pamresources/pamrequests(guid'x')/Close").unwrap_err();
        assert_eq!((key.facts().0, key.facts().1), (400, "InvalidParameter"));
    }

    #[test]
    fn pam_009_methods_a_resource_does_not_have_are_named() {
        let allow = |resource: Resource, method: Method| {
            resource.check(&method).err().map(|problem| problem.header(&http::header::ALLOW).unwrap().clone())
        };
        assert_eq!(allow(Resource::Roles, Method::GET), None);
        assert_eq!(allow(Resource::Roles, Method::HEAD), None);
        assert_eq!(allow(Resource::Roles, Method::POST).unwrap(), "GET, HEAD, OPTIONS");
        assert_eq!(allow(Resource::Requests, Method::POST), None);
        assert_eq!(allow(Resource::Requests, Method::DELETE).unwrap(), "GET, HEAD, POST, OPTIONS");
        assert_eq!(allow(Resource::Close(KEY.parse().unwrap()), Method::GET).unwrap(), "POST, OPTIONS");
    }
}
