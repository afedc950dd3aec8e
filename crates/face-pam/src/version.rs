//! The version selector `v` (`PAM 3.4`).

use ephor_odata::query::Query;
use http::StatusCode;

use crate::problem::Problem;

/// Checks `v`: absent, empty and `1` are the one version there is.
///
/// # Errors
/// 400 `UnsupportedApiVersion` for everything else, a second `v` included.
pub(crate) fn check(query: &Query<'_>) -> Result<(), Problem> {
    match query.option("v").as_ref().map(|v| v.as_deref().map(str::trim)) {
        Ok(None | Some("" | "1")) => Ok(()),
        Ok(Some(_)) | Err(_) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "UnsupportedApiVersion",
            "This version of the API is not supported. Supported versions: 1.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pam_017_018_one_version_is_known() {
        for raw in ["", "v=1", "v=", "v", "V=1", "v=+1", "x=2", "%76=1"] {
            assert!(check(&Query::new(raw)).is_ok(), "{raw}");
        }
        for raw in ["v=2", "v=x", "v=1.0", "v=01", "v=0", "v=1&v=1", "v=%zz", "V=2", "%76=2"] {
            let refused = check(&Query::new(raw)).unwrap_err();
            let (status, code, text) = refused.facts();
            assert_eq!((status, code), (400, "UnsupportedApiVersion"), "{raw}");
            assert!(text.contains("Supported versions: 1"), "{raw}");
        }
    }
}
