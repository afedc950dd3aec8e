//! Entry points for fuzzing and for the property tests: any bytes may come, and what is promised is asserted.

use crate::grammar::{Dialect, MAX_LENGTH};
use crate::query::Query;
use crate::{EntitySet, Expr, Field, FilterError, Kind, Predicate, Row, Value, key};

/// Words worth trying; without them a fuzzer rarely finds a keyword.
pub const DICTIONARY: &[&str] = &[
    " and ",
    " or ",
    "not ",
    "not(",
    " eq ",
    " ne ",
    " gt ",
    " lt ",
    " ge ",
    " le ",
    "''",
    "datetime'",
    "datetimeoffset'",
    "guid'",
    "true",
    "false",
    "null",
    "/Value",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.9999999",
    "00000000-0000-0000-0000-000000000000",
    "$filter=",
    "%24filter=",
    "%27",
    "%20",
    "%28",
    "%29",
];

const SET: EntitySet<Kind> = EntitySet::new(&[
    Field::new("I", Kind::Instant, Kind::Instant),
    Field::new("T", Kind::Text, Kind::Text).nullable(),
    Field::new("G", Kind::Guid, Kind::Guid),
    Field::new("W", Kind::WrappedGuid, Kind::WrappedGuid),
    Field::new("D", Kind::Duration, Kind::Duration),
    Field::new("B", Kind::Bool, Kind::Bool),
    Field::new("H", Kind::TimeOfDay, Kind::TimeOfDay),
]);

/// A row without any value.
struct Blank;

impl Row<Kind> for Blank {
    fn value(&self, _field: Kind) -> Value<'_> {
        Value::Null
    }
}

/// A filter text: what is read is written back and read as the same; errors point into the text.
pub fn fuzz_filter(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match Expr::parse(Dialect::V3, text) {
        Ok(expr) => {
            let written = expr.to_string();
            // Writing adds brackets and seconds, so only text well within the limit must fit again.
            if text.len() < MAX_LENGTH / 2 {
                assert_eq!(Expr::parse(Dialect::V3, &written).as_ref(), Ok(&expr), "{written}");
            }
            match SET.bind(&expr) {
                Ok(predicate) => {
                    let kept = predicate.matches(&Blank);
                    let bounded =
                        predicate.conjuncts().all(|condition| Predicate::Condition(condition.clone()).matches(&Blank));
                    assert!(bounded || !kept, "a row that is kept meets every conjunct");
                    assert_eq!(kept, !Predicate::Not(Box::new(predicate)).matches(&Blank));
                }
                Err(error) => check_error(&error, text),
            }
        }
        Err(error) => check_error(&error, text),
    }
}

/// A raw query string.
pub fn fuzz_query(data: &[u8]) {
    let Ok(raw) = str::from_utf8(data) else { return };
    if let Ok(Some(text)) = Query::new(raw).filter() {
        assert!(!text.is_empty() && text.len() <= raw.len());
        fuzz_filter(text.as_bytes());
    }
    let predicate = SET.from_query(raw);
    let has_filter = !matches!(Query::new(raw).filter(), Ok(None));
    // A filter is applied or refused, never lost.
    assert_eq!(has_filter, !matches!(predicate, Ok(None)));
}

/// A raw path below the service root.
pub fn fuzz_key(data: &[u8]) {
    let Ok(path) = str::from_utf8(data) else { return };
    let Ok(target) = key::parse(path) else { return };
    assert!(target.collection.len() <= path.len());
    if let (Some(id), false) = (target.key, target.collection.contains(['%', '/', '+'])) {
        let again = key::parse(&format!("{}(guid'{id}')", target.collection)).map(|target| target.key);
        assert_eq!(again, Ok(Some(id)));
    }
}

fn check_error(error: &FilterError, text: &str) {
    match error {
        FilterError::Syntax { offset }
        | FilterError::UnknownProperty { offset }
        | FilterError::UnsupportedOperator { offset }
        | FilterError::TypeMismatch { offset }
        | FilterError::NullOrdering { offset }
        | FilterError::TooDeep { offset } => assert!(text.is_char_boundary(*offset), "{error}"),
        FilterError::TooLong => assert!(text.len() > MAX_LENGTH),
        FilterError::Query(_) => {}
    }
    assert!(!error.to_string().contains(['<', '>', '&']));
}
