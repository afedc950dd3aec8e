//! The four parameters of O2, from query and body (`PAM 3.3`).

use std::fmt;

use ephor_odata::query::{Query, QueryError};
use http::StatusCode;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{body::Sent, problem::Problem};

/// A parameter of O2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parameter {
    Justification,
    RoleId,
    RequestedTtl,
    RequestedTime,
}

impl Parameter {
    const ALL: [Self; 4] = [Self::Justification, Self::RoleId, Self::RequestedTtl, Self::RequestedTime];

    /// Its name on the wire; compared in any letter case.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Justification => "Justification",
            Self::RoleId => "RoleId",
            Self::RequestedTtl => "RequestedTTL",
            Self::RequestedTime => "RequestedTime",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name().eq_ignore_ascii_case(name))
    }

    /// 400: the value is not of the parameter's kind.
    pub(crate) fn invalid(self) -> Problem {
        Problem::invalid_parameter(format!("The parameter {} has a value that is not valid.", self.name()))
    }

    fn conflicting(self) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "ConflictingParameters",
            format!("The parameter {} is given more than once.", self.name()),
        )
    }

    fn missing(self) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "MissingParameter", format!("The parameter {} is missing.", self.name()))
    }
}

/// Where parameters come from.
pub(crate) struct Parameters<'c> {
    query: Query<'c>,
    body: Fields<'c>,
}

enum Fields<'c> {
    None,
    Json(Members<'c>),
    Form(Query<'c>),
}

impl<'c> Parameters<'c> {
    /// Looks into query and body.
    ///
    /// # Errors
    /// 400 when the body is not what its type says.
    pub(crate) fn new(query: Query<'c>, sent: &'c Sent) -> Result<Self, Problem> {
        let body = match sent {
            Sent::Nothing => Fields::None,
            Sent::Json(bytes) => Fields::Json(
                serde_json::from_slice(bytes)
                    .map_err(|_| Problem::invalid_parameter("The body is not a valid JSON object."))?,
            ),
            Sent::Form(bytes) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| Problem::invalid_parameter("The body is not a valid form."))?;
                Fields::Form(Query::new(text.trim()))
            }
        };
        Ok(Self { query, body })
    }

    /// The value of a parameter as written; `None` when it is not given, which empty text and `null` count as.
    ///
    /// # Errors
    /// 400 `ConflictingParameters` when query and body differ or one of them names it twice, `InvalidParameter` when it
    /// cannot be read.
    pub(crate) fn get(&self, parameter: Parameter) -> Result<Option<String>, Problem> {
        let query = of_option(&self.query, parameter)?;
        let body = match &self.body {
            Fields::None => None,
            Fields::Json(members) => members.get(parameter)?,
            Fields::Form(form) => of_option(form, parameter)?,
        };
        match (query, body) {
            (Some(query), Some(body)) if query.trim() != body.trim() => Err(parameter.conflicting()),
            (query, body) => Ok(query.or(body)),
        }
    }

    /// The value of a parameter that must be given.
    ///
    /// # Errors
    /// As [`get`](Self::get), and 400 `MissingParameter`.
    pub(crate) fn require(&self, parameter: Parameter) -> Result<String, Problem> {
        self.get(parameter)?.ok_or_else(|| parameter.missing())
    }
}

fn of_option(query: &Query<'_>, parameter: Parameter) -> Result<Option<String>, Problem> {
    let value = query.option(parameter.name()).map_err(|error| match error {
        QueryError::Duplicate => parameter.conflicting(),
        QueryError::Encoding => parameter.invalid(),
    })?;
    Ok(given(value))
}

fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty())
}

/// The members of a JSON object that are parameters, as written: a number keeps every digit.
#[derive(Default)]
struct Members<'b> {
    found: Vec<(Parameter, &'b RawValue)>,
}

