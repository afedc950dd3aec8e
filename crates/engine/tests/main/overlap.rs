//! F15, R4: one membership owed several times, and memberships that people had before.

use std::collections::BTreeMap;

use ephor_domain::pam::PamStatus;
use ephor_testkit::world::{Dice, Options, Role, World, for_both_stores, long, minutes, seconds};
use jiff::Timestamp;

use crate::scene::seed;

#[tokio::test]
async fn f15_pam_086_a_shared_membership_stays_until_the_last_grant_ends() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        let one = jen.ask("R0", 600).await.unwrap();
        let other = jen.ask("R5", 1200).await.unwrap();
        world.advance(minutes(10)).await;
        assert_eq!(jen.status(one.request.id).await, PamStatus::Expired);
        assert!(!target.has("G0", "jen") && target.has("shared", "jen"));
        let again = jen.ask("R0", 600).await.unwrap();
        jen.close(other.request.id).await.unwrap();
        assert_eq!(jen.status(other.request.id).await, PamStatus::Closed);
        assert!(target.has("shared", "jen"));
        jen.close(again.request.id).await.unwrap();
        assert!(!target.has("shared", "jen"));
        assert_eq!(target.written().iter().filter(|write| write.group == "cn=shared").count(), 2);
    })
    .await;
}

/// A directory that ends memberships by itself knows the end of the first grant only.
#[tokio::test]
async fn r5_a_grant_that_joins_another_tells_the_target_again() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        jen.ask("R0", 600).await.unwrap();
        world.advance(seconds(1)).await;
        let told = target.calls();
        let joins = jen.ask("R0", 1200).await.unwrap();
        assert_eq!(joins.view.status, PamStatus::Active, "it need not wait for what is there");
        world.advance(seconds(1)).await;
        assert!(target.calls() > told);
        assert_eq!(target.written().iter().filter(|write| write.group == "cn=shared").count(), 1);
        world.advance(minutes(10)).await;
        assert!(target.has("shared", "jen"));
        assert_eq!(jen.status(joins.request.id).await, PamStatus::Active);
    })
    .await;
}

#[tokio::test]
async fn f15_r4_what_people_had_before_is_never_taken_away() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        target.meddle("shared", "jen", true);
        let expires = jen.ask("R0", 60).await.unwrap();
        world.advance(minutes(2)).await;
        assert_eq!(jen.status(expires.request.id).await, PamStatus::Expired);
        let closed = jen.ask("R5", 60).await.unwrap();
        jen.close(closed.request.id).await.unwrap();
        jen.ask("R0", 600).await.unwrap();
        jen.ask("R0", 0).await.unwrap();
        world.advance(minutes(2)).await;
        assert_eq!((target.members("G0").len(), target.members("shared")), (0, vec!["jen".to_owned()]));
        assert!(target.written().iter().all(|write| write.group != "cn=shared"));
    })
    .await;
}

#[tokio::test]
async fn f15_r4_an_end_before_the_first_look_takes_nothing_away() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, target) = (world.caller("jen"), world.target("ldap"));
        target.meddle("shared", "jen", true);
        target.trouble(ephor_testkit::world::Trouble::Refuses);
        let given_up = jen.ask("R0", 60).await.unwrap();
        world.advance(minutes(2)).await;
        assert_eq!(jen.status(given_up.request.id).await, PamStatus::Rejected);
        let handed_back = jen.ask("R0", 600).await.unwrap();
        jen.ask("R0", 0).await.unwrap();
        assert_eq!(jen.status(handed_back.request.id).await, PamStatus::Closed);
        target.repair();
        world.advance(minutes(2)).await;
        assert_eq!(target.members("shared"), ["jen"]);
    })
    .await;
}

const ROLES: [(&str, &[&str]); 4] = [("A", &["g0"]), ("B", &["g0", "g1"]), ("C", &["g1", "g2"]), ("D", &["g2", "g0"])];

/// What should be there: grants by request, with their groups and ends.
type Expected = BTreeMap<usize, (&'static [&'static str], Timestamp, ephor_domain::id::RequestId)>;

async fn random_story(world: &World, dice: &mut Dice, before: &[&str]) {
    let (jen, target) = (world.caller("jen"), world.target("ldap"));
    let mut expected: Expected = BTreeMap::new();
    for step in 0..30 {
        match dice.below(4) {
            0 | 1 => {
                let (role, groups) = *dice.pick(&ROLES);
                let asked = jen.ask(role, 1 + dice.below(300)).await.unwrap();
                assert_eq!(asked.view.status, PamStatus::Active);
                expected.insert(step, (groups, asked.view.expiration.unwrap(), asked.request.id));
            }
            2 => {
                let open: Vec<usize> = expected.keys().copied().collect();
                if !open.is_empty() {
                    let (_, _, id) = expected.remove(dice.pick(&open)).unwrap();
                    jen.close(id).await.unwrap();
                }
            }
            _ => world.advance(seconds(i64::try_from(dice.below(200)).unwrap())).await,
        }
        let now = world.now();
        expected.retain(|_, (_, end, _)| *end > now);
        for group in ["g0", "g1", "g2"] {
            let owed = expected.values().any(|(groups, ..)| groups.contains(&group));
            assert_eq!(target.has(group, "jen"), owed || before.contains(&group), "{group} at step {step}");
        }
    }
    world.advance(minutes(10)).await;
}

#[tokio::test]
async fn f15_a_membership_is_there_exactly_while_somebody_owes_it() {
    for_both_stores(&Options::default(), async |world| {
        world.people(&["jen"]).await;
        world.settings(|settings| settings.requests_per_minute = None).await;
        for group in ["g0", "g1", "g2"] {
            world.group(group, "ldap").await;
        }
        for (role, groups) in ROLES {
            world.role(Role::new(role).gives(groups).candidates(&["jen"])).await;
        }
        for seed in 0..long(6, 500) {
            let mut dice = Dice::new(seed);
            let before: Vec<&str> = ["g0", "g1", "g2"].into_iter().filter(|_| dice.one_in(4)).collect();
            for group in &before {
                world.target("ldap").meddle(group, "jen", true);
            }
            random_story(world, &mut dice, &before).await;
            for group in &before {
                world.target("ldap").meddle(group, "jen", false);
            }
        }
    })
    .await;
}
