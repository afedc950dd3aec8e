//! PAM-066 to PAM-073: `$filter`.

use serde_json::Value;

use crate::{
    app::{Caller, SENTINEL, Setup, at, minutes, on_both, on_both_with, text},
    requests::one_of_each,
};

async fn count(caller: &Caller, set: &str, filter: &str) -> usize {
    caller.filtered(set, filter).await.len()
}

#[tokio::test]
async fn pam_066_the_documented_samples() {
    let setup = Setup { start: at("2015-07-12T04:35:00Z"), ..Setup::default() };
    on_both_with(setup, async |app| {
        let jen = app.caller("jen");
        let made = jen.create("R0", 3600).await;
        app.advance(minutes(10)).await;
        jen.create("R1", 3600).await;
        let name = "DisplayName eq 'SQL File Access'";
        for raw in [
            name.replace(' ', "%20"),
            name.replace(' ', "+"),
            name.replace(' ', "%20").replace('\'', "%27"),
            name.replace(' ', "+").replace('\'', "%27"),
        ] {
            for dollar in ["$filter", "%24filter", "%24FILTER"] {
                let reply = jen.get(&format!("pamroles?{dollar}={raw}")).await;
                let items = reply.items();
                assert_eq!(items.len(), 1, "{dollar}={raw}");
                assert_eq!(text(&items[0]["DisplayName"]), "SQL File Access");
            }
        }
        let between = |property: &str, from: &str, to: &str| {
            format!("{property} gt datetime'{from}' and {property} lt datetime'{to}'")
        };
        let created = between("CreationTime", "2015-06-12T04:49:32.431Z", "2015-07-13T04:49:32.432Z");
        assert_eq!(count(&jen, "pamrequests", &created).await, 2);
        let created = between("CreationTime", "2015-06-12T04:49:32.431Z", "2015-07-12T04:40:00Z");
        assert_eq!(jen.filtered("pamrequests", &created).await, [jen.request(&made).await]);
        let expiring = between("ExpirationTime", "2015-07-12T05:34:59.999Z", "2015-07-12T05:35:00.001Z");
        assert_eq!(jen.filtered("pamrequests", &expiring).await, [jen.request(&made).await]);
        let expiring = between("ExpirationTime", "2015-01-09T08:26:49.721Z", "2015-02-10T08:26:49.722Z");
        assert_eq!(count(&jen, "pamrequests", &expiring).await, 0);
        assert_eq!(jen.get("pamrequests?$filter=").await.items().len(), 2, "empty is none");
    })
    .await;
}

