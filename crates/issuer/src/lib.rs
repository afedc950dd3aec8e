//! The embedded issuer: tokens for people and applications, with no outside identity provider (`ARM 4.4`, seams §12).
//!
//! ```text
//! client ── /token ── who (secret, assertion, PKCE) ── grant ── claims ──sign──> access token
//! person ── /authorize, /deviceauth ── portal session ── family of tokens ── code
//! ```
//!
//! * A *family* is what stems from one sign-in of one person at one application: code, refresh tokens, access tokens. A
//!   code or refresh token that comes a second time ends its family.
//! * Codes, refresh tokens, device codes and secrets are 256 random bits, kept as hashes.
//! * Tokens carry what was consented to and what was proved; what may be done with them the faces and the engine say.
//!
//! What is absent: sign-in pages (the portal's), validation of access tokens (identity's), rights.

mod answer;
mod assertion;
mod authorize;
mod browser;
mod claims;
mod client;
mod demand;
mod device;
mod discovery;
mod face;
mod form;
mod grant;
mod guesses;
mod ledger;
mod logout;
mod mint;
mod oauth;
mod scopes;
mod secrets;
mod settings;

pub use face::IssuerFace;
pub use mint::{Order, UnknownPrincipal};
pub use settings::Settings;
