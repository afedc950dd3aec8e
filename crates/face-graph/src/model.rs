//! The model of each edition: every type and member there is.

use std::sync::LazyLock;

use ephor_odata::v4::{Edition, Model};

/// Its form is described at [`ephor_odata::v4::model`].
const TEXT: &str = include_str!("../data/model.txt");

static V1: LazyLock<Model> =
    LazyLock::new(|| Model::parse(TEXT, Edition::V1).expect("the model is part of the program and tested"));
static BETA: LazyLock<Model> =
    LazyLock::new(|| Model::parse(TEXT, Edition::Beta).expect("the model is part of the program and tested"));

/// The model of an edition.
pub(crate) fn of(edition: Edition) -> &'static Model {
    match edition {
        Edition::V1 => &V1,
        Edition::Beta => &BETA,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_model_is_declared() {
        const PRIMITIVE: [&str; 10] = [
            "String",
            "Boolean",
            "Int32",
            "Int64",
            "Guid",
            "Date",
            "TimeOfDay",
            "DateTimeOffset",
            "Duration",
            "Binary",
        ];
        for edition in [Edition::V1, Edition::Beta] {
            let model = of(edition);
            let known = |name: &str| {
                PRIMITIVE.contains(&name) || name == "Double" || model.is_enum(name) || model.types.contains_key(name)
            };
            for (name, found) in &model.types {
                assert!(found.base.as_deref().is_none_or(known), "{name}");
                for member in found.members.iter().filter(|member| member.editions.has(edition)) {
                    assert!(known(&member.of), "{name}/{}: {}", member.name, member.of);
                }
            }
            assert!(model.entries.iter().all(|entry| known(&entry.of)));
        }
    }
}