#[tokio::test]
async fn pam_067_operators_by_kind() {
    on_both(async |app| {
        let jen = app.caller("jen");
        let first = jen.create_with("R1", "RequestedTTL=600&Justification=b").await;
        app.advance(minutes(1)).await;
        jen.create("R1", 1200).await;
        let role = app.role_id("R1");
        let time = "datetime'2030-06-03T12:00:00Z'";
        for (filter, expected) in [
            (format!("CreationTime eq {time}"), 1),
            (format!("CreationTime ne {time}"), 1),
            (format!("CreationTime gt {time}"), 1),
            (format!("CreationTime lt {time}"), 0),
            (format!("CreationTime ge {time}"), 2),
            (format!("CreationTime le {time}"), 1),
            ("CreationTime le datetime'2030-06-03T12:00:00'".to_owned(), 1),
            ("CreationTime le datetimeoffset'2030-06-03T14:00:00%2B02:00'".replace("%2B", "+"), 1),
            ("Justification eq 'b'".to_owned(), 1),
            ("Justification ne 'b'".to_owned(), 1),
            ("Justification eq null".to_owned(), 1),
            ("Justification ne null".to_owned(), 1),
            ("Justification gt 'a'".to_owned(), 1),
            (format!("RoleId eq guid'{role}'"), 2),
            (format!("RoleId eq '{}'", role.to_string().to_uppercase()), 2),
            (format!("RoleId ne guid'{role}'"), 0),
            (format!("RequestId eq guid'{}'", text(&first["RequestId"])), 1),
            ("RequestedTTL eq 600".to_owned(), 1),
            ("RequestedTTL ne 600".to_owned(), 1),
            ("RequestStatus eq 'PendingApproval'".to_owned(), 2),
            ("RequestStatus eq 'pendingapproval'".to_owned(), 0),
            ("CreationMethod eq 'PAM Web API'".to_owned(), 2),
            ("RequestedTTL ge 600 and RequestedTTL le 1200 and Justification ne null".to_owned(), 1),
            ("(RequestedTTL ge 600 and RequestedTTL le 1200) and (Justification ne null)".to_owned(), 1),
        ] {
            assert_eq!(count(&jen, "pamrequests", &filter).await, expected, "{filter}");
        }
        for (filter, expected) in [
            ("MFAEnabled eq true", 2),
            ("MFAEnabled ne true", 3),
            ("ApprovalEnabled eq false and MFAEnabled eq false", 2),
            ("AvailabilityWindowEnabled eq true", 1),
            ("AvailableFrom eq datetime'2001-02-03T08:00:00'", 1),
            ("AvailableTo gt datetime'0001-01-01T16:59:59'", 1),
            ("Description eq null", 4),
            ("Description ne null", 1),
        ] {
            assert_eq!(count(&jen, "pamroles", filter).await, expected, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_068_the_sentinel_is_before_every_instant() {
    on_both(async |app| {
        let jen = one_of_each(app).await;
        let items = jen.filtered("pamrequests", &format!("ExpirationTime gt datetime'{}'", app.now())).await;
        assert_eq!(items.len(), 2);
        assert!(items.iter().all(|item| item["RequestStatus"] == "Active"));
        let none = jen.filtered("pamrequests", &format!("ExpirationTime eq datetime'{SENTINEL}'")).await;
        assert_eq!(none.len(), 5);
        assert!(none.iter().all(|item| text(&item["ExpirationTime"]) == SENTINEL));
    })
    .await;
}

#[tokio::test]
async fn pam_069_quotes_are_doubled_and_letter_case_counts() {
    on_both(async |app| {
        let jen = app.caller("jen");
        jen.create_with("R1", "RequestedTTL=60&Justification=Bob's+job").await;
        assert_eq!(count(&jen, "pamrequests", "Justification eq 'Bob''s job'").await, 1);
        assert_eq!(count(&jen, "pamrequests", "Justification eq 'bob''s job'").await, 0);
        assert_eq!(count(&jen, "pamroles", "DisplayName eq 'Allow AD Access '").await, 1);
        assert_eq!(count(&jen, "pamroles", "DisplayName eq 'Allow AD Access'").await, 0, "blanks count");
    })
    .await;
}

#[tokio::test]
async fn pam_070_durations_are_numbers_however_they_are_written() {
    on_both(async |app| {
        let jen = app.caller("jen");
        for ttl in [900, 3600, 12_960_000] {
            jen.create("R1", ttl).await;
        }
        for (filter, expected) in [
            ("RequestedTTL eq '3600'", 1),
            ("RequestedTTL eq 3600", 1),
            ("RequestedTTL eq 3600L", 1),
            ("RequestedTTL eq 3600.0", 1),
            ("RequestedTTL gt 900", 2),
            ("RequestedTTL gt '900'", 2),
            ("RequestedTTL lt 1000.5", 1),
            ("RequestedTTL gt -1", 3),
        ] {
            assert_eq!(count(&jen, "pamrequests", filter).await, expected, "{filter}");
        }
        assert_eq!(count(&jen, "pamroles", "TTL gt 900").await, 5);
        assert_eq!(count(&jen, "pamroles", "TTL gt 3600").await, 0);
    })
    .await;
}

#[tokio::test]
async fn pam_071_wrapped_ids_and_the_documents_spellings() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let made = jen.create("R1", 60).await;
        app.caller("sam").create("R1", 60).await;
        let approval = pat.approval_of(&made).await;
        let id = text(&approval["ApprovalObjectID"]["Value"]);
        for (filter, expected) in [
            (format!("RequestorID/Value eq guid'{}'", app.user_id("jen")), 1),
            (format!("RequestorID/Value ne guid'{}'", app.user_id("jen")), 1),
            (format!("FIMRequestID/Value eq '{}'", text(&made["RequestId"])), 1),
            (format!("ApprovalObjectID/Value eq guid'{id}'"), 1),
            ("Requestor eq 'PRIV.Jen'".to_owned(), 1),
            ("RoleName eq 'ApprovalRole' and RequestedTTL eq 60".to_owned(), 2),
        ] {
            assert_eq!(count(&pat, "pamrequeststoapprove", &filter).await, expected, "{filter}");
        }
        for filter in [
            format!("RequestID eq guid'{}'", text(&made["RequestId"])),
            format!("RoleID eq guid'{}'", app.role_id("R1")),
            "RequestedStatus eq 'PendingApproval'".to_owned(),
            "requeststatus eq 'PendingApproval'".to_owned(),
        ] {
            assert_eq!(count(&jen, "pamrequests", &filter).await, 1, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn pam_072_what_is_not_understood_is_refused() {
    on_both(async |app| {
        let jen = app.caller("jen");
        jen.create("R1", 60).await;
        for raw in [
            "x",
            "RequestStatus",
            "RequestStatus%20eq",
            "RequestStatus%20eq%20%22Active%22",
            "RequestStatus%20eq%20Active",
            "RequestStatus%20is%20'Active'",
            "Nothing%20eq%20'x'",
            "DisplayName%20eq%20'x'",
            "startswith(RequestStatus,'A')",
            "substringof('A',RequestStatus)%20eq%20true",
            "RequestedTTL%20add%201%20eq%2061",
            "RequestId%20gt%20guid'00000000-0000-0000-0000-000000000000'",
            "RequestedTTL%20eq%20true",
            "CreationTime%20eq%20'2030-06-03T12:00:00Z'",
            "CreationTime%20gt%20null",
            "CreationTime%20gt%20datetime'yesterday'",
            "RequestStatus%20eq%20'Active'%20and",
            "(RequestStatus%20eq%20'Active'",
            "RequestStatus%20eq%20'Active';drop",
            "RequestStatus/Value%20eq%20'x'",
            "RequestStatus%20eq%20'%zz'",
            "a&$filter=b",
        ] {
            jen.get(&format!("pamrequests?$filter={raw}")).await.refused(400, "InvalidFilter");
        }
        let long = format!("RequestedTTL%20eq%20{}", "6".repeat(9000));
        jen.get(&format!("pamrequests?$filter={long}")).await.refused(400, "InvalidFilter");
        let two_kib = vec!["RequestedTTL eq 60"; 90].join(" and ");
        assert!(two_kib.len() > 2000);
        assert_eq!(count(&jen, "pamrequests", &two_kib).await, 1);
        jen.get("pamroles?$filter=RequestStatus%20eq%20'x'").await.refused(400, "InvalidFilter");
        jen.get("pamrequeststoapprove?$filter=RequestorID%20eq%20'x'").await.refused(400, "InvalidFilter");
    })
    .await;
}

#[tokio::test]
async fn pam_073_a_filter_only_narrows() {
    on_both(async |app| {
        let (jen, sam) = (app.caller("jen"), app.caller("sam"));
        let foreign = sam.create("R1", 60).await;
        let id = text(&foreign["RequestId"]);
        assert_eq!(jen.filtered("pamrequests", &format!("RequestId eq guid'{id}'")).await, Vec::<Value>::new());
        assert_eq!(jen.filtered("pamrequests", "RequestId ne null").await, Vec::<Value>::new());
        let r9 = app.role_id("R9");
        assert_eq!(jen.filtered("pamroles", &format!("RoleId eq guid'{r9}'")).await, Vec::<Value>::new());
        assert_eq!(sam.filtered("pamrequeststoapprove", "Requestor ne 'x'").await, Vec::<Value>::new());
        assert_eq!(count(&jen, "pamroles", "DisplayName ne 'x' or DisplayName eq 'x'").await, 5);
    })
    .await;
}
