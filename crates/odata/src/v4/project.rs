//! What of a row stands in an answer: `$select` and `$expand` (`GRAPH 3.2`, `GRAPH 3.4`).

use serde_json::{Map, Value};

use super::{
    bind::{BindFault, Order, Predicate, qualified},
    expand::Expansion,
    model::{Link, Model},
    options::Options,
};

/// Names the type of an object. Rows carry it always; an answer only where it differs from what is declared.
const TYPE: &str = "@odata.type";

/// What is selected and expanded of a type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// Members in the order asked; `None` for those that stand there by themselves.
    pub select: Option<Vec<String>>,
    /// Navigations in the order asked.
    pub expand: Vec<Expanded>,
}

/// An expanded navigation.
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    /// Its name.
    pub name: String,
    /// The declared type of what it leads to.
    pub of: String,
    /// A collection.
    pub many: bool,
    /// Which of them.
    pub predicate: Option<Predicate>,
    /// In which order.
    pub order: Vec<Order>,
    /// How many at most.
    pub top: Option<u32>,
    /// What of them.
    pub shape: Shape,
}

impl Shape {
    /// Resolves the options of a call over rows of a type.
    ///
    /// # Errors
    /// [`BindFault`].
    pub fn bind(model: &Model, of: &str, options: &Options) -> Result<Self, BindFault> {
        let unknown = |name: &str| BindFault::Unknown { name: name.to_owned(), of: qualified(of) };
        let mut select: Option<Vec<String>> = None;
        for name in &options.select {
            if name == "*" {
                select = None;
                break;
            }
            // `microsoft.graph.user/displayName` and `assignedPlans/service` name the member between.
            let plain = name.split('/').find(|step| !step.contains('.')).unwrap_or(name);
            let member = model.member(of, plain).ok_or_else(|| unknown(plain))?;
            let names = select.get_or_insert_default();
            if !names.contains(&member.name) {
                names.push(member.name.clone());
            }
        }
        let mut expand: Vec<Expanded> = Vec::new();
        for expansion in &options.expand {
            if expansion.name == "*" {
                let navigations = model.members(of).into_iter().filter(|member| member.link != Link::Value);
                for member in navigations.filter(|member| member.editions.has(model.edition)) {
                    let expansion = Expansion { name: member.name.clone(), options: Options::default() };
                    let one = expanded(model, of, &expansion)?;
                    expand.extend(one.filter(|one| expand.iter().all(|known| known.name != one.name)));
                }
                continue;
            }
            let one = expanded(model, of, expansion)?.ok_or_else(|| unknown(&expansion.name))?;
            expand.retain(|known| known.name != one.name);
            expand.push(one);
        }
        Ok(Self { select, expand })
    }

    /// What stands in parentheses behind the set in `@odata.context`; empty when nothing was asked for.
    #[must_use]
    pub fn suffix(&self) -> String {
        let mut parts = self.select.clone().unwrap_or_default();
        for expanded in &self.expand {
            let inner = expanded.shape.suffix();
            parts.push(format!("{}{}", expanded.name, if inner.is_empty() { "()" } else { &inner }));
        }
        if parts.is_empty() { String::new() } else { format!("({})", parts.join(",")) }
    }

    /// The answer's form of a row whose declared type is `of`.
    #[must_use]
    pub fn apply(&self, model: &Model, of: &str, row: &Value) -> Value {
        let Value::Object(row) = row else { return row.clone() };
        let actual = row.get(TYPE).and_then(Value::as_str).and_then(|name| name.rsplit('.').next()).unwrap_or(of);
        let mut answer = Map::new();
        if actual != of {
            answer.insert(TYPE.to_owned(), format!("#{}", qualified(actual)).into());
        }
        for member in model.members(actual).into_iter().filter(|member| member.link == Link::Value) {
            let wanted = match &self.select {
                Some(names) => names.contains(&member.name),
                None => model.is_served(actual, member),
            };
            if wanted {
                let empty = if member.many { Value::Array(Vec::new()) } else { Value::Null };
                let value = row.get(&member.name).map_or(empty, |value| plain(model, &member.of, value));
                answer.insert(member.name.clone(), value);
            }
        }
        for expanded in &self.expand {
            let value = row.get(&expanded.name).unwrap_or(&Value::Null);
            answer.insert(expanded.name.clone(), expanded.apply(model, value));
        }
        Value::Object(answer)
    }
}

/// A value with members keeps the names of types that are derived from the declared one.
fn plain(model: &Model, of: &str, value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(|element| plain(model, of, element)).collect(),
        Value::Object(members) => {
            let mut kept = members.clone();
            let declared = kept.get(TYPE).and_then(Value::as_str).and_then(|name| name.rsplit('.').next()) == Some(of);
            if declared {
                kept.remove(TYPE);
            }
            let actual =
                members.get(TYPE).and_then(Value::as_str).and_then(|name| name.rsplit('.').next()).unwrap_or(of);
            for member in model.members(actual) {
                if let Some(inner) = kept.get_mut(&member.name) {
                    *inner = plain(model, &member.of, inner);
                }
            }
            Value::Object(kept)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn expanded(model: &Model, of: &str, expansion: &Expansion) -> Result<Option<Expanded>, BindFault> {
    let Some(member) = model.member(of, &expansion.name).filter(|member| member.link != Link::Value) else {
        return Ok(None);
    };
    let options = &expansion.options;
    let predicate = options.filter.as_ref().map(|filter| Predicate::bind(model, &member.of, filter)).transpose()?;
    Ok(Some(Expanded {
        name: member.name.clone(),
        of: member.of.clone(),
        many: member.many,
        predicate,
        order: Order::bind(model, &member.of, &options.orderby)?,
        top: options.top,
        shape: Shape::bind(model, &member.of, options)?,
    }))
}

impl Expanded {
    fn apply(&self, model: &Model, value: &Value) -> Value {
        match value {
            Value::Array(rows) => {
                let kept = rows.iter().filter(|row| self.predicate.as_ref().is_none_or(|it| it.matches(row)));
                let mut kept: Vec<Value> = kept.cloned().collect();
                Order::sort(&self.order, &mut kept);
                if let Some(top) = self.top {
                    kept.truncate(usize::try_from(top).unwrap_or(usize::MAX));
                }
                kept.iter().map(|row| self.shape.apply(model, &self.of, row)).collect()
            }
            Value::Null if self.many => Value::Array(Vec::new()),
            Value::Null => Value::Null,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.shape.apply(model, &self.of, value)
            }
        }
    }
}
