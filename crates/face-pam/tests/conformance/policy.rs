//! PAM-109 to PAM-116: role policy.

use ephor_audit::events;
use ephor_domain::{Refusal, text::Name};
use ephor_engine::{
    Answer, Denied,
    admin::role::{CreateRole, SetRole},
    port::mfa::ChallengeStatus,
};
use jiff::civil::time;
use serde_json::Value;

use crate::app::{SENTINEL, Setup, at, hours, minutes, on_both, on_both_with, seconds, text};

fn starting(start: &str) -> Setup {
    Setup { start: at(start), ..Setup::default() }
}

#[tokio::test]
async fn pam_109_the_window_is_open_at_both_its_ends() {
    on_both_with(starting("2030-06-03T07:59:00Z"), async |app| {
        let jen = app.caller("jen");
        jen.ask("R4", "RequestedTTL=60").await.refused(403, "OutsideAvailabilityWindow");
        assert_eq!(jen.list("pamrequests").await, Vec::<Value>::new(), "a refused one leaves no request behind");
        assert_eq!(app.count(events::OUTSIDE_WINDOW_REFUSED).await, 1);
        for (now, open) in [
            ("2030-06-03T08:00:00Z", true),
            ("2030-06-03T12:00:00Z", true),
            ("2030-06-03T17:00:00Z", true),
            ("2030-06-03T17:00:01Z", false),
            ("2030-06-03T17:01:00Z", false),
        ] {
            app.advance_to(at(now)).await;
            let reply = jen.ask("R4", "RequestedTTL=60").await;
            if open {
                assert_eq!(text(&reply.json()["RequestStatus"]), "Active", "{now}");
            } else {
                reply.refused(403, "OutsideAvailabilityWindow");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn pam_110_a_start_inside_tomorrows_window() {
    on_both_with(starting("2030-06-03T20:00:00Z"), async |app| {
        let jen = app.caller("jen");
        let made = jen.create_with("R4", "RequestedTTL=600&RequestedTime=2030-06-04T09:00:00Z").await;
        assert_eq!(text(&made["RequestStatus"]), "Scheduled");
        app.advance_to(at("2030-06-04T08:59:59Z")).await;
        assert_eq!(jen.status(&made).await, "Scheduled");
        app.advance(seconds(1)).await;
        assert_eq!(jen.status(&made).await, "Active");
        let night = "RequestedTTL=600&RequestedTime=2030-06-05T07:59:59Z";
        jen.ask("R4", night).await.refused(403, "OutsideAvailabilityWindow");
    })
    .await;
}

#[tokio::test]
async fn pam_111_the_window_limits_the_start_and_not_the_stay() {
    on_both_with(starting("2030-06-03T16:59:00Z"), async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R4", 3600).await;
        assert_eq!(text(&made["ExpirationTime"]), "2030-06-03T17:59:00Z");
        app.advance_to(at("2030-06-03T17:58:59Z")).await;
        assert_eq!(jen.status(&made).await, "Active");
        assert!(app.holds("jen", "R4").await);
    })
    .await;
}

#[tokio::test]
async fn pam_112_the_window_is_of_the_servers_zone_and_of_every_day() {
    let setup = Setup { zone: "America/Los_Angeles", ..starting("2030-06-08T14:59:59Z") };
    on_both_with(setup, async |app| {
        let jen = app.caller("jen");
        // 07:59:59 of a Saturday there.
        jen.ask("R4", "RequestedTTL=60").await.refused(403, "OutsideAvailabilityWindow");
        app.advance(seconds(1)).await;
        assert_eq!(text(&jen.create("R4", 60).await["RequestStatus"]), "Active");
        app.advance_to(at("2030-06-09T00:00:00Z")).await;
        assert_eq!(text(&jen.create("R4", 60).await["RequestStatus"]), "Active", "17:00:00 there");
        app.advance(seconds(1)).await;
        jen.ask("R4", "RequestedTTL=60").await.refused(403, "OutsideAvailabilityWindow");
        // In winter the same wall clock is an hour later.
        app.advance_to(at("2030-12-09T15:30:00Z")).await;
        jen.ask("R4", "RequestedTTL=60").await.refused(403, "OutsideAvailabilityWindow");
        app.advance_to(at("2030-12-09T16:00:00Z")).await;
        assert_eq!(text(&jen.create("R4", 60).await["RequestStatus"]), "Active");
    })
    .await;
}

#[tokio::test]
async fn pam_113_a_stored_window_that_is_not_enabled() {
    on_both_with(starting("2030-06-03T03:00:00Z"), async |app| {
        let jen = app.caller("jen");
        app.set_role("R4", |role| role.window_enabled = Some(false)).await;
        assert_eq!(text(&jen.create("R4", 60).await["RequestStatus"]), "Active");
        let role = jen.filtered("pamroles", "DisplayName eq 'Office hours'").await.remove(0);
        assert_eq!(role["AvailabilityWindowEnabled"], false);
        assert_eq!(text(&role["AvailableFrom"]), "0001-01-01T08:00:00", "it is still shown");
    })
    .await;
}

#[tokio::test]
async fn a_gate_that_opens_while_the_window_is_shut_waits_for_the_window() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        app.set_role("R1", |role| {
            role.from = Some(Some(time(8, 0, 0, 0)));
            role.to = Some(Some(time(17, 0, 0, 0)));
            role.window_enabled = Some(true);
        })
        .await;
        let made = jen.create("R1", 600).await;
        app.advance_to(at("2030-06-03T20:00:00Z")).await;
        pat.decide(&pat.approval_of(&made).await, "Approve").await.done();
        let request = jen.request(&made).await;
        assert_eq!((text(&request["RequestStatus"]), text(&request["ExpirationTime"])), ("Scheduled", SENTINEL));
        app.advance_to(at("2030-06-04T08:00:00Z")).await;
        assert_eq!(text(&jen.request(&made).await["ExpirationTime"]), "2030-06-04T08:10:00Z");
    })
    .await;
}

fn new_role(name: &str) -> CreateRole {
    CreateRole::named(Name::parse(name).unwrap())
}

/// The field that a rule was broken in.
fn broken<T: std::fmt::Debug>(answer: Answer<T>) -> &'static str {
    match answer {
        Err(Denied::Refused(Refusal::Invalid { field, .. })) => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pam_114_a_window_ends_later_than_it_begins() {
    on_both(async |app| {
        let (eight, five) = (time(8, 0, 0, 0), time(17, 0, 0, 0));
        for (from, to) in [(five, eight), (eight, eight)] {
            let new = CreateRole { from: Some(from), to: Some(to), ..new_role("New") };
            assert_eq!(broken(app.try_to_administer("ada", new).await), "availableTo");
            let set = SetRole { from: Some(Some(from)), to: Some(Some(to)), ..SetRole::of(app.role_id("R4")) };
            assert_eq!(broken(app.try_to_administer("ada", set).await), "availableTo");
        }
        let shut = SetRole { to: Some(Some(time(7, 0, 0, 0))), ..SetRole::of(app.role_id("R4")) };
        assert_eq!(broken(app.try_to_administer("ada", shut).await), "availableTo", "against the stored beginning");
        assert_eq!(app.count(events::ADMIN_CHANGE_REFUSED).await, 5);
        let r4 = app.caller("jen").filtered("pamroles", "DisplayName eq 'Office hours'").await.remove(0);
        assert_eq!(text(&r4["AvailableTo"]), "0001-01-01T17:00:00");
    })
    .await;
}

#[tokio::test]
async fn pam_115_the_time_to_live_of_a_role_has_bounds_and_a_default() {
    on_both(async |app| {
        for ttl in [0, 299, 7 * 86_400 + 1] {
            let new = CreateRole { ttl: Some(ttl), ..new_role("New") };
            assert_eq!(broken(app.try_to_administer("ada", new).await), "ttl", "{ttl}");
        }
        let jen = app.user_id("jen");
        for (name, ttl) in [("A0", None), ("A1", Some(300)), ("A2", Some(7 * 86_400))] {
            app.administer(CreateRole { ttl, candidates: vec![jen], ..new_role(name) }).await;
        }
        let roles = app.caller("jen").filtered("pamroles", "DisplayName lt 'A3'").await;
        let shown: Vec<(&str, &str)> =
            roles.iter().map(|role| (text(&role["DisplayName"]), text(&role["TTL"]))).collect();
        assert_eq!(shown, [("A0", "3600"), ("A1", "300"), ("A2", "604800")]);
        let refused = app.try_to_administer("pat", new_role("New")).await;
        assert!(matches!(refused, Err(Denied::Refused(Refusal::NotAdministrator))));
    })
    .await;
}

#[tokio::test]
async fn pam_116_a_raised_gate_does_not_stop_what_is_past_it() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let scheduled = jen.create_with("R0", "RequestedTTL=3600&RequestedTime=2030-06-03T13:00:00Z").await;
        let active = jen.create("R0", 3600).await;
        let pending = jen.create("R1", 3600).await;
        let unproved = jen.create("R2", 3600).await;
        app.set_role("R0", |role| {
            role.mfa = Some(true);
            role.ttl = Some(600);
        })
        .await;
        app.set_role("R1", |role| {
            role.mfa = Some(true);
            role.ttl = Some(600);
        })
        .await;
        app.set_role("R2", |role| role.ttl = Some(600)).await;
        assert_eq!(text(&jen.request(&active).await["ExpirationTime"]), "2030-06-03T13:00:00Z", "granted is granted");
        pat.decide(&pat.approval_of(&pending).await, "Approve").await.done();
        assert_eq!(
            text(&jen.request(&pending).await["ExpirationTime"]),
            "2030-06-03T12:10:00Z",
            "capped at activation"
        );
        app.mfa.answer(text(&unproved["RequestId"]), ChallengeStatus::Success);
        app.advance(minutes(1)).await;
        let expiration = at(text(&jen.request(&unproved).await["ExpirationTime"]));
        assert!(expiration <= at("2030-06-03T12:11:00Z"));
        app.advance_to(at("2030-06-03T13:00:00Z")).await;
        let started = jen.request(&scheduled).await;
        assert_eq!(text(&started["RequestStatus"]), "Active", "it is not asked for a proof any more");
        assert_eq!(text(&started["ExpirationTime"]), "2030-06-03T13:10:00Z");
        assert_eq!(text(&jen.create("R0", 60).await["RequestStatus"]), "PendingMFA");
        app.advance(hours(1)).await;
    })
    .await;
}
