//! What the machine gives without Ephor, measured in the same run as what Ephor makes of it.

pub mod disk;
pub mod http;
pub mod ldap;
pub mod postgres;
pub mod sqlite;
