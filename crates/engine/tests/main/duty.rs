//! S1, F13: nobody decides for himself, by any way round.

use ephor_domain::Refusal;
use ephor_domain::administration::AdministratorRole;
use ephor_domain::approval::Verdict;
use ephor_domain::authentication::Method;
use ephor_domain::id::PrincipalId;
use ephor_domain::pam::PamStatus;
use ephor_domain::principal::Proof;
use ephor_engine::admin::administrator::Appoint;
use ephor_engine::admin::credential::SetPassword;
use ephor_engine::admin::identity::LinkIdentity;
use ephor_engine::admin::person::Unlink;
use ephor_engine::admin::user::GetPrincipal;
use ephor_store::tx::factor::Factor;
use ephor_testkit::world::{Dice, Options, Role, approval_of, for_both_stores, id, long, minutes};

use crate::scene::{refusal, seed};

#[tokio::test]
async fn s1_an_alias_of_the_requester_decides_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.alias("jen2", "jen").await;
        world.approver("jen2", "R1", None, true).await;
        let jen = world.caller("jen");
        let asked = jen.ask("R1", 600).await.unwrap();
        let alias = world.caller("jen").with_account("jen2");
        assert_eq!(alias.to_approve().await.unwrap().len(), 0);
        for verdict in [Verdict::Approve, Verdict::Reject] {
            assert_eq!(refusal(alias.decide(approval_of(&asked), verdict).await), Refusal::SelfApproval);
            assert_eq!(refusal(jen.decide(approval_of(&asked), verdict).await), Refusal::SelfApproval);
        }
        // And the other way round: the alias asks, the first account decides.
        world.candidate("jen2", "R1", true).await;
        world.approver("jen", "R1", None, true).await;
        let by_alias = alias.ask("R1", 600).await.unwrap();
        assert_eq!(refusal(jen.approve(&by_alias).await), Refusal::SelfApproval);
        assert_eq!(world.count(ephor_audit::events::SELF_APPROVAL_REFUSED).await, 5);
        assert_eq!(jen.status(asked.request.id).await, PamStatus::PendingApproval);
    })
    .await;
}

#[tokio::test]
async fn f13_an_approver_the_requester_named_after_asking_decides_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        // In the same millisecond, and later.
        world.approver("ada", "R1", Some("jen"), true).await;
        assert_eq!(refusal(world.caller("ada").approve(&asked).await), Refusal::ApprovalNotAvailable);
        world.approver("ada", "R1", None, false).await;
        world.advance(minutes(1)).await;
        world.approver("ada", "R1", Some("jen"), true).await;
        assert_eq!(refusal(world.caller("ada").approve(&asked).await), Refusal::ApprovalNotAvailable);
        // What is asked from now on she may decide: she was named before.
        world.advance(minutes(1)).await;
        let next = world.caller("jen").ask("R1", 600).await.unwrap();
        world.caller("ada").approve(&next).await.unwrap();
        // Somebody else naming her is no trick of the requester's.
        world.approver("ada", "R1", None, false).await;
        world.approver("ada", "R1", Some("pat"), true).await;
        world.caller("ada").approve(&asked).await.unwrap();
    })
    .await;
}

fn password_of(name: &str) -> SetPassword {
    SetPassword { principal: id(name), hash: "$argon2id$".to_owned() }
}

