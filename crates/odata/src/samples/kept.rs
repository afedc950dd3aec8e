//! Which items a filter keeps.

use super::{SET, check_kept, items, syntax};
use crate::FilterError;
use crate::query::QueryError;

#[test]
fn pam_066_documented_samples_parse() {
    check_kept(&[
        (
            "ExpirationTime gt datetime'2015-01-09T08:26:49.721Z' and ExpirationTime lt datetime'2015-02-10T08:26:49.722Z'",
            "expired",
        ),
        (
            "CreationTime gt datetime'2015-06-12T04:49:32.431Z' and CreationTime lt datetime'2015-07-13T04:49:32.432Z'",
            "active",
        ),
        ("DisplayName eq 'SQL File Access'", "active expired"),
    ]);
}

#[test]
fn pam_066_documented_samples_arrive_in_any_encoding() {
    for raw in [
        "$filter=CreationTime%20gt%20datetime'2015-06-12T04:49:32.431Z'%20and%20CreationTime%20lt%20datetime'2015-07-13T04:49:32.432Z'",
        "%24filter=CreationTime+gt+datetime%272015-06-12T04%3A49%3A32.431Z%27+and+CreationTime+lt+datetime%272015-07-13T04:49:32.432Z%27",
        "v=1&$filter=CreationTime+gt+datetime'2015-06-12T04:49:32.431Z'+and+CreationTime+lt+datetime'2015-07-13T04:49:32.432Z'&$top=5",
    ] {
        let predicate = SET.from_query(raw).unwrap().unwrap();
        let matching: Vec<_> = items().iter().map(|item| predicate.matches(item)).collect();
        assert_eq!(matching, [true, false, false], "{raw}");
    }
    assert_eq!(SET.from_query("$filter=&v=1"), Ok(None));
    assert_eq!(SET.from_query("$filter=+"), Err(syntax(1)), "blanks are no filter, and not none");
    assert_eq!(SET.from_query("$filter=a&$filter=a"), Err(FilterError::Query(QueryError::Duplicate)));
}

#[test]
fn pam_067_each_operator_works_on_an_instant() {
    check_kept(&[
        ("CreationTime eq datetime'2015-06-20T04:49:32.431Z'", "active"),
        ("CreationTime ne datetime'2015-06-20T04:49:32.431Z'", "expired pending"),
        ("CreationTime gt datetime'2015-06-20T04:49:32.431Z'", "pending"),
        ("CreationTime lt datetime'2015-06-20T04:49:32.431Z'", "expired"),
        ("CreationTime ge datetime'2015-06-20T04:49:32.431Z'", "active pending"),
        ("CreationTime le datetime'2015-06-20T04:49:32.431Z'", "active expired"),
        ("CreationTime eq datetimeoffset'2015-06-19T21:49:32.431-07:00'", "active"),
        ("CreationTime eq datetime'2015-06-20T04:49:32.431'", "active"),
    ]);
}

#[test]
fn pam_067_equality_works_on_every_kind_and_chains_of_three_work() {
    check_kept(&[
        ("RequestStatus eq 'Active'", "active"),
        ("RequestStatus ne 'Active'", "expired pending"),
        ("RoleId eq guid'0A1B2C3D-4e5f-6789-abcd-ef0123456789'", "active expired"),
        ("RoleId ne guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'", "pending"),
        ("RoleId eq '0A1B2C3D-4E5F-6789-ABCD-EF0123456789'", "active expired"),
        ("MFAEnabled eq true", "active expired"),
        ("MFAEnabled ne true", "pending"),
        ("MFAEnabled eq false", "pending"),
        ("RequestedTTL eq 3600", "active"),
        ("RequestedTTL ne '3600'", "expired pending"),
        ("MFAEnabled eq true and RequestedTTL ge 3600 and RequestStatus ne 'Expired'", "active"),
        (" ( MFAEnabled eq true and (RequestedTTL ge 3600) ) and\tRequestStatus  ne\n'Expired' ", "active"),
    ]);
}

