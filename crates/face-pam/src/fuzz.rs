//! Entry points for fuzzing and for the property tests: any bytes may come, and what is promised is asserted.

use bytes::Bytes;
use ephor_domain::{text::Justification, time::duration::Ttl};
use ephor_odata::query::Query;

use crate::{
    body::Sent,
    parameters::{Parameter, Parameters},
    problem::Problem,
};

/// Words worth trying.
pub const DICTIONARY: &[&str] = &[
    "RoleId",
    "RequestedTTL",
    "RequestedTime",
    "Justification",
    "requestedttl",
    "{\"",
    "\":\"",
    "\":",
    "\",\"",
    "\"}",
    "null",
    "[]",
    "{}",
    "=",
    "&",
    "+",
    "%20",
    "%",
    "%C3%A9",
    "\\u0000",
    "\\ud800",
    "60",
    "1e9",
    "0001-01-01T00:00:00",
    "00000000-0000-0000-0000-000000000000",
    "\n",
];

/// Query and body of O2, parted by the first line end: JSON and form alike.
pub fn fuzz_parameters(data: &[u8]) {
    let (query, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (data.get(..end).unwrap_or_default(), data.get(end + 1..).unwrap_or_default()),
        None => (data, &b""[..]),
    };
    let Ok(query) = str::from_utf8(query) else { return };
    let body = Bytes::copy_from_slice(body);
    for sent in [Sent::Nothing, Sent::Json(body.clone()), Sent::Form(body)] {
        if let Err(problem) = look(query, &sent) {
            let (status, code, text) = problem.facts();
            assert_eq!(status, 400, "{code}");
            assert!(!text.contains(['<', '>', '&']), "{text}");
        }
    }
}

fn look(query: &str, sent: &Sent) -> Result<(), Problem> {
    let parameters = Parameters::new(Query::new(query), sent)?;
    let ttl = parameters.get(Parameter::RequestedTtl)?;
    if let Some(Ok(ttl)) = ttl.map(|text| Ttl::from_pam(text.trim())) {
        assert_eq!(Ttl::from_pam(&ttl.to_pam()), Ok(ttl));
    }
    let text = parameters.get(Parameter::Justification)?.unwrap_or_default();
    if let Ok(justification) = Justification::parse(&text) {
        let kept = justification.as_ref().map_or(0, |kept| kept.as_str().chars().count());
        assert!(kept <= 4000 && kept <= text.chars().count());
    }
    parameters.require(Parameter::RoleId)?;
    parameters.require(Parameter::RequestedTime).map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn f19_pieces_of_calls_are_read_or_refused(words in prop::collection::vec(prop::sample::select(DICTIONARY), 0..12), more in ".{0,12}") {
            fuzz_parameters((words.concat() + &more).as_bytes());
            fuzz_parameters(format!("{more}\n{}", words.concat()).as_bytes());
        }
    }
}