#[tokio::test]
async fn f13_an_approver_whose_way_in_the_requester_gave_decides_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, root) = (world.caller("jen"), world.caller("root"));
        let appoint = Appoint { principal: id("jen"), role: AdministratorRole::Pam };
        world.engine().administer(root.actor(), appoint).await.unwrap();
        // Before asking or after, by password, link or outside identity: who sits at pat's keyboard may be jen.
        world.engine().administer(jen.actor(), password_of("pat")).await.unwrap();
        world.advance(minutes(1)).await;
        let asked = jen.ask("R1", 600).await.unwrap();
        world.advance(minutes(1)).await;
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 0);
        assert_eq!(refusal(world.caller("pat").approve(&asked).await), Refusal::ApprovalNotAvailable);
        assert_eq!(world.caller("sam").to_approve().await.unwrap().len(), 1);
        let (link, _) = world.engine().issue_enrolment(jen.actor(), id("sam"), minutes(60)).await.unwrap();
        assert_eq!(refusal(world.caller("sam").approve(&asked).await), Refusal::ApprovalNotAvailable);
        world.engine().redeem_enrolment(&link, "$argon2id$".to_owned()).await.unwrap();
        assert_eq!(refusal(world.caller("sam").approve(&asked).await), Refusal::ApprovalNotAvailable);
        let identity = LinkIdentity {
            principal: id("sam"),
            issuer: "https://issuer.example".to_owned(),
            subject: "jen's".to_owned(),
        };
        world.engine().administer(root.actor(), password_of("sam")).await.unwrap();
        world.engine().administer(jen.actor(), identity).await.unwrap();
        assert_eq!(refusal(world.caller("sam").approve(&asked).await), Refusal::ApprovalNotAvailable);
        // A password of somebody else's takes the place of hers.
        world.engine().administer(root.actor(), password_of("pat")).await.unwrap();
        world.caller("pat").approve(&asked).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn s1_nothing_that_lies_about_gives_somebody_a_way_in() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let root = world.caller("root");
        for proof in [Proof::AgedApiToken, Proof::Application, Proof::Remembered, Proof::Password] {
            let by = root.clone().with_proof(proof);
            let answer = world.engine().administer(by.actor(), password_of("pat")).await;
            assert_eq!(refusal(answer), Refusal::PersonRequired, "{proof:?}");
            let answer = world.engine().issue_enrolment(by.actor(), id("pat"), minutes(60)).await;
            assert_eq!(refusal(answer.map(|(_, until)| until)), Refusal::PersonRequired, "{proof:?}");
            let appoint = Appoint { principal: id("pat"), role: AdministratorRole::Global };
            assert_eq!(refusal(world.engine().administer(by.actor(), appoint).await), Refusal::PersonRequired);
        }
        let lately = root.clone().with_proof(Proof::FreshApiToken);
        world.engine().administer(lately.actor(), password_of("pat")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn s1_an_appointment_ends_the_ways_in_that_a_lesser_administrator_gave() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (jen, root) = (world.caller("jen"), world.caller("root"));
        let appoint = |name: &str, role| Appoint { principal: id(name), role };
        world.engine().administer(root.actor(), appoint("jen", AdministratorRole::Pam)).await.unwrap();
        world.engine().administer(jen.actor(), password_of("pat")).await.unwrap();
        world.engine().administer(root.actor(), password_of("sam")).await.unwrap();
        let identity = |name: &str, subject: &str| LinkIdentity {
            principal: id(name),
            issuer: "https://issuer.example".to_owned(),
            subject: subject.to_owned(),
        };
        world.engine().administer(jen.actor(), identity("ada", "one")).await.unwrap();
        world.engine().administer(root.actor(), identity("ada", "other")).await.unwrap();
        for name in ["pat", "sam", "ada"] {
            world.engine().administer(root.actor(), appoint(name, AdministratorRole::Global)).await.unwrap();
        }
        let has_password = async |name: &str| {
            let account: PrincipalId = id(name);
            world.store().read(move |tx| Box::pin(tx.credential(account))).await.unwrap().is_some()
        };
        assert!(!has_password("pat").await);
        assert!(has_password("sam").await);
        let ada: PrincipalId = id("ada");
        let links = world.store().read(move |tx| Box::pin(tx.links_of_principal(ada))).await.unwrap();
        let live: Vec<&str> =
            links.iter().filter(|link| link.ended.is_none()).map(|link| link.subject.as_str()).collect();
        assert_eq!(live, ["other"]);
        // And from now on it takes one who may appoint to give them another.
        let answer = world.engine().administer(jen.actor(), identity("ada", "third")).await;
        assert_eq!(refusal(answer), Refusal::NotAdministrator);
    })
    .await;
}

