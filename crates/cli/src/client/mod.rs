//! The commands that talk to a server.

pub(crate) mod access;
pub(crate) mod admin;
pub(crate) mod app;
pub(crate) mod connection;
pub(crate) mod enrol;
pub(crate) mod login;
pub(crate) mod manage;
pub(crate) mod mfa;
pub(crate) mod pam;
pub(crate) mod pipeline;
pub(crate) mod profile;
pub(crate) mod prompt;
pub(crate) mod revoke;
pub(crate) mod scope;
pub(crate) mod server;
pub(crate) mod status;
pub(crate) mod ttl;
