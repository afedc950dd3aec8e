//! F7: many activations at once.

use ephor_domain::pam::PamStatus;
use ephor_testkit::world::{Dice, Options, Role, World, for_both_stores, long, minutes};
use tokio::task::JoinSet;

struct Size {
    users: usize,
    groups: usize,
    activations: usize,
}

async fn seed(world: &World, size: &Size) -> (Vec<String>, Vec<String>) {
    let users: Vec<String> = (0..size.users).map(|index| format!("u{index:04}")).collect();
    let groups: Vec<String> = (0..size.groups).map(|index| format!("g{index:02}")).collect();
    let names: Vec<&str> = users.iter().map(String::as_str).collect();
    world.people(&names).await;
    world.settings(|settings| settings.requests_per_minute = None).await;
    for group in &groups {
        world.group(group, "ldap").await;
        // Two roles a group: memberships overlap.
        for half in ["x", "y"] {
            world.role(Role::new(&format!("{group}{half}")).gives(&[group]).candidates(&names).ttl(3600)).await;
        }
    }
    (users, groups)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f7_many_activations_at_once_and_nobody_is_in_a_group_for_nothing() {
    for_both_stores(&Options::default(), async |world| {
        let small = Size { users: 40, groups: 10, activations: 400 };
        let size = long(small, Size { users: 1000, groups: 50, activations: 10_000 });
        let (users, groups) = seed(world, &size).await;
        let mut dice = Dice::new(7);
        let mut asking = JoinSet::new();
        for _ in 0..size.activations {
            let (user, half) = (dice.pick(&users).clone(), *dice.pick(&["x", "y"]));
            let role = format!("{}{half}", dice.pick(&groups));
            let caller = world.caller(&user);
            asking.spawn(async move { (user, role.clone(), caller.ask(&role, 1800).await.unwrap()) });
        }
        let asked = asking.join_all().await;
        world.advance(minutes(0)).await;
        let target = world.target("ldap").clone();
        let mut ids = std::collections::BTreeSet::new();
        for (user, role, request) in &asked {
            assert!(ids.insert(request.request.id), "an id twice");
            assert!(target.has(role.trim_end_matches(['x', 'y']), user), "{user} is not in {role}");
        }
        let active = count(world, &users, PamStatus::Active).await;
        assert_eq!(active, size.activations);
        // A membership is written once, however many owe it.
        let written = target.written();
        let distinct: std::collections::BTreeSet<_> =
            written.iter().map(|write| (&write.group, &write.member)).collect();
        assert_eq!(written.len(), distinct.len());
        world.verify().await;

        let mut closing = JoinSet::new();
        for (user, _, request) in asked.iter().step_by(2) {
            let (caller, id) = (world.caller(user), request.request.id);
            closing.spawn(async move { caller.close(id).await.unwrap() });
        }
        closing.join_all().await;
        world.advance(minutes(0)).await;
        world.verify().await;
        let kept = asked.iter().skip(1).step_by(2);
        for (user, role, _) in kept {
            assert!(target.has(role.trim_end_matches(['x', 'y']), user), "{user} lost {role}");
        }
        world.advance(minutes(31)).await;
        for group in &groups {
            assert_eq!(target.members(group), [""; 0]);
        }
        let over = count(world, &users, PamStatus::Expired).await + count(world, &users, PamStatus::Closed).await;
        assert_eq!(over, size.activations);
    })
    .await;
}

async fn count(world: &World, users: &[String], status: PamStatus) -> usize {
    let mut count = 0;
    for user in users {
        let requests = world.caller(user).requests().await.unwrap();
        count += requests.iter().filter(|request| request.view.status == status).count();
    }
    count
}