#[tokio::test]
async fn f13_unlinking_counts_only_once_the_open_requests_have_ended() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.alias("jen2", "jen").await;
        world.approver("jen2", "R1", None, true).await;
        let (jen, root) = (world.caller("jen"), world.caller("root"));
        let asked = jen.ask("R1", 600).await.unwrap();
        let unlink = Unlink { principal: id("jen2") };
        assert!(!world.engine().administer(root.actor(), unlink).await.unwrap());
        // Still the same person, as sign-in will find.
        let person = async || {
            let jen2: PrincipalId = id("jen2");
            world.store().read(move |tx| Box::pin(tx.principal(jen2))).await.unwrap().unwrap().person
        };
        assert_eq!(person().await, jen.actor().person);
        let alias = jen.clone().with_account("jen2");
        assert_eq!(refusal(alias.approve(&asked).await), Refusal::SelfApproval);
        jen.close(asked.request.id).await.unwrap();
        world.advance(minutes(1)).await;
        assert_ne!(person().await, jen.actor().person);
    })
    .await;
}

#[tokio::test]
async fn s1_pam_108_an_exempted_owner_is_not_a_decision() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let sam = world.caller("sam");
        let asked = sam.ask("R1", 600).await.unwrap();
        assert_eq!(asked.view.status, PamStatus::PendingApproval);
        assert_eq!(sam.to_approve().await.unwrap().len(), 0);
        assert_eq!(refusal(sam.approve(&asked).await), Refusal::SelfApproval);
        world.policy("R1", |role| role.owner_needs_approval = false).await;
        let exempted = sam.ask("R1", 600).await.unwrap();
        assert_eq!(exempted.view.status, PamStatus::Active);
        let story = world.events_of(exempted.request.id).await;
        assert!(story.contains(&ephor_audit::events::APPROVAL_NOT_NEEDED.id), "{story:?}");
        assert!(!story.contains(&ephor_audit::events::APPROVAL_STAGE_DECIDED.id), "{story:?}");
    })
    .await;
}

#[tokio::test]
async fn s1_no_decision_without_a_person_at_the_keyboard() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        for proof in [Proof::AgedApiToken, Proof::Application, Proof::Host] {
            let pat = world.caller("pat").with_proof(proof);
            assert_eq!(refusal(pat.approve(&asked).await), Refusal::PersonRequired, "{proof:?}");
        }
        world.caller("pat").with_proof(Proof::FreshApiToken).approve(&asked).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn f18_with_a_second_factor_nobody_decides_or_administers_by_less() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        let root = world.caller("root");
        let question = GetPrincipal { principal: id("pat") };
        for (name, disabled) in [("pat", None), ("root", Some(world.now()))] {
            let (kind, label) = ("totp".to_owned(), "phone".to_owned());
            let (key, principal, created) = (id::<()>(name).uuid(), id(name), world.now());
            // One that was switched off as copied is no reason to ask for less.
            let factor = Factor {
                id: key,
                principal,
                kind,
                label,
                secret: vec![1],
                counter: 0,
                created,
                used: None,
                disabled: None,
            };
            let insert = world.store().transact(move |tx| {
                let factor = factor.clone();
                Box::pin(async move {
                    tx.insert_factor(&factor).await?;
                    match disabled {
                        Some(at) => tx.disable_factor(factor.id, at).await.map(drop),
                        None => Ok(()),
                    }
                })
            });
            insert.await.unwrap();
        }
        for proof in [Proof::Identified, Proof::Password, Proof::Remembered] {
            let outside = [Method::Federated];
            let pat = world.caller("pat").with_proof(proof).with_methods(outside);
            assert_eq!(refusal(pat.approve(&asked).await), Refusal::PersonRequired, "{proof:?}");
            let by = root.clone().with_proof(proof).with_methods(outside);
            let answer = world.engine().consult(by.actor(), question.clone()).await;
            assert_eq!(refusal(answer), Refusal::PersonRequired, "{proof:?}");
            let appoint = Appoint { principal: id("pat"), role: AdministratorRole::Auditor };
            assert_eq!(refusal(world.engine().administer(by.actor(), appoint).await), Refusal::PersonRequired);
        }
        // An old sign-in with a second factor reads on and decides nothing.
        let old = [Method::Password, Method::Totp];
        let by = root.with_proof(Proof::Remembered).with_methods(old);
        world.engine().consult(by.actor(), question).await.unwrap();
        let pat = world.caller("pat").with_proof(Proof::Remembered).with_methods(old);
        assert_eq!(refusal(pat.approve(&asked).await), Refusal::PersonRequired);
        world.caller("pat").approve(&asked).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn f18_a_copied_factor_that_was_switched_off_still_asks_for_one() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        let (kind, label) = ("passkey".to_owned(), "key".to_owned());
        let (key, principal, created) = (id::<()>("key").uuid(), id("pat"), world.now());
        let factor = Factor {
            id: key,
            principal,
            kind,
            label,
            secret: vec![1],
            counter: 0,
            created,
            used: None,
            disabled: None,
        };
        let insert = world.store().transact(move |tx| {
            let factor = factor.clone();
            Box::pin(async move { tx.insert_factor(&factor).await })
        });
        insert.await.unwrap();
        let address = std::net::IpAddr::from([192, 0, 2, 1]);
        world.engine().disable_copied_factor(principal, key, address).await.unwrap();
        let pat = world.caller("pat").with_proof(Proof::Password);
        assert_eq!(refusal(pat.approve(&asked).await), Refusal::PersonRequired);
    })
    .await;
}

