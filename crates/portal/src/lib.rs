//! The pages for people: sign-in, step-up, second factors, sessions.
//!
//! Rendered here and sent whole; they work without scripts, but for passkeys, which only a script can ask for. No page
//! loads anything from elsewhere. What may be done is the engine's to say, who somebody is the identity layer's.

mod answer;
mod assets;
mod call;
mod enrol;
mod face;
mod factors;
mod go;
mod home;
mod layout;
mod parts;
mod qr;
mod sessions;
mod sign_in;
mod step_up;
mod text;

pub use face::{Options, Portal};
