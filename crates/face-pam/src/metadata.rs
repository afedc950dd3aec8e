//! The entity model that `odata.metadata` points to (`PAM 6.5`).

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};

use crate::answer;

const MODEL: &str = include_str!("metadata.xml");

pub(crate) fn document() -> Response<Body> {
    answer::whole(
        StatusCode::OK,
        HeaderValue::from_static("application/xml; charset=utf-8"),
        Bytes::from_static(MODEL.as_bytes()),
    )
}

#[cfg(test)]
mod tests {
    use super::MODEL;

    /// The properties of an entity type in the model, in order.
    fn properties(entity: &str) -> Vec<&'static str> {
        let start = MODEL.find(&format!("<EntityType Name=\"{entity}\">")).expect("the type is there");
        let body = &MODEL[start..];
        let body = &body[..body.find("</EntityType>").expect("the type ends")];
        body.split("<Property Name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
    }

    #[test]
    fn pam_013_the_model_has_the_properties_that_the_wire_shows() {
        assert_eq!(
            properties("PAMRole"),
            [
                "RoleId",
                "DisplayName",
                "Description",
                "TTL",
                "AvailableFrom",
                "AvailableTo",
                "MFAEnabled",
                "ApprovalEnabled",
                "AvailabilityWindowEnabled"
            ]
        );
        assert_eq!(
            properties("PAMRequest"),
            [
                "RequestId",
                "CreatorID",
                "Justification",
                "CreationTime",
                "CreationMethod",
                "ExpirationTime",
                "RoleId",
                "RequestedTTL",
                "RequestedTime",
                "RequestStatus"
            ]
        );
        assert_eq!(
            properties("PAMRequestToApprove"),
            [
                "RoleName",
                "Requestor",
                "Justification",
                "RequestedTTL",
                "RequestedTime",
                "CreationTime",
                "FIMRequestID",
                "RequestorID",
                "ApprovalObjectID"
            ]
        );
        assert_eq!(properties("SessionInfo"), ["Username"]);
    }
}