/// Accounts of three persons, all candidates, approvers come and go, named by anybody: whoever succeeds is an approver, is
/// somebody else, and was not named by the requester after asking.
#[tokio::test]
async fn s1_property_no_decision_is_of_the_person_it_is_about() {
    const ACCOUNTS: [(&str, &str); 7] =
        [("p0", "p0"), ("p0a", "p0"), ("p0b", "p0"), ("p1", "p1"), ("p1a", "p1"), ("p2", "p2"), ("p2a", "p2")];
    for_both_stores(&Options::default(), async |world| {
        world.settings(|settings| settings.requests_per_minute = None).await;
        for (account, person) in ACCOUNTS {
            if account == person {
                world.people(&[account]).await;
            } else {
                world.alias(account, person).await;
            }
        }
        world.group("G", "ldap").await;
        let everybody = ACCOUNTS.map(|(account, _)| account);
        world.role(Role::new("R").gives(&["G"]).candidates(&everybody).approvers(&["p0"])).await;
        let mut dice = Dice::new(1);
        // By account: who named it, and when.
        let mut approvers = std::collections::BTreeMap::from([("p0", (None, world.now()))]);
        let (mut decided, mut refused) = (0, 0);
        for _ in 0..long(120, 5000) {
            let (asks, requester) = *dice.pick(&ACCOUNTS);
            let asked = world.caller(requester).with_account(asks).ask("R", 60).await.unwrap();
            for _ in 0..dice.below(3) {
                let (account, _) = *dice.pick(&ACCOUNTS);
                if dice.one_in(2) {
                    world.pass_unnoticed(jiff::SignedDuration::from_millis(1));
                }
                if approvers.remove(account).is_some() {
                    world.approver(account, "R", None, false).await;
                } else {
                    let by = ACCOUNTS[usize::try_from(dice.below(7)).unwrap()].1;
                    world.approver(account, "R", Some(by), true).await;
                    approvers.insert(account, (Some(by), world.now()));
                }
            }
            let (account, decider) = *dice.pick(&ACCOUNTS);
            let verdict = if dice.one_in(2) { Verdict::Approve } else { Verdict::Reject };
            let caller = world.caller(decider).with_account(account);
            let answer = caller.decide(approval_of(&asked), verdict).await;
            let may = decider != requester
                && approvers.get(account).is_some_and(|(by, at)| *by != Some(requester) || *at < asked.request.created);
            assert_eq!(answer.is_ok(), may, "{account} on {asks}: {answer:?}");
            decided += usize::from(may);
            refused += usize::from(!may);
            world.advance(minutes(2)).await;
        }
        assert!(decided > 10 && refused > 10, "{decided} {refused}");
    })
    .await;
}
