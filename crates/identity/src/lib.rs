//! Who is calling: passwords of local accounts and of directories, Kerberos tickets, sessions of the portal, API tokens,
//! signed tokens of issuers; and the signing keys of our own issuer.
//!
//! [`Identity::caller`] turns the headers of a call into a [`Caller`] or a [`Denied`]. It answers *who*, never *may*:
//! rights are the engine's. The forgery and CORS rules beside it are pure functions that faces apply.
//!
//! What is absent: passwords, tokens and cookies outside [`secrecy`] types. None of them is stored, logged or recorded;
//! the store holds hashes.

pub mod basic;
pub mod basis;
pub mod bearer;
pub mod caller;
pub mod client_key;
pub mod cookie;
pub mod cors;
pub mod directory;
pub mod event;
pub mod factor;
pub mod forgery;
pub mod fuzz;
pub mod identity;
pub mod jose;
pub mod keys;
pub mod landing;
pub mod negotiate;
pub mod origin;
pub mod outside;
mod pace;
mod pair;
pub mod password;
pub mod port;
mod recognised;
pub mod record;
pub mod relying_party;
mod remembered;
pub mod seal;
pub mod secret;
pub mod session;
pub mod settings;
mod store_journal;
mod store_vault;
mod tally;
mod throttle;
mod ticket;
pub mod token;

pub use basis::Basis;
pub use bearer::{Bearers, TokenFacts, TokenFault, TokenRules};
pub use caller::{Accepted, Caller, Denied, Reason, Via};
pub use event::{Event, EventKind};
pub use factor::SecondFactors;
pub use identity::{Identity, Ports, Presented};
pub use keys::{KeyPorts, KeyRing, KeySettings};
pub use origin::Origin;
pub use port::{Inserted, Journal, Vault};
pub use seal::Sealer;
pub use session::{NewSession, SignIn, Strengths};
pub use settings::Settings;
pub use store_journal::StoreJournal;
pub use store_vault::{Seal, StoreVault};
pub use throttle::block_of;
