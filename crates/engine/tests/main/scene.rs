//! The people, groups and roles of most stories.

use ephor_domain::Refusal;
use ephor_engine::{Answer, Denied};
use ephor_testkit::world::{Role, World};

/// jen may ask for everything, pat and sam approve, ada looks on, root administers. R0 has no gate, R1 approval, R2 a proof of presence, R3
/// both, R4 a window from 8 to 17 h, R5 shares a group with R0.
pub(crate) async fn seed(world: &World) {
    world.people(&["jen", "pat", "sam", "ada", "root"]).await;
    world.administrator("root").await;
    for group in ["G0", "G1", "G2", "G3", "G4", "shared"] {
        world.group(group, "ldap").await;
    }
    let everybody = ["jen", "pat", "sam"];
    world.role(Role::new("R0").gives(&["G0", "shared"]).candidates(&everybody)).await;
    world.role(Role::new("R1").gives(&["G1"]).candidates(&everybody).approvers(&["pat", "sam"])).await;
    world.role(Role::new("R2").gives(&["G2"]).candidates(&everybody).mfa()).await;
    world.role(Role::new("R3").gives(&["G3"]).candidates(&everybody).mfa().approvers(&["pat"])).await;
    world.role(Role::new("R4").gives(&["G4"]).candidates(&everybody).window(8, 17)).await;
    world.role(Role::new("R5").gives(&["shared"]).candidates(&everybody).ttl(7200)).await;
}

/// The refusal of an answer.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Answer<T>) -> Refusal {
    match answer {
        Err(Denied::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
