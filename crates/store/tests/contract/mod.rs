//! What both databases must do alike. Each clause gets a store of its own.

mod audit;
mod commands;
mod configuration;
mod identity;
mod life;
mod lists;
mod work;

use std::pin::Pin;

use ephor_store::Store;

/// One clause of the contract.
pub type Clause = fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// All clauses, with the names that failures are reported under.
pub fn clauses() -> Vec<(&'static str, Clause)> {
    [
        commands::clauses(),
        life::clauses(),
        lists::clauses(),
        work::clauses(),
        configuration::clauses(),
        identity::clauses(),
        audit::clauses(),
    ]
    .concat()
}
