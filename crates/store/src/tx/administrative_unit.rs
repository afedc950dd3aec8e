//! Administrative units: places in the directory at which roles can hold (`GRAPH 5.6`, `GRAPH 15.1` R19).

use uuid::Uuid;

use super::{Tx, fold};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministrativeUnit {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `HiddenMembership` where members are not shown to everybody.
    pub visibility: Option<String>,
}

static LIST: Statement = Statement::new(
    "administrative_unit.list",
    "SELECT id, name, description, visibility FROM administrative_unit ORDER BY name_key, id LIMIT 10000",
);
static READ: Statement = Statement::new(
    "administrative_unit.read",
    "SELECT id, name, description, visibility FROM administrative_unit WHERE id = $1",
);
static PUT: Statement = Statement::new(
    "administrative_unit.put",
    "INSERT INTO administrative_unit (id, name, name_key, description, visibility) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, \
     description = excluded.description, visibility = excluded.visibility",
);
static DELETE_MEMBERS: Statement =
    Statement::new("administrative_unit.delete_members", "DELETE FROM administrative_unit_member WHERE unit = $1");
static DELETE: Statement =
    Statement::new("administrative_unit.delete", "DELETE FROM administrative_unit WHERE id = $1");
static MEMBERS: Statement = Statement::new(
    "administrative_unit.members",
    "SELECT member FROM administrative_unit_member WHERE unit = $1 AND member > $2 ORDER BY member LIMIT $3",
);
static UNITS_OF: Statement = Statement::new(
    "administrative_unit.of",
    "SELECT unit FROM administrative_unit_member WHERE member = $1 ORDER BY unit LIMIT 10000",
);
static PUT_MEMBER: Statement = Statement::new(
    "administrative_unit.put_member",
    "INSERT INTO administrative_unit_member (unit, member) VALUES ($1, $2) ON CONFLICT DO NOTHING",
);
static DROP_MEMBER: Statement = Statement::new(
    "administrative_unit.drop_member",
    "DELETE FROM administrative_unit_member WHERE unit = $1 AND member = $2",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] =
    &[&LIST, &READ, &PUT, &DELETE_MEMBERS, &DELETE, &MEMBERS, &UNITS_OF, &PUT_MEMBER, &DROP_MEMBER];

impl Tx {
    /// The units by name; the first ten thousand.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrative_units(&mut self) -> Result<Vec<AdministrativeUnit>, Fault> {
        self.all("administrative_unit", &LIST, vec![], unit).await
    }

    /// The unit with this id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrative_unit(&mut self, id: Uuid) -> Result<Option<AdministrativeUnit>, Fault> {
        let found = self.first("administrative_unit", &READ, vec![id.into()]).await?;
        found.map(|mut row| unit(&mut row)).transpose()
    }

    /// Stores a unit in place of the one before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_administrative_unit(&mut self, unit: &AdministrativeUnit) -> Result<(), Fault> {
        let values = vec![
            unit.id.into(),
            unit.name.as_str().into(),
            fold(&unit.name).into(),
            unit.description.clone().into(),
            unit.visibility.clone().into(),
        ];
        self.configure(&PUT, values).await.map(drop)
    }

    /// Deletes a unit; who was in it stays. False when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_administrative_unit(&mut self, id: Uuid) -> Result<bool, Fault> {
        self.session.exec(&DELETE_MEMBERS, vec![id.into()]).await?;
        self.configure(&DELETE, vec![id.into()]).await
    }

    /// Who is in a unit, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrative_unit_members(
        &mut self,
        unit: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>, Fault> {
        let values = vec![unit.into(), after.unwrap_or_default().into(), limit.into()];
        self.all("administrative_unit_member", &MEMBERS, values, |row| row.uuid("member")).await
    }

    /// The units that a user or group is in, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrative_units_of(&mut self, member: Uuid) -> Result<Vec<Uuid>, Fault> {
        self.all("administrative_unit_member", &UNITS_OF, vec![member.into()], |row| row.uuid("unit")).await
    }

    /// Puts a user or group into a unit, or takes it out.
    ///
    /// # Errors
    /// [`Fault::Dangling`] when there is no such unit.
    pub async fn put_administrative_unit_member(&mut self, unit: Uuid, member: Uuid, is: bool) -> Result<bool, Fault> {
        let statement = if is { &PUT_MEMBER } else { &DROP_MEMBER };
        Ok(self.session.exec(statement, vec![unit.into(), member.into()]).await? > 0)
    }
}

fn unit(row: &mut Reader) -> Result<AdministrativeUnit, Fault> {
    Ok(AdministrativeUnit {
        id: row.uuid("id")?,
        name: row.text("name")?,
        description: row.text_or_null("description")?,
        visibility: row.text_or_null("visibility")?,
    })
}
