//! R1, R4: ends that go from the book, many at once.

use ephor_domain::pam::PamStatus;
use ephor_testkit::world::{Options, Point, Role, StoreKind, World, for_both_stores, for_store, seconds};

const PEOPLE: [&str; 12] = ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "u10", "u11"];

/// Everybody may have A, which gives g0 and g1, and B, which gives g1.
async fn seed(world: &World) {
    world.people(&PEOPLE).await;
    world.settings(|settings| settings.requests_per_minute = None).await;
    for group in ["g0", "g1"] {
        world.group(group, "ldap").await;
    }
    world.role(Role::new("A").gives(&["g0", "g1"]).candidates(&PEOPLE)).await;
    world.role(Role::new("B").gives(&["g1"]).candidates(&PEOPLE)).await;
}

#[tokio::test]
async fn r1_r4_what_ends_in_one_instant_goes_with_one_write_a_group() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let target = world.target("ldap");
        let mut asked = Vec::new();
        for person in PEOPLE {
            asked.push((person, world.caller(person).ask("A", 60).await.unwrap().request.id));
        }
        // u3 goes on in g1.
        let longer = world.caller("u3").ask("B", 600).await.unwrap();
        world.advance(seconds(59)).await;
        let calls = target.calls();
        world.advance(seconds(1)).await;
        assert_eq!((target.members("g0").len(), target.members("g1")), (0, vec!["u3".to_owned()]));
        assert_eq!(target.calls() - calls, 2, "one for each group");
        for (person, id) in asked {
            assert_eq!(world.caller(person).status(id).await, PamStatus::Expired, "{person}");
        }
        assert_eq!(world.caller("u3").status(longer.request.id).await, PamStatus::Active);
        world.verify_memberships().await;
        world.advance(seconds(600)).await;
        assert!(target.members("g1").is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_whoever_asks_while_it_is_taken_out_waits_for_a_fresh_confirmation() {
    for_store(StoreKind::Sqlite, &Options::real(), async |world| {
        seed(world).await;
        let target = world.target("ldap").clone();
        world.run();
        let jen = world.caller("u0");
        let asked = jen.ask("B", 7).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::Active);
        // The book is read every five seconds.
        target.hold_at(Point::BeforeWrite);
        target.held().await;
        assert!(world.now() >= asked.view.expiration.unwrap());
        let again = tokio::spawn({
            let jen = jen.clone();
            async move { jen.ask("A", 600).await }
        });
        world
            .until(std::time::Duration::from_secs(2), "asked", async || {
                jen.requests().await.is_ok_and(|rows| rows.len() == 2)
            })
            .await;
        let said = jen.requests().await.unwrap();
        assert!(said.iter().all(|row| row.view.status != PamStatus::Active), "{said:?}");
        target.release();
        let again = again.await.unwrap().unwrap();
        assert_eq!(again.view.status, PamStatus::Active);
        assert!(target.has("g0", "u0") && target.has("g1", "u0"));
    })
    .await;
}
