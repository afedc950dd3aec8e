//! The schema of the file and the reference in `docs/configuration.md`, both made from the types.

use std::fmt::Write as _;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

use super::{environment::variable_of, sections::Config};

/// A configuration to begin with; a test reads it.
pub const EXAMPLE: &str = r#"public_url = "https://ephor.example.com"
data_dir = "/var/lib/ephor"

[http]
listen = "127.0.0.1:8086"

[https]
listen = "0.0.0.0:8443"

[tls]
cert_file = "/etc/ephor/server.pem"
key_file = "/etc/ephor/server.key"

[store]
url = "sqlite:/var/lib/ephor/ephor.db"

[targets.corp]
mode = "authoritative"

[targets.corp.ldap]
url = "ldaps://directory.example.com"
bind_dn = "cn=ephor,ou=services,dc=example,dc=com"
password_file = "/etc/ephor/ldap-password"
base_dn = "dc=example,dc=com"

[notifications.webhook]
url = "https://hooks.example.com/ephor"
secret_file = "/etc/ephor/webhook-secret"
"#;

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from the types of the configuration. To change it, change the comments there. -->

One TOML file, and the environment over it. A variable is named after its key: `http.listen` is `EPHOR_HTTP__LISTEN`, with
`__` between the names of tables and keys; lists are separated by commas; an empty variable counts as unset. Secrets are
best given as files, by the keys that end in `_file`.

An unknown key is a mistake, not a remark. All mistakes are told at once, each with its place:

```text
ephor.toml:3:10: http.listen: expected an IP address and a port such as \"127.0.0.1:8086\" or \"[::1]:8086\"
EPHOR_LOG__FORMAT: log.format: expected \"auto\", \"json\" or \"pretty\"
```

Lengths of time are written `\"30m\"`, `\"12h\"`, `\"90d\"`, `\"PT1H30M\"`, or as a whole number of seconds.
";

/// The JSON schema of the file.
#[must_use]
pub fn schema() -> Schema {
    inlining().into_root_schema_for::<Config>()
}

fn inlining() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator()
}

/// The schema as pretty JSON with a line end.
#[must_use]
pub fn schema_text() -> String {
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

/// The reference as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut out = INTRODUCTION.to_owned();
    let _ = write!(out, "\n## An example\n\n```toml\n{EXAMPLE}```\n");
    let mut sections = vec![Section { key: String::new(), text: String::new(), rows: Vec::new() }];
    if let Some(root) = schema().as_object() {
        walk("", root, 0, &mut sections);
    }
    for section in &sections {
        let title = if section.key.is_empty() { "At the top".to_owned() } else { format!("`[{}]`", section.key) };
        let _ = write!(out, "\n## {title}\n");
        if !section.text.is_empty() {
            let _ = write!(out, "\n{}\n", section.text);
        }
        if !section.rows.is_empty() {
            out.push_str("\n| key | kind | default | meaning |\n| --- | --- | --- | --- |\n");
        }
        for row in &section.rows {
            let _ = writeln!(out, "| `{}` | {} | {} | {} |", row.key, row.kind, row.default, row.text);
        }
        if let Some(row) = section.rows.first() {
            let name = variable_of(&full(&section.key, &row.key));
            let _ = write!(out, "\nIn the environment: `{name}` and so on.\n");
        }
    }
    out
}

/// A table of the file.
struct Section {
    key: String,
    text: String,
    rows: Vec<Row>,
}

struct Row {
    key: String,
    kind: String,
    default: String,
    text: String,
}

fn full(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

fn walk(key: &str, schema: &Map<String, Value>, section: usize, sections: &mut Vec<Section>) {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut tables = Vec::new();
    for (name, property) in properties.into_iter().flatten() {
        let Some(property) = property.as_object() else {
            continue;
        };
        let path = full(key, name);
        if let Some(table) = table_of(property) {
            tables.push((path, table, text_of(property)));
        } else if let Some(section) = sections.get_mut(section) {
            section.rows.push(Row {
                key: name.clone(),
                kind: kind_of(property),
                default: default_of(property, required.contains(&name.as_str())),
                text: text_of(property),
            });
        }
    }
    for (path, table, text) in tables {
        let (path, table) = match table.get("additionalProperties").and_then(Value::as_object) {
            Some(entry) => (format!("{path}.NAME"), entry),
            None => (path, table),
        };
        let own = text_of(table);
        let text = if own.is_empty() { text } else { own };
        sections.push(Section { key: path.clone(), text, rows: Vec::new() });
        walk(&path, table, sections.len() - 1, sections);
    }
}

/// The table that a property is, or may be.
fn table_of(property: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let is_table = |schema: &Map<String, Value>| {
        schema.contains_key("properties") || schema.get("additionalProperties").is_some_and(Value::is_object)
    };
    if is_table(property) {
        return Some(property);
    }
    let alternatives = property.get("anyOf").and_then(Value::as_array)?;
    alternatives.iter().filter_map(Value::as_object).find(|schema| is_table(schema))
}

fn kind_of(property: &Map<String, Value>) -> String {
    if let Some(words) = words_of(property) {
        return words;
    }
    if let Some(alternatives) = property.get("anyOf").and_then(Value::as_array) {
        let kinds: Vec<String> =
            alternatives.iter().filter_map(Value::as_object).map(kind_of).filter(|kind| kind != "nothing").collect();
        return kinds.join(" or ");
    }
    if let Some(items) = property.get("items").and_then(Value::as_object) {
        return format!("list of {}", kind_of(items));
    }
    let kinds: Vec<&str> = match property.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(kind)) => vec![kind],
        _ => Vec::new(),
    };
    match property.get("format").and_then(Value::as_str) {
        Some("duration") => return "length of time".to_owned(),
        Some(format) if kinds.contains(&"string") => return format.to_owned(),
        _ => {}
    }
    let words = kinds.iter().filter(|kind| **kind != "null" || kinds.len() == 1).map(|kind| match *kind {
        "string" => "text",
        "integer" => "number",
        "boolean" => "true or false",
        "null" => "nothing",
        other => other,
    });
    words.collect::<Vec<_>>().join(" or ")
}

/// The words of an enumeration.
fn words_of(property: &Map<String, Value>) -> Option<String> {
    let quoted = |words: Vec<&str>| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if let Some(words) = property.get("enum").and_then(Value::as_array) {
        return Some(quoted(words.iter().filter_map(Value::as_str).collect()));
    }
    let variants = property.get("oneOf").and_then(Value::as_array)?;
    let mut words = Vec::new();
    for variant in variants {
        if let Some(word) = variant.get("const").and_then(Value::as_str) {
            words.push(word);
        }
        let several = variant.get("enum").and_then(Value::as_array);
        words.extend(several.into_iter().flatten().filter_map(Value::as_str));
    }
    Some(quoted(words))
}

fn default_of(property: &Map<String, Value>, required: bool) -> String {
    match property.get("default") {
        _ if required => "must be set".to_owned(),
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::Array(list)) if list.is_empty() => "none".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

fn text_of(schema: &Map<String, Value>) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
