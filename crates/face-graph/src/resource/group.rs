//! Groups, their members and owners (`GRAPH 15.1` R8, R9).

use ephor_domain::id::GroupId;
use ephor_engine::directory::{DirectoryObject, GroupEntry};
use serde_json::{Value, json};

use super::object;
use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
    wire_id::security_identifier,
};

/// A group as a row of the model.
pub(super) fn row(entry: &GroupEntry) -> Value {
    let (group, facts) = (&entry.group, &entry.facts);
    let kinds = [(facts.unified, "Unified"), (facts.rule.is_some(), "DynamicMembership")];
    let kinds: Vec<&str> = kinds.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    json!({
        "@odata.type": "#microsoft.graph.group",
        "id": group.id,
        "createdDateTime": facts.created,
        "description": group.description,
        "displayName": group.display_name,
        "groupTypes": kinds,
        "isAssignableToRole": facts.role_assignable,
        "mailEnabled": facts.mail_enabled,
        "mailNickname": facts.mail_nickname.as_ref().unwrap_or(&group.priv_account),
        "membershipRule": facts.rule,
        "membershipRuleProcessingState": facts.rule.as_ref().map(|_| "On"),
        "onPremisesSyncEnabled": facts.synchronised.then_some(true),
        "renewedDateTime": facts.created,
        "securityEnabled": facts.security_enabled,
        "securityIdentifier": security_identifier(group.id.uuid()),
    })
}

async fn group(call: &Call) -> Answer<Box<GroupEntry>> {
    match call.engine().directory_object(call.id(0)?).await? {
        Some(DirectoryObject::Group(entry)) => Ok(entry),
        Some(DirectoryObject::User(_) | DirectoryObject::Service(_)) | None => Err(GraphError::no_object(call.key(0))),
    }
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let entry = group(call).await?;
    let shape = shape(call, "group")?;
    let mut row = [row(&entry)];
    for expanded in &shape.expand {
        let id = entry.group.id;
        let found = match expanded.name.as_str() {
            "members" => everybody(call, id, false).await?,
            "transitiveMembers" => everybody(call, id, true).await?,
            "owners" => object::rows(call, &call.engine().group_owners(id, None, MOST).await?),
            name @ ("memberOf" | "transitiveMemberOf") => {
                super::membership::rows(call, id.uuid(), name != "memberOf").await?
            }
            _ => return Err(GraphError::unsupported_query("This $expand is not supported.")),
        };
        super::put_all(&mut row, &expanded.name, |_| Value::Array(found.clone()));
    }
    let [row] = &row;
    Ok(single(call, "group", "groups", &shape, row))
}

/// Members that are listed at once, with whatever filter; beyond, the list is refused rather than cut.
const MOST: u32 = 100_000;

async fn everybody(call: &Call, group: GroupId, transitive: bool) -> Answer<Vec<Value>> {
    let found = if transitive {
        call.engine().group_members_transitive(group).await?
    } else {
        call.engine().group_members(group, None, MOST).await?
    };
    if found.len() >= usize::try_from(MOST).unwrap_or(usize::MAX) {
        return Err(GraphError::unsupported_query("The group has too many members to be listed in this way."));
    }
    Ok(object::rows(call, &found))
}

pub(super) async fn members(call: &Call, transitive: bool) -> Answer<Reply> {
    let group = group(call).await?.group.id;
    let rows = everybody(call, group, transitive).await?;
    listed(call, rows).await
}

pub(super) async fn owners(call: &Call) -> Answer<Reply> {
    let group = group(call).await?.group.id;
    let owners = call.engine().group_owners(group, None, MOST).await?;
    listed(call, object::rows(call, &owners)).await
}

/// A list of objects of any type, or of the one that the path ends with.
pub(super) async fn listed(call: &Call, rows: Vec<Value>) -> Answer<Reply> {
    let Some(cast) = &call.target.cast else {
        let plan = Plan::of(call, "directoryObject", "directoryObjects", Rules::OBJECTS)?;
        return list::whole(call, &plan, rows).await;
    };
    const CASTS: [(&str, &str); 5] = [
        ("user", "users"),
        ("group", "groups"),
        ("servicePrincipal", "servicePrincipals"),
        ("directoryRole", "directoryRoles"),
        ("administrativeUnit", "directory/administrativeUnits"),
    ];
    let found = CASTS.into_iter().find(|(of, _)| of.eq_ignore_ascii_case(cast));
    let (of, set) = found.ok_or_else(|| GraphError::unknown_segment(&format!("microsoft.graph.{cast}")))?;
    let plan = Plan::of(call, of, set, Rules::OBJECTS)?;
    let rows = rows.into_iter().filter(|row| object::type_of(row) == of).collect();
    list::whole(call, &plan, rows).await
}
