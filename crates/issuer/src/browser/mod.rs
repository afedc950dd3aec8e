//! What a person sees of the issuer in a browser. Signing in and proving more are the portal's pages.

pub(crate) mod decision;
pub(crate) mod page;
