//! What both databases must do alike. Each clause gets a store of its own.

mod administrative_unit;
mod alert;
mod application;
pub(crate) mod audit;
mod commands;
mod configuration;
mod directory;
mod directory_audit;
mod identity;
mod life;
mod lists;
mod policy;
mod resource_list;
mod schedule;
mod work;

use std::pin::Pin;

use ephor_store::Store;

/// One clause of the contract.
pub(crate) type Clause = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// All clauses, with the names that failures are reported under.
pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    [
        commands::clauses(),
        life::clauses(),
        lists::clauses(),
        work::clauses(),
        configuration::clauses(),
        directory::clauses(),
        directory_audit::clauses(),
        policy::clauses(),
        resource_list::clauses(),
        schedule::clauses(),
        identity::clauses(),
        application::clauses(),
        audit::clauses(),
        alert::clauses(),
        administrative_unit::clauses(),
    ]
    .concat()
}