#[test]
fn pam_068_a_future_expiry_excludes_what_never_became_active() {
    check_kept(&[
        ("ExpirationTime gt datetime'2015-06-20T05:00:00Z'", "active"),
        ("ExpirationTime gt datetime'0001-01-01T00:00:00'", "active expired"),
        ("ExpirationTime eq datetime'0001-01-01T00:00:00'", "pending"),
        ("ExpirationTime le datetime'2015-06-20T05:00:00Z'", "expired pending"),
        ("ExpirationTime lt datetime'9999-12-31T23:59:59.9999999Z'", "active expired pending"),
        ("ExpirationTime gt datetime'9999-12-31T23:59:59.9999999'", ""),
    ]);
}

#[test]
fn pam_069_text_is_ordinal_and_a_doubled_quote_is_one() {
    check_kept(&[
        ("Justification eq 'fix Jen''s table'", "active"),
        ("Justification eq 'fix jen''s table'", ""),
        ("DisplayName eq 'HR'", ""),
        ("DisplayName eq 'HR '", "pending"),
        ("RequestStatus gt 'Active'", "expired pending"),
        ("RequestStatus lt 'a'", "active expired pending"),
        ("Justification ne ''''", "active expired pending"),
        ("Justification eq ''", ""),
    ]);
}

#[test]
fn pam_070_durations_compare_numerically() {
    check_kept(&[
        ("RequestedTTL eq '3600'", "active"),
        ("RequestedTTL eq 3600", "active"),
        ("RequestedTTL eq '03600'", "active"),
        ("TTL gt 900", "active expired"),
        ("TTL gt '900'", "active expired"),
        ("TTL ge 900.5", "active expired"),
        ("TTL lt 3600.0000001d", "active pending"),
        ("TTL eq 3600.5", ""),
        ("TTL gt -1", "active expired pending"),
        ("TTL lt 99999999999999999999999999999999999999999999999999L", "active expired pending"),
        ("TTL eq 3600.00M", "active"),
        ("TTL le 900f", "pending"),
    ]);
}

#[test]
fn pam_071_wrapped_ids_and_aliases_work() {
    check_kept(&[
        ("RequestorID/Value eq guid'11111111-2222-3333-4444-55555555abcd'", "active expired"),
        ("requestorid/value ne '11111111-2222-3333-4444-55555555ABCD'", "pending"),
        ("RoleID eq guid'8c6a1f0e-0000-4000-8000-00000000000f'", "pending"),
        ("RequestID eq guid'8c6a1f0e-0000-4000-8000-00000000000f'", "pending"),
        ("RequestedStatus eq 'Active'", "active"),
        ("requestedstatus eq 'Active' and ROLEID ne null", "active"),
    ]);
}

#[test]
fn null_equals_only_null() {
    check_kept(&[
        ("Justification eq null", "expired"),
        ("Justification ne null", "active pending"),
        ("Justification ne 'x'", "active expired"),
        ("Justification lt 'z'", "active pending"),
        ("not (Justification lt 'z')", "expired"),
        ("ExpirationTime eq null", ""),
        ("ExpirationTime ne null", "active expired pending"),
        ("RequestorID/Value eq null or RoleId eq null", ""),
    ]);
}

#[test]
fn times_of_day_compare_by_their_time_part() {
    check_kept(&[
        ("AvailableFrom eq datetime'0001-01-01T08:00:00'", "active"),
        ("AvailableFrom eq datetime'2015-06-20T08:00:00Z'", "active"),
        ("AvailableFrom ge datetime'0001-01-01T08:00:00'", "active pending"),
        ("AvailableFrom lt datetime'9999-12-31T08:00:00'", "expired"),
    ]);
}

#[test]
fn or_not_and_brackets_bind_as_in_odata() {
    check_kept(&[
        ("RequestStatus eq 'Active' or RequestStatus eq 'Expired' and RequestedTTL eq 1", "active"),
        ("(RequestStatus eq 'Active' or RequestStatus eq 'Expired') and RequestedTTL eq 1", ""),
        ("not (RequestStatus eq 'Active')", "expired pending"),
        ("not(RequestStatus eq 'Active') and MFAEnabled eq true", "expired"),
        ("not not (RequestStatus eq 'Active')", "active"),
        ("MFAEnabled eq false or not (RequestedTTL lt 7200)", "expired pending"),
    ]);
}
