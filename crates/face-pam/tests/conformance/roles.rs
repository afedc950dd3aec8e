//! PAM-031 to PAM-038: roles.

use ephor_engine::admin::configuration::SetConfiguration;

use crate::app::{SENTINEL, at, members, on_both, text};

const PROPERTIES: [&str; 9] = [
    "RoleId",
    "DisplayName",
    "Description",
    "TTL",
    "AvailableFrom",
    "AvailableTo",
    "MFAEnabled",
    "ApprovalEnabled",
    "AvailabilityWindowEnabled",
];

#[tokio::test]
async fn pam_031_036_038_the_candidates_roles_by_name() {
    on_both(async |app| {
        let names: Vec<String> =
            app.caller("jen").list("pamroles").await.iter().map(|role| text(&role["DisplayName"]).to_owned()).collect();
        assert_eq!(
            names,
            ["Allow AD Access ", "ApprovalRole", "mailbox keeper", "Office hours", "SQL File Access"],
            "letter case does not count in the order, blanks at the end are kept"
        );
        assert!(app.caller("pat").list("pamroles").await.is_empty(), "an approver is no candidate");
        assert!(app.caller("ada").list("pamroles").await.is_empty());
        let sam = app.caller("sam").list("pamroles").await;
        assert_eq!(sam.len(), 1);
        assert_eq!(text(&sam[0]["RoleId"]), app.role_id("R1").to_string());
    })
    .await;
}

#[tokio::test]
async fn pam_032_033_034_a_role_has_nine_properties() {
    on_both(async |app| {
        let roles = app.caller("jen").list("pamroles").await;
        let reply = app.caller("jen").get("pamroles").await;
        let first = reply.text().split_once("\"value\":[").unwrap().1.split_once('}').unwrap().0;
        assert_eq!(members(&format!("{first}}}")), PROPERTIES);
        for role in &roles {
            assert_eq!(role.as_object().unwrap().len(), PROPERTIES.len());
            assert_eq!(text(&role["TTL"]), "3600");
            assert_eq!(text(&role["RoleId"]), text(&role["RoleId"]).to_lowercase());
            assert!(
                ["MFAEnabled", "ApprovalEnabled", "AvailabilityWindowEnabled"]
                    .iter()
                    .all(|flag| role[flag].is_boolean())
            );
        }
        let r0 = &roles[0];
        assert_eq!(text(&r0["RoleId"]), app.role_id("R0").to_string());
        assert!(r0["Description"].is_null());
        assert_eq!((text(&r0["AvailableFrom"]), text(&r0["AvailableTo"])), (SENTINEL, SENTINEL));
        assert_eq!(text(&roles[3]["Description"]), "Between eight and five");
        let flags = |at: usize| (roles[at]["MFAEnabled"].as_bool(), roles[at]["ApprovalEnabled"].as_bool());
        assert_eq!(flags(0), (Some(false), Some(false)));
        assert_eq!(flags(1), (Some(false), Some(true)));
        assert_eq!(flags(2), (Some(true), Some(false)));
        assert_eq!(flags(4), (Some(true), Some(true)));
    })
    .await;
}

#[tokio::test]
async fn pam_035_037_a_window_is_shown_as_wall_clock_also_while_it_is_shut() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for (zone, night) in [
            ("UTC", "2030-06-04T03:00:00Z"),
            ("America/Los_Angeles", "2030-06-04T08:00:00Z"),
            ("Asia/Kolkata", "2030-06-04T20:00:00Z"),
        ] {
            app.configure(SetConfiguration { time_zone: Some(zone.to_owned()), ..SetConfiguration::default() }).await;
            app.advance_to(at(night)).await;
            let roles = jen.list("pamroles").await;
            let r4 = roles.iter().find(|role| role["AvailabilityWindowEnabled"] == true).expect("R4 is listed");
            assert_eq!(text(&r4["AvailableFrom"]), "0001-01-01T08:00:00", "{zone}");
            assert_eq!(text(&r4["AvailableTo"]), "0001-01-01T17:00:00", "{zone}");
            jen.ask("R4", "RequestedTTL=60").await.refused(403, "OutsideAvailabilityWindow");
        }
    })
    .await;
}
