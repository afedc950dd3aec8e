//! What holds for every input.

use std::time::{Duration, Instant as Stopwatch};

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use crate::ast::{Comparison, Literal, Op, Path, Positions};
use crate::{DateTime, Decimal, Dialect, Expr, MAX_LENGTH, fuzz};

fn literal() -> impl Strategy<Value = Literal> {
    let date_time = (1..10_000_i32, 1..13, 1..29, 0..24, 0..60, 0..60, 0..1_000_000_000, -1439..1440).prop_map(
        |(year, month, day, hour, minute, second, fraction, zone)| {
            let zone: i32 = zone;
            let sign = if zone < 0 { '-' } else { '+' };
            let (zone_hour, zone_minute) = (zone.abs() / 60, zone.abs() % 60);
            let civil = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}");
            let zone = if zone % 7 == 0 { String::new() } else { format!("{sign}{zone_hour:02}:{zone_minute:02}") };
            DateTime::parse(&format!("{civil}{zone}")).expect("a date that exists")
        },
    );
    prop_oneof![
        any::<String>().prop_map(Literal::String),
        "[' a]{0,6}".prop_map(Literal::String),
        "-?[0-9]{1,50}(\\.[0-9]{1,9})?".prop_map(|text| Literal::Number(Decimal::parse(&text).expect("a number"))),
        date_time.clone().prop_map(Literal::DateTime),
        date_time.prop_map(Literal::DateTimeOffset),
        any::<u128>().prop_map(|bits| Literal::Guid(Uuid::from_u128(bits))),
        any::<bool>().prop_map(Literal::Bool),
        Just(Literal::Null),
    ]
}

fn comparison() -> impl Strategy<Value = Expr> {
    let path = ("[A-Za-z_][A-Za-z0-9_]{0,8}", proptest::option::of("[A-Za-z_][A-Za-z0-9_]{0,8}"))
        .prop_filter("not at the head of a term negates", |(name, _)| name != "not")
        .prop_map(|(name, member)| Path { name, members: member.into_iter().collect() });
    (path, proptest::sample::select(&Op::ALL[..]), literal())
        .prop_map(|(path, op, literal)| Expr::Compare(Comparison { path, op, literal, at: Positions::default() }))
}

fn expr() -> impl Strategy<Value = Expr> {
    comparison().prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expr::And),
            vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

/// Text that is almost a filter.
fn near_filter() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => proptest::sample::select(fuzz::DICTIONARY).prop_map(str::to_owned),
        4 => proptest::sample::select(&["I", "T", "G", "W", "D", "B", "H", "(", ")", "'", "\"", " ", "1", "-", "."][..])
            .prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ];
    vec(word, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn a_written_tree_reads_back_as_itself(expr in expr()) {
        let written = expr.to_string();
        prop_assume!(written.len() <= MAX_LENGTH);
        prop_assert_eq!(Expr::parse(Dialect::V3, &written), Ok(expr), "{}", written);
    }

    #[test]
    fn any_bytes_are_read_or_refused(data in vec(any::<u8>(), 0..200)) {
        fuzz::fuzz_filter(&data);
        fuzz::fuzz_query(&data);
        fuzz::fuzz_key(&data);
    }

    #[test]
    fn pam_072_near_filters_are_read_or_refused(text in near_filter()) {
        fuzz::fuzz_filter(text.as_bytes());
        fuzz::fuzz_query(format!("$filter={text}").as_bytes());
        fuzz::fuzz_key(format!("x({text})/y").as_bytes());
    }

    #[test]
    fn a_filter_that_reads_still_reads_or_is_refused_when_cut(expr in expr(), at in any::<proptest::sample::Index>()) {
        let written = expr.to_string();
        let end = written.floor_char_boundary(at.index(written.len()));
        fuzz::fuzz_filter(&written.as_bytes()[..end]);
    }

    #[test]
    fn decimals_order_as_the_numbers_they_write(a in any::<i32>(), b in any::<i32>(), scale in 0_u32..5) {
        let write = |n: i32| {
            let unit = 10_i64.pow(scale);
            let (whole, rest) = (i64::from(n).abs() / unit, i64::from(n).abs() % unit);
            let sign = if n < 0 { "-" } else { "" };
            let width = scale as usize;
            let text = if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:0width$}") };
            Decimal::parse(&text).expect("a number")
        };
        prop_assert_eq!(write(a).cmp(&write(b)), a.cmp(&b));
        prop_assert_eq!(write(a).floor(), i128::from(i64::from(a).div_euclid(10_i64.pow(scale))));
    }
}

/// Shapes that punish a reader that goes back: each fills the limit and must stay far below what a quadratic one needs.
#[test]
fn the_longest_filters_take_no_time() {
    let filling = |unit: &str| unit.repeat(MAX_LENGTH / unit.len());
    let blank = filling(" ");
    let blanks = blank.get(..400).expect("long enough");
    let shapes = [
        filling("("),
        filling("not "),
        filling("'"),
        filling(" "),
        filling("T eq 1 and "),
        filling("T eq 1 or "),
        filling("T eq 1 and not (D eq 1) or "),
        filling("''"),
        format!("T eq {}", filling("''")).chars().take(MAX_LENGTH).collect(),
        format!("D eq {}", filling("9")).chars().take(MAX_LENGTH).collect(),
        format!("D eq 1{}", filling(" ")).chars().take(MAX_LENGTH).collect(),
        format!("{}D eq 1{}", format!("({blanks}").repeat(9), format!("{blanks})").repeat(9)),
        filling("a/"),
        filling("datetime'"),
        filling("T"),
    ];
    for shape in shapes {
        assert!(shape.len() <= MAX_LENGTH && shape.len() > MAX_LENGTH / 2);
        let fastest = (0..5).map(|_| {
            let start = Stopwatch::now();
            fuzz::fuzz_filter(shape.as_bytes());
            fuzz::fuzz_query(format!("%24filter={shape}").as_bytes());
            start.elapsed()
        });
        assert!(fastest.min() < Some(Duration::from_millis(100)), "{:.40}", shape);
    }
}
