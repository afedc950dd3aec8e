//! Trees written back, and predicates read by a store.

use super::{F, SET};
use crate::ast::Op;
use crate::{Condition, Decimal, Dialect, Expr, Instant, Operand, Predicate, Row, Value};

#[test]
fn a_store_can_read_the_conditions_every_row_meets() {
    let predicate = SET
        .filter(
            Dialect::V3,
            "ExpirationTime gt datetime'2015-01-09T08:26:49Z' and (TTL ge '900' and (RoleId eq null or TTL eq 1)) \
             and not (MFAEnabled eq true) and Justification ne null",
        )
        .unwrap();
    let instant = Instant::At("2015-01-09T08:26:49Z".parse().unwrap());
    let expected = [
        Condition { field: F::ExpirationTime, op: Op::Gt, operand: Operand::Instant(instant) },
        Condition { field: F::Ttl, op: Op::Ge, operand: Operand::Number(Decimal::from(900)) },
        Condition { field: F::Justification, op: Op::Ne, operand: Operand::Null },
    ];
    assert_eq!(predicate.conjuncts().cloned().collect::<Vec<_>>(), expected);
    assert!(!predicate.is_conjunction());
    assert!(SET.filter(Dialect::V3, "TTL ge 1 and (TTL le 2)").unwrap().is_conjunction());
    assert_eq!(SET.filter(Dialect::V3, "RoleId eq null").unwrap(), Predicate::Constant(false));
}

#[test]
fn a_value_of_another_kind_meets_no_condition() {
    struct Wrong;
    impl Row<F> for Wrong {
        fn value(&self, _field: F) -> Value<'_> {
            Value::Bool(true)
        }
    }
    for text in ["TTL eq 1", "TTL ne 1", "RequestStatus ne 'x'", "CreationTime le datetime'2015-01-09T08:26:49Z'"] {
        assert!(!SET.filter(Dialect::V3, text).unwrap().matches(&Wrong), "{text}");
    }
}

#[test]
fn a_tree_is_written_as_the_shortest_text_that_reads_the_same() {
    for (text, written) in [
        ("TTL eq 007.50M", "TTL eq 7.5"),
        ("((TTL  eq 1) and (TTL eq 2 or TTL eq 3))", "TTL eq 1 and (TTL eq 2 or TTL eq 3)"),
        ("(TTL eq 1 and TTL eq 2) and TTL eq 3", "(TTL eq 1 and TTL eq 2) and TTL eq 3"),
        ("(TTL eq 1 and TTL eq 2) or TTL eq 3", "TTL eq 1 and TTL eq 2 or TTL eq 3"),
        ("not(not not(TTL eq 1))", "not not not (TTL eq 1)"),
        ("X/Y ne datetime'2015-01-09T08:26+00:00'", "X/Y ne datetime'2015-01-09T08:26:00Z'"),
        (
            "X eq 'it''s' and Y eq guid'0A1B2C3D-4E5F-6789-ABCD-EF0123456789'",
            "X eq 'it''s' and Y eq guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'",
        ),
    ] {
        let expr = Expr::parse(Dialect::V3, text).unwrap();
        assert_eq!(expr.to_string(), written);
        assert_eq!(Expr::parse(Dialect::V3, written).unwrap(), expr);
    }
}
