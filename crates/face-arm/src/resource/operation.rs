//! The catalogue of operations: what roles can allow in the namespaces served here (`ARM 20`).

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, ArmError},
};

/// The catalogue; its head describes the form of a line.
const CATALOGUE: &str = include_str!("../../data/operations.txt");

/// `GET …/providerOperations`, `…/{namespace}`.
pub(super) fn serve(call: &Call, name: Option<&str>) -> Answer<Reply> {
    let all = catalogue();
    let Some(name) = name else { return call.pages(all) };
    let named = |one: &&Value| one["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name));
    let none = || ArmError::new(StatusCode::NOT_FOUND, "ProviderNotFound", "The resource provider was not found.");
    Ok(Reply::ok(all.iter().find(named).ok_or_else(none)?))
}

/// A type of resources: its name, its name for people, its operations.
type Kind = (&'static str, &'static str, Vec<Value>);

fn catalogue() -> Vec<Value> {
    let mut spaces: Vec<(&str, &str, Vec<Kind>)> = Vec::new();
    for line in CATALOGUE.lines() {
        let Some((mark, text)) = line.split_once(' ') else { continue };
        match (mark, spaces.last_mut()) {
            ("#", _) => {}
            ("=", _) => {
                let (name, label) = text.split_once(' ').unwrap_or((text, text));
                spaces.push((name, label, Vec::new()));
            }
            (":", Some((_, _, types))) => {
                let (name, label) = text.split_once(' ').unwrap_or((text, text));
                types.push((name, label, Vec::new()));
            }
            (action, Some((namespace, _, types))) => {
                if let Some((kind, _, operations)) = types.last_mut() {
                    operations.push(json!({
                        "name": format!("{namespace}/{kind}/{action}"),
                        "displayName": text,
                        "description": text,
                        "origin": "user,system",
                        "properties": null,
                        "isDataAction": false,
                    }));
                }
            }
            _ => {}
        }
    }
    let space = |(name, label, types): (&str, &str, Vec<Kind>)| {
        let types: Vec<Value> = types
            .into_iter()
            .map(|(kind, label, operations)| json!({"name": kind, "displayName": label, "operations": operations}))
            .collect();
        json!({
            "id": format!("/providers/Microsoft.Authorization/providerOperations/{name}"),
            "type": "Microsoft.Authorization/providerOperations",
            "name": name,
            "displayName": label,
            "resourceTypes": types,
            "operations": [],
        })
    };
    spaces.into_iter().map(space).collect()
}
