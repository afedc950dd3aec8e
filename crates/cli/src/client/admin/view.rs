//! How administrators' commands print: lists, single objects, what was done.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    exit::Done,
    output::{self, Columns, Form, printable, property},
};

/// Prints a list: JSON, ids alone, or a table; `nothing` is said of an empty one.
pub(crate) fn list(form: Form, ids: Option<&str>, rows: &[Value], columns: Columns<'_>, nothing: &str) -> Done {
    if form.json {
        return Ok(output::json(&rows)?);
    }
    if let Some(id) = ids {
        for row in rows {
            output::line(&property(row, id))?;
        }
        return Ok(());
    }
    if rows.is_empty() {
        output::note(nothing);
        return Ok(());
    }
    Ok(output::table(columns, rows)?)
}

/// Prints one object: JSON, or a line for each property that has a value.
pub(crate) fn object(form: Form, value: &Value) -> Done {
    if form.json {
        return Ok(output::json(value)?);
    }
    Ok(output::text(&properties(value))?)
}

/// Prints what is known of one thing, in this order; what is not known is left out.
pub(crate) fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> Done {
    let shown: Vec<(&str, String)> =
        facts.into_iter().filter_map(|(name, text)| Some((name, text.filter(|text| !text.is_empty())?))).collect();
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, text) in shown {
        output::line(&format!("{name:width$}  {}", printable(&text)))?;
    }
    Ok(())
}

fn properties(value: &Value) -> String {
    let empty = Map::new();
    let members = value.as_object().unwrap_or(&empty);
    let shown: Vec<(&String, String)> =
        members.iter().map(|(name, value)| (name, plain(value))).filter(|(_, text)| !text.is_empty()).collect();
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    shown.iter().map(|(name, text)| format!("{name:width$}  {}\n", printable(text))).collect()
}

/// A value as a person reads it; of an object its name.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(members) => ["Username", "username", "PrivDisplayName", "DisplayName", "NativeName", "name"]
            .iter()
            .find_map(|name| members.get(*name).and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_else(|| value.to_string()),
    }
}

/// Says what was done, or with a dry run what would be done. `id` names the property that holds the id in JSON.
pub(crate) fn done(form: Form, dry_run: bool, word: &str, id: (&str, Uuid), name: &str) -> Done {
    if form.json {
        let (property, id) = id;
        let mut said = json!({property: id});
        if dry_run && let Some(members) = said.as_object_mut() {
            members.insert("DryRun".to_owned(), true.into());
        }
        return Ok(output::json(&said)?);
    }
    let what = format!("{word} {} ({})", printable(name), id.1);
    Ok(output::line(&if dry_run { format!("would have {what}") } else { what })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_line_for_each_property_with_a_value() {
        let value = json!({
            "RoleId": "r", "Description": null, "MFAEnabled": false, "TTL": 600,
            "Approvers": [{"Username": "PRIV\\pat"}, {"Username": "PRIV\\s\u{1b}am"}], "Privileges": []
        });
        assert_eq!(
            properties(&value),
            "Approvers   PRIV\\pat, PRIV\\s\u{fffd}am\nMFAEnabled  no\nRoleId      r\nTTL         600\n"
        );
    }
}
