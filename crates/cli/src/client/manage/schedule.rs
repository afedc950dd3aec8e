//! Schedules of others: who may have what, who has it, and orders of administrators.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Way,
    name::{self, Holder},
};
use crate::{
    client::access::{
        Provider, arm, at,
        desk::{Desk, escaped, quoted},
        entitlement::Entitlement,
        graph::{self, Kind},
        order::Terms,
        refusal::explained,
        request::Request,
    },
    exit::{Done, Failure},
    output::{self, Columns, Form, instant, printable, property},
};

/// How an administrator gives.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Given {
    #[command(flatten)]
    terms: Terms,
    /// Without an end, where the policy allows it
    #[arg(long, conflicts_with = "lasting")]
    permanent: bool,
}

impl Given {
    /// What is said with the order; how long is the administrator's to say.
    fn terms(&self) -> Done<Terms> {
        if self.terms.lasting.is_none() && !self.permanent {
            return Err(Failure::usage("for how long? Give --for 30d, or --permanent"));
        }
        Ok(self.terms.clone())
    }
}

/// How an administrator takes away.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Taken {
    /// Why, for the record
    #[arg(long, short = 'r', alias = "justification", value_name = "TEXT")]
    reason: Option<String>,
}

fn kind(way: Way) -> Kind {
    match way {
        Way::Eligible => Kind::Eligibility,
        Way::Active => Kind::Assignment,
    }
}

/// What an administrator orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Gives.
    Assign,
    /// Gives more time, or answers who asked for it.
    Extend,
    /// Takes away.
    Remove,
}

impl Act {
    /// The word of Graph; that of ARM begins with a capital.
    const fn word(self) -> &'static str {
        match self {
            Self::Assign => "adminAssign",
            Self::Extend => "adminExtend",
            Self::Remove => "adminRemove",
        }
    }
}

/// An order of an administrator.
async fn place(desk: &Desk, what: &Entitlement, way: Way, to: &Holder, act: Act, terms: &Terms) -> Done<Request> {
    let placed = match what.provider {
        Provider::Resource => {
            let action = act.word().replacen('a', "A", 1);
            arm::place(desk, what, &to.id, &action, way == Way::Eligible, terms).await
        }
        Provider::Group | Provider::Role | Provider::Pam => {
            let family = if what.provider == Provider::Group { graph::GROUPS } else { graph::ROLES };
            graph::place(desk, family, kind(way), what, &to.id, act.word(), terms).await
        }
    };
    placed.map_err(explained)
}

/// Gives something for a time, or for longer.
pub(super) async fn assign(
    desk: &Desk,
    what: &Entitlement,
    (act, way): (Act, Way),
    to: &str,
    given: &Given,
    form: Form,
) -> Done {
    let terms = given.terms()?;
    let to = name::holder(desk, to).await?;
    let made = place(desk, what, way, &to, act, &terms).await?;
    if form.json {
        return Ok(output::json(&Request { principal: Some(to.name), ..made }.json())?);
    }
    let would = if made.dry_run { "would be " } else { "is " };
    let how = match way {
        Way::Eligible => "eligible for",
        Way::Active => "given",
    };
    let until =
        made.ends(None).map_or_else(|| "for ever".to_owned(), |end| format!("until {}", output::instant_text(&end)));
    Ok(output::line(&printable(&format!("{} {would}{how} {}, {until} (request {})", to.name, what.label(), made.id)))?)
}

/// Takes something away.
pub(super) async fn unassign(desk: &Desk, what: &Entitlement, way: Way, from: &str, taken: &Taken, form: Form) -> Done {
    let from = name::holder(desk, from).await?;
    let terms = Terms { reason: taken.reason.clone(), ..Terms::default() };
    let made = place(desk, what, way, &from, Act::Remove, &terms).await?;
    if form.json {
        return Ok(output::json(&Request { principal: Some(from.name), ..made }.json())?);
    }
    let lost = match way {
        Way::Eligible => "is no longer eligible for",
        Way::Active => "no longer has",
    };
    Ok(output::line(&printable(&format!("{} {lost} {}", from.name, what.label())))?)
}

/// Who may have it, and who has it for a time, as rows of one form.
pub(super) async fn holders(desk: &Desk, what: &Entitlement) -> Done<Vec<Value>> {
    let mut rows = Vec::new();
    for way in [Way::Eligible, Way::Active] {
        let found = match what.provider {
            Provider::Resource => {
                let scope = what.scope.as_deref().unwrap_or("/");
                let word = kind_word(way);
                let filter = format!("atScope() and roleDefinitionId eq {}", quoted(&what.definition));
                let query = format!("{}&$filter={}", arm::EDITION, escaped(&filter));
                desk.rows(&arm::set(scope, &format!("role{word}ScheduleInstances"), &query)).await?
            }
            Provider::Group => {
                instances(desk, graph::GROUPS, way, &format!("groupId eq {}", quoted(&what.definition))).await?
            }
            Provider::Role | Provider::Pam => {
                let filter = format!("roleDefinitionId eq {}", quoted(&what.definition));
                instances(desk, graph::ROLES, way, &filter).await?
            }
        };
        rows.extend(found.iter().map(|row| shown(row, way)));
    }
    Ok(rows)
}

const fn kind_word(way: Way) -> &'static str {
    match way {
        Way::Eligible => "Eligibility",
        Way::Active => "Assignment",
    }
}

async fn instances(desk: &Desk, family: graph::Family, way: Way, filter: &str) -> Done<Vec<Value>> {
    let set = family.set(kind(way), "ScheduleInstances");
    desk.rows(&format!("{set}?$expand=principal&$filter={}", escaped(filter))).await
}

fn shown(row: &Value, way: Way) -> Value {
    let text = |pointers: &[&str]| pointers.iter().find_map(|pointer| at(row, pointer));
    let how = match (way, text(&["/assignmentType", "/properties/assignmentType"])) {
        (Way::Eligible, _) => "eligible",
        (Way::Active, Some(how)) if how.eq_ignore_ascii_case("activated") => "activated",
        (Way::Active, _) => "assigned",
    };
    json!({
        "principalId": text(&["/principalId", "/properties/principalId"]),
        "principal": text(&[
            "/principal/userPrincipalName",
            "/properties/expandedProperties/principal/email",
            "/principal/displayName",
            "/properties/expandedProperties/principal/displayName",
        ]),
        "access": text(&["/accessId"]),
        "scope": text(&["/directoryScopeId", "/properties/scope"]),
        "how": how,
        "through": text(&["/memberType", "/properties/memberType"]).map(|word| word.to_lowercase()),
        "from": text(&["/startDateTime", "/properties/startDateTime"]),
        "until": text(&["/endDateTime", "/properties/endDateTime"]),
    })
}

/// Prints holders.
pub(super) fn show(rows: &[Value], form: Form) -> Done {
    if form.json {
        return Ok(output::json(&rows)?);
    }
    if rows.is_empty() {
        output::note("Nobody has it or may have it.");
        return Ok(());
    }
    let columns: Columns<'_> = &[
        ("Who", &|row| match property(row, "principal") {
            name if name.is_empty() => property(row, "principalId"),
            name => name,
        }),
        ("As", &|row| property(row, "access")),
        ("How", &|row| property(row, "how")),
        ("Through", &|row| property(row, "through")),
        ("Where", &|row| property(row, "scope")),
        ("From", &|row| instant(row, "from")),
        ("Until", &|row| instant(row, "until")),
    ];
    Ok(output::used_table(columns, rows)?)
}
