//! Where below a scope the caller has something (`ARM 16`).

use ephor_domain::scope::{ArmScope, Place};
use ephor_engine::schedule::EligibleChildren;
use serde_json::{Value, json};

use super::expanded::scope_kind;
use crate::{answer::Reply, call::Call, error::Answer, filter::Term};

/// `GET {scope}/…/eligibleChildResources`.
pub(super) async fn list(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let all = call.parameter("$getallchildren").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let mut wanted: Vec<String> = Vec::new();
    for term in call.filter()? {
        let either = match term {
            Term::AnyOf(terms) => terms,
            one @ (Term::Equals(..) | Term::Function(..)) => vec![one],
        };
        for one in either {
            match one {
                Term::Equals(name, kind) if name == "resourcetype" => wanted.push(kind.to_lowercase()),
                Term::Equals(..) | Term::Function(..) | Term::AnyOf(_) => return Err(call.unsupported_filter()),
            }
        }
    }
    let found = call.ask(EligibleChildren { scope, all }).await?;
    let fits = |place: &&Place| wanted.is_empty() || wanted.iter().any(|kind| kind == scope_kind(&place.scope));
    let row = |place: &Place| json!({"id": place.scope.as_str(), "name": place.name, "type": scope_kind(&place.scope)});
    call.pages::<Value>(found.iter().filter(fits).map(row).collect())
}
