//! Administrative units (`GRAPH 15.1` R19).

use ephor_engine::directory::AdministrativeUnit;
use serde_json::{Value, json};

use super::{group, object};
use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
};

const OF: &str = "administrativeUnit";
const SET: &str = "directory/administrativeUnits";
/// Members of one unit that are shown.
const MOST: u32 = 100_000;

/// A unit as a row of the model.
pub(super) fn row(unit: &AdministrativeUnit) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.administrativeUnit",
        "id": unit.id,
        "deletedDateTime": null,
        "description": unit.description,
        "displayName": unit.name,
        "visibility": unit.visibility,
    })
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, OF, SET, Rules::OBJECTS)?;
    let units = call.engine().administrative_units().await?;
    list::whole(call, &plan, units.iter().map(row).collect()).await
}

async fn found(call: &Call) -> Answer<AdministrativeUnit> {
    let found = call.engine().administrative_unit(call.id(0)?).await?;
    found.ok_or_else(|| GraphError::no_object(call.key(0)))
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let unit = found(call).await?;
    Ok(single(call, OF, SET, &shape(call, OF)?, &row(&unit)))
}

pub(super) async fn members(call: &Call) -> Answer<Reply> {
    let unit = found(call).await?;
    let members = call.engine().administrative_unit_members(unit.id, MOST).await?;
    group::listed(call, object::rows(call, &members)).await
}
