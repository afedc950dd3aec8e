//! What is refused, and where in the text.

use super::{SET, check_refused, kept, refused, syntax};
use crate::query::QueryError;
use crate::{Dialect, FilterError, MAX_LENGTH, MAX_NESTING};

#[test]
fn pam_072_what_does_not_follow_the_grammar_is_refused() {
    check_refused(
        syntax,
        &[
            "@",
            "   @",
            "RequestStatus@",
            "RequestStatus @",
            "RequestStatus eq@",
            "RequestStatus eq @",
            "RequestStatus eq @Active",
            "RequestStatus eq 'Active@",
            "RequestStatus eq 'Active' @'x'",
            "RequestStatus eq 'Active' @and",
            "RequestStatus eq 'Active' and  @",
            "RequestStatus eq 'Active'@and RequestStatus eq 'Active'",
            "(RequestStatus eq 'Active')@and (RequestStatus eq 'Active')",
            "RequestStatus eq 'Active' @AND RequestStatus eq 'Active'",
            "RequestStatus eq 'Active' @xor RequestStatus eq 'Active'",
            "RequestStatus eq 'Active'@, RequestStatus eq 'Active'",
            "RequestStatus eq 'Active'@)",
            "(RequestStatus eq 'Active'@",
            "(@)",
            "@'Active' eq RequestStatus",
            "@3600 eq TTL",
            "@-TTL eq 3600",
            "MFAEnabled@",
            "not @MFAEnabled",
            "not @RequestStatus eq 'Active'",
            "Gr@öße eq 1",
            "@\u{a0}TTL eq 1",
        ],
    );
}

#[test]
fn pam_072_unreadable_literals_are_refused() {
    check_refused(
        syntax,
        &[
            "RequestStatus eq @\"Active\"",
            "TTL eq @TTL",
            "TTL eq 1 @add 1",
            "TTL eq 3600@x",
            "TTL eq 3600L@L",
            "TTL eq 3600@.",
            "TTL eq 3600@e2",
            "TTL eq @.5",
            "TTL eq @+5",
            "TTL eq -@x",
            "TTL eq @NaN",
            "MFAEnabled eq @True",
            "CreationTime gt @datetime'2015-02-30T00:00:00Z'",
            "CreationTime gt @datetime'2015-01-09'",
            "CreationTime gt @datetime''",
            "CreationTime gt datetime@ '2015-01-09T00:00:00Z'",
            "CreationTime gt datetime@\"2015-01-09T00:00:00Z\"",
            "CreationTime gt @Datetime'2015-01-09T00:00:00Z'",
            "CreationTime gt @time'PT1H'",
            "RoleId eq @guid'0a1b2c3d'",
            "RoleId eq @guid'{0a1b2c3d-4e5f-6789-abcd-ef0123456789}'",
            "RoleId eq @guid'0a1b2c3d4e5f6789abcdef0123456789'",
            "RoleId eq 0@a1b2c3d-4e5f-6789-abcd-ef0123456789",
            "RequestorID/@",
            "RequestorID/Value@/Value eq null",
            "RequestorID @/Value eq null",
        ],
    );
}

#[test]
fn pam_072_unknown_properties_are_refused() {
    check_refused(
        |offset| FilterError::UnknownProperty { offset },
        &[
            "@Nonsense eq 1",
            "RequestStatus eq 'Active' and @Nonsense eq null",
            "RequestStatus eq 'Active' or (@Nonsense gt 1)",
            "RequestStatus/@Value eq 'Active'",
            "RoleId/@Value eq null",
            "RequestorID/@Name eq null",
            "@DisplayNam eq 'SQL'",
        ],
    );
}

#[test]
fn pam_072_unsupported_operators_and_functions_are_refused() {
    check_refused(
        |offset| FilterError::UnsupportedOperator { offset },
        &[
            "TTL @add 1 gt 900",
            "RequestStatus @Equal 'Active'",
            "RequestStatus @EQ 'Active'",
            "RequestStatus @in ('Active')",
            "RequestStatus @eqx 'Active'",
            "@substringof('SQL', DisplayName)",
            "TTL gt 1 and @startswith(DisplayName, 'SQL') eq true",
            "@tolower(DisplayName) eq 'x'",
            "RoleId @gt guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
            "RoleId @le '0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
            "RequestorID/Value @lt guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
            "MFAEnabled @ge true",
        ],
    );
}

#[test]
fn pam_072_values_of_another_type_are_refused() {
    check_refused(
        |offset| FilterError::TypeMismatch { offset },
        &[
            "CreationTime gt @'2015-01-09T00:00:00Z'",
            "CreationTime gt @1",
            "RequestStatus eq @1",
            "RequestStatus eq @true",
            "RequestStatus eq @guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
            "RoleId eq @'SQL'",
            "RoleId eq @7",
            "RequestorID eq @guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
            "TTL eq @'1h'",
            "TTL eq @'-1'",
            "TTL eq @'3600.5'",
            "TTL eq @''",
            "TTL eq @true",
            "TTL eq @datetime'2015-01-09T00:00:00Z'",
            "MFAEnabled eq @'true'",
            "MFAEnabled eq @1",
            "AvailableFrom eq @'08:00:00'",
            "AvailableFrom eq @datetimeoffset'0001-01-01T08:00:00Z'",
        ],
    );
}

#[test]
fn null_has_no_order() {
    check_refused(
        |offset| FilterError::NullOrdering { offset },
        &[
            "Justification @gt null",
            "ExpirationTime @le null",
            "RoleId @lt null",
            "MFAEnabled eq true and TTL @ge null",
        ],
    );
}

#[test]
fn nesting_and_length_are_bounded() {
    let nested = |levels: usize| format!("{}TTL eq 1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(SET.filter(Dialect::V3, &nested(MAX_NESTING)).is_ok());
    assert_eq!(refused(&nested(MAX_NESTING + 1)), FilterError::TooDeep { offset: MAX_NESTING });
    assert_eq!(refused(&"(".repeat(MAX_LENGTH)), FilterError::TooDeep { offset: MAX_NESTING });
    assert_eq!(refused(&"not ".repeat(MAX_LENGTH / 4)), FilterError::TooDeep { offset: 4 * MAX_NESTING });

    let text = |length: usize| format!("Justification eq '{}'", "x".repeat(length - 19));
    assert_eq!(text(MAX_LENGTH).len(), MAX_LENGTH);
    assert!(SET.filter(Dialect::V3, &text(MAX_LENGTH)).is_ok());
    assert_eq!(refused(&text(MAX_LENGTH + 1)), FilterError::TooLong);

    let chain = vec!["TTL eq 900"; 500].join(" and ");
    assert_eq!(kept(&chain), "pending");
}

#[test]
fn error_texts_repeat_nothing_and_hold_no_markup() {
    let errors = [
        refused("<b>x</b>"),
        refused("Secret eq '<b>&'"),
        refused("TTL Secret 1"),
        refused("TTL eq 'Secret'"),
        refused("Justification gt null"),
        refused(&"Secret".repeat(2000)),
        refused(&"(".repeat(30)),
        FilterError::Query(QueryError::Duplicate),
        FilterError::Query(QueryError::Encoding),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(!text.contains(['<', '>', '&']) && !text.contains("Secret"), "{text}");
    }
    assert_eq!(
        refused("TTL eq 'Secret'").to_string(),
        "The filter compares a property with a value of another type at position 7."
    );
}
