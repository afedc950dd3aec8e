//! The resources, one file each: what they look like on the wire, and their operations.

mod administrator;
mod application;
mod audit;
pub(crate) mod challenge;
mod configuration;
mod credential;
mod denial;
mod enrolment;
mod factor;
mod finding;
mod group;
mod health;
mod identity;
mod member;
mod person;
mod request;
mod role;
mod scope;
mod session;
mod target;
mod user;

use utoipa_axum::router::OpenApiRouter;

use crate::{body, face::App, problem::Problem};

/// All routes, without the base path.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(enrolment::routes())
        .merge(role::routes())
        .merge(member::routes())
        .merge(user::routes())
        .merge(credential::routes())
        .merge(factor::routes())
        .merge(person::routes())
        .merge(identity::routes())
        .merge(group::routes())
        .merge(configuration::routes())
        .merge(request::routes())
        .merge(administrator::routes())
        .merge(application::routes())
        .merge(target::routes())
        .merge(audit::routes())
        .merge(health::routes())
        .merge(finding::routes())
        .merge(scope::routes())
        .merge(denial::routes())
}

/// Reads bytes as the body of each operation, for fuzzing; answers what each had against them.
pub(crate) fn read_as_each(bytes: &[u8]) -> Vec<Problem> {
    let all = [
        body::read::<role::NewRole>(bytes).err(),
        body::read::<role::RolePatch>(bytes).err(),
        body::read::<enrolment::Redeem>(bytes).err(),
        body::read::<configuration::ConfigurationPatch>(bytes).err(),
        body::read::<group::NewGroupBody>(bytes).err(),
        body::read::<group::GroupPatch>(bytes).err(),
        body::read::<credential::NewPassword>(bytes).err(),
        body::read::<credential::NewEnrolment>(bytes).err(),
        body::read::<credential::NewTokenBody>(bytes).err(),
        body::read::<credential::AccountNames>(bytes).err(),
        body::read::<audit::Against>(bytes).err(),
        body::read::<user::NewUserBody>(bytes).err(),
        body::read::<user::UserPatch>(bytes).err(),
        body::read::<target::TargetPatch>(bytes).err(),
        body::read::<session::SignInBody>(bytes).err(),
        body::read::<request::Cancel>(bytes).err(),
        body::read::<request::End>(bytes).err(),
        body::read::<person::Accounts>(bytes).err(),
        body::read::<finding::FindingBody>(bytes).err(),
        body::read::<scope::NewScope>(bytes).err(),
        body::read::<scope::CheckBody>(bytes).err(),
        body::read::<denial::NewDenial>(bytes).err(),
    ];
    all.into_iter().flatten().collect()
}