impl Members<'_> {
    fn get(&self, parameter: Parameter) -> Result<Option<String>, Problem> {
        let mut values = self.found.iter().filter(|(name, _)| *name == parameter).map(|(_, value)| value.get());
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(parameter.conflicting());
        }
        let text = match value.as_bytes().first() {
            Some(b'n') => None,
            Some(b'"') => Some(serde_json::from_str::<String>(value).map_err(|_| parameter.invalid())?),
            Some(b'-' | b'0'..=b'9') if parameter == Parameter::RequestedTtl => Some(value.to_owned()),
            Some(_) | None => return Err(parameter.invalid()),
        };
        Ok(given(text))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<String>()? {
            match Parameter::named(&name) {
                Some(parameter) => members.found.push((parameter, map.next_value()?)),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn get(query: &str, sent: &Sent, parameter: Parameter) -> Result<Option<String>, (u16, &'static str)> {
        Parameters::new(Query::new(query), sent).and_then(|parameters| parameters.get(parameter)).map_err(|problem| {
            let (status, code, text) = problem.facts();
            assert!(!text.contains(['<', '>', '&']));
            (status, code)
        })
    }

    fn json(text: &'static str) -> Sent {
        Sent::Json(Bytes::from_static(text.as_bytes()))
    }

    fn form(text: &'static str) -> Sent {
        Sent::Form(Bytes::from_static(text.as_bytes()))
    }

    fn ttl(query: &str, sent: &Sent, expected: Result<Option<&str>, &'static str>) {
        let got = get(query, sent, Parameter::RequestedTtl);
        let got = got.as_ref().map(|value| value.as_deref()).map_err(|(status, code)| {
            assert_eq!(*status, 400);
            *code
        });
        assert_eq!(got, expected, "{query} {sent:?}");
    }

    #[test]
    fn pam_039_040_041_042_each_place_alone_gives_the_value() {
        ttl("RequestedTTL=60", &Sent::Nothing, Ok(Some("60")));
        ttl("", &json(r#"{"RequestedTTL":"60"}"#), Ok(Some("60")));
        ttl("", &json(r#"{"RequestedTTL":60}"#), Ok(Some("60")));
        ttl("", &json(r#"{"RequestedTTL":1008.0000000000001}"#), Ok(Some("1008.0000000000001")));
        ttl("", &form("RequestedTTL=60&Justification=x"), Ok(Some("60")));
        ttl("Justification=x", &json(r#"{"RequestedTTL":60}"#), Ok(Some("60")));
        ttl("", &Sent::Nothing, Ok(None));
    }

    #[test]
    fn pam_043_two_places_must_agree() {
        ttl("RequestedTTL=60", &json(r#"{"RequestedTTL":60}"#), Ok(Some("60")));
        ttl("RequestedTTL=+60+", &form("requestedttl=60"), Ok(Some(" 60 ")));
        ttl("RequestedTTL=60", &json(r#"{"RequestedTTL":61}"#), Err("ConflictingParameters"));
        ttl("RequestedTTL=60", &form("RequestedTTL=600"), Err("ConflictingParameters"));
        ttl("RequestedTTL=", &json(r#"{"RequestedTTL":61}"#), Ok(Some("61")));
        ttl("RequestedTTL=60", &json(r#"{"RequestedTTL":null}"#), Ok(Some("60")));
        ttl("RequestedTTL=60", &json(r#"{"RequestedTTL":""}"#), Ok(Some("60")));
    }

    #[test]
    fn a_name_given_twice_in_one_place_is_refused() {
        ttl("RequestedTTL=60&requestedttl=60", &Sent::Nothing, Err("ConflictingParameters"));
        ttl("", &json(r#"{"RequestedTTL":60,"requestedTTL":60}"#), Err("ConflictingParameters"));
        ttl("", &form("RequestedTTL=60&RequestedTTL="), Err("ConflictingParameters"));
    }

    #[test]
    fn pam_044_names_compare_in_any_letter_case_and_others_are_ignored() {
        ttl("rEQUESTEDttl=60&other=1&v=1", &Sent::Nothing, Ok(Some("60")));
        ttl("", &json(r#"{"v":2,"x":{"RequestedTTL":[1]},"REQUESTEDTTL":60,"x":null}"#), Ok(Some("60")));
    }

    #[test]
    fn pam_057_bodies_and_values_of_the_wrong_shape_are_refused() {
        for body in ["{", "[]", "60", "\"x\"", "null", "{}{}", "{\"RequestedTTL\":}", "\u{0}"] {
            ttl("RequestedTTL=60", &json(body), Err("InvalidParameter"));
        }
        ttl("", &json(r#"{"RequestedTTL":true}"#), Err("InvalidParameter"));
        ttl("", &json(r#"{"RequestedTTL":[60]}"#), Err("InvalidParameter"));
        ttl("", &json(r#"{"RequestedTTL":{}}"#), Err("InvalidParameter"));
        ttl("RequestedTTL=%zz", &Sent::Nothing, Err("InvalidParameter"));
        ttl("", &Sent::Form(Bytes::from_static(b"RequestedTTL=\xff")), Err("InvalidParameter"));
        assert_eq!(
            get("", &json(r#"{"RoleId":7}"#), Parameter::RoleId),
            Err((400, "InvalidParameter")),
            "only the TTL may be a number"
        );
    }

    #[test]
    fn pam_049_text_arrives_as_it_was_meant() {
        let text = |query: &str, sent: &Sent| get(query, sent, Parameter::Justification).unwrap().unwrap();
        assert_eq!(text("Justification=a+b%2B%25%26%C3%A9", &Sent::Nothing), "a b+%&é");
        assert_eq!(text("", &form("Justification=a+b%2B%25%26%C3%A9")), "a b+%&é");
        assert_eq!(text("", &json(r#"{"Justification":"a b+%&\u00e9\n"}"#)), "a b+%&é\n");
    }
}
