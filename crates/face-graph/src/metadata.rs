//! `$metadata` and the service document, written from the model (`GRAPH 2.1`).

use std::fmt::Write as _;

use ephor_odata::v4::{
    Model,
    model::{Link, Member, Operation, Parameter, Type},
};
use serde_json::{Value, json};

/// The service document.
pub(crate) fn service(model: &Model, root: &str) -> Value {
    let entries: Vec<Value> = model
        .entries
        .iter()
        .map(|entry| {
            let kind = if entry.singleton { "Singleton" } else { "EntitySet" };
            json!({"name": entry.name, "kind": kind, "url": entry.name})
        })
        .collect();
    json!({"@odata.context": format!("{root}/$metadata"), "value": entries})
}

/// The metadata document. Names of the model are plain, so nothing needs escaping.
pub(crate) fn document(model: &Model) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<edmx:Edmx Version=\"4.0\" \
         xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\n<edmx:DataServices>\n\
         <Schema Namespace=\"microsoft.graph\" Alias=\"graph\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n",
    );
    for found in &model.enums {
        let flags = if found.flags { " IsFlags=\"true\"" } else { "" };
        line(&mut out, format_args!("<EnumType Name=\"{}\"{flags}>", found.name));
        for (word, number) in &found.words {
            line(&mut out, format_args!("<Member Name=\"{word}\" Value=\"{number}\" />"));
        }
        line(&mut out, format_args!("</EnumType>"));
    }
    for found in model.types.values() {
        structure(&mut out, model, found);
    }
    for found in &model.operations {
        operation(&mut out, model, found);
    }
    line(&mut out, format_args!("<EntityContainer Name=\"GraphService\">"));
    for entry in &model.entries {
        let (tag, attribute) = if entry.singleton { ("Singleton", "Type") } else { ("EntitySet", "EntityType") };
        line(&mut out, format_args!("<{tag} Name=\"{}\" {attribute}=\"microsoft.graph.{}\" />", entry.name, entry.of));
    }
    out.push_str("</EntityContainer>\n</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n");
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
    out.push('\n');
}

fn structure(out: &mut String, model: &Model, found: &Type) {
    let tag = if found.entity { "EntityType" } else { "ComplexType" };
    let base = found.base.as_ref().map_or(String::new(), |base| format!(" BaseType=\"graph.{base}\""));
    let is_abstract = if found.is_abstract { " Abstract=\"true\"" } else { "" };
    let open = if found.open { " OpenType=\"true\"" } else { "" };
    line(out, format_args!("<{tag} Name=\"{}\"{base}{is_abstract}{open}>", found.name));
    let declared: Vec<&Member> = found.members.iter().filter(|it| it.editions.has(model.edition)).collect();
    let has_key = found.entity && found.base.is_none() && declared.iter().any(|member| member.name == "id");
    if has_key {
        line(out, format_args!("<Key><PropertyRef Name=\"id\" /></Key>"));
    }
    for member in declared {
        let of = spelled(model, &member.of, member.many);
        let nullable = if member.nullable { "" } else { " Nullable=\"false\"" };
        match member.link {
            Link::Value => line(out, format_args!("<Property Name=\"{}\" Type=\"{of}\"{nullable} />", member.name)),
            Link::Refers => line(out, format_args!("<NavigationProperty Name=\"{}\" Type=\"{of}\" />", member.name)),
            Link::Contains => line(
                out,
                format_args!("<NavigationProperty Name=\"{}\" Type=\"{of}\" ContainsTarget=\"true\" />", member.name),
            ),
        }
    }
    line(out, format_args!("</{tag}>"));
}

fn operation(out: &mut String, model: &Model, found: &Operation) {
    let tag = if found.function { "Function" } else { "Action" };
    let on_path = if found.on_path { " EntitySetPath=\"bindingParameter\"" } else { "" };
    line(out, format_args!("<{tag} Name=\"{}\" IsBound=\"true\"{on_path}>", found.name));
    for (name, parameter) in &found.parameters {
        line(out, format_args!("<Parameter Name=\"{name}\" {} />", attributes(model, parameter)));
    }
    if let Some(returns) = &found.returns {
        line(out, format_args!("<ReturnType {} />", attributes(model, returns)));
    }
    line(out, format_args!("</{tag}>"));
}

fn attributes(model: &Model, parameter: &Parameter) -> String {
    let nullable = if parameter.nullable { "" } else { " Nullable=\"false\"" };
    let unicode = if parameter.ascii { " Unicode=\"false\"" } else { "" };
    format!("Type=\"{}\"{nullable}{unicode}", spelled(model, &parameter.of, parameter.many))
}

fn spelled(model: &Model, of: &str, many: bool) -> String {
    let space = if model.types.contains_key(of) || model.is_enum(of) { "graph" } else { "Edm" };
    if many { format!("Collection({space}.{of})") } else { format!("{space}.{of}") }
}
