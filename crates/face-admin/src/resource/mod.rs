//! The resources, one file each: what they look like on the wire, and their operations.

mod administrator;
mod audit;
mod configuration;
mod credential;
mod enrolment;
mod finding;
mod group;
mod health;
mod member;
mod person;
mod request;
mod role;
mod session;
mod target;
mod user;

use utoipa_axum::router::OpenApiRouter;

use crate::face::App;

/// All routes, without the base path.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(enrolment::routes())
        .merge(role::routes())
        .merge(member::routes())
        .merge(user::routes())
        .merge(credential::routes())
        .merge(person::routes())
        .merge(group::routes())
        .merge(configuration::routes())
        .merge(request::routes())
        .merge(administrator::routes())
        .merge(target::routes())
        .merge(audit::routes())
        .merge(health::routes())
        .merge(finding::routes())
}
