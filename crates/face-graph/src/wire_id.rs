//! Ids that are made of others (`GRAPH 5.5`). Clients take them as opaque; we read back what we wrote.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_domain::{entitlement::Access, id::PrincipalId, scope::DirectoryScope};
use ephor_engine::directory::RoleAssignment;
use uuid::Uuid;

use crate::call::guid;

/// The id of a role assignment, the same as that of its active instance.
pub(crate) fn assignment(row: &RoleAssignment) -> String {
    let scope = match row.scope {
        DirectoryScope::Tenant => None,
        DirectoryScope::AdministrativeUnit(id) | DirectoryScope::Object(id) => Some(id),
    };
    let parts = [Some(row.definition), Some(row.principal.uuid()), scope];
    let bytes: Vec<u8> = parts.into_iter().flatten().flat_map(|id| id.to_bytes_le()).collect();
    format!("{}-1", URL_SAFE_NO_PAD.encode(bytes))
}

/// Role, principal and object of the scope that the id of an assignment names.
pub(crate) fn read_assignment(id: &str) -> Option<(Uuid, PrincipalId, Option<Uuid>)> {
    let bytes = URL_SAFE_NO_PAD.decode(id.strip_suffix("-1")?).ok()?;
    let mut ids = bytes.chunks(16).map(|chunk| chunk.try_into().ok().map(Uuid::from_bytes_le));
    let (role, principal) = (ids.next()??, ids.next()??);
    let scope = ids.next().map_or(Some(None), |id| id.map(Some))?;
    ids.next().is_none().then_some((role, PrincipalId::new(principal), scope))
}

/// The id of an eligibility instance.
pub(crate) fn eligibility(row: &RoleAssignment) -> String {
    format!("{}-e", assignment(row))
}

/// The scopes that the object in the id of an assignment may stand for.
pub(crate) fn scopes(object: Option<Uuid>) -> Vec<DirectoryScope> {
    match object {
        None => vec![DirectoryScope::Tenant],
        Some(id) => vec![DirectoryScope::AdministrativeUnit(id), DirectoryScope::Object(id)],
    }
}

/// The id of a schedule or instance of a group: exactly three parts, which a client splits.
pub(crate) fn of_group(group: Uuid, access: Access, id: Uuid) -> String {
    format!("{group}_{}_{id}", access.word())
}

/// Group, access and the rest of such an id.
pub(crate) fn read_of_group(id: &str) -> Option<(Uuid, Access, Uuid)> {
    let mut parts = id.split('_');
    let (group, access, rest) = (guid(parts.next()?)?, Access::from_word(parts.next()?)?, guid(parts.next()?)?);
    parts.next().is_none().then_some((group, access, rest))
}

/// The security identifier that the directory derives from an object's id.
pub(crate) fn security_identifier(id: Uuid) -> String {
    let parts = id.to_bytes_le();
    let numbers = parts.chunks(4).map(|chunk| chunk.try_into().map_or(0, u32::from_le_bytes).to_string());
    format!("S-1-12-1-{}", numbers.collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use uuid::uuid;

    use super::*;

    #[test]
    fn an_id_reads_back() {
        let row = RoleAssignment {
            principal: PrincipalId::new(uuid!("ace08ec9-aa11-4ada-9145-addf0398233e")),
            definition: uuid!("62e90394-69f5-4237-9190-012177145e10"),
            scope: DirectoryScope::Tenant,
        };
        let id = assignment(&row);
        assert_eq!(id, "lAPpYvVpN0KRkAEhdxReEMmO4KwRqtpKkUWt3wOYIz4-1");
        assert_eq!(read_assignment(&id), Some((row.definition, row.principal, None)));
        let unit = Uuid::from_u128(7);
        let within = RoleAssignment { scope: DirectoryScope::AdministrativeUnit(unit), ..row.clone() };
        assert_eq!(read_assignment(&assignment(&within)), Some((row.definition, row.principal, Some(unit))));
        for other in ["", "-1", "x-1", "lAPpYvVpN0KRkAEhdxReEA-1", "lAPpYvVpN0KRkAEhdxReEMmO4KwRqtpKkUWt3wOYIz4"] {
            assert_eq!(read_assignment(other), None, "{other}");
        }
    }

    #[test]
    fn an_id_of_a_group_has_three_parts() {
        let (group, rest) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let id = of_group(group, Access::Member, rest);
        assert_eq!(id.split('_').count(), 3);
        assert_eq!(read_of_group(&id), Some((group, Access::Member, rest)));
        for other in ["", "a_member_b", &format!("{id}_x"), &id.replace("member", "guest")] {
            assert_eq!(read_of_group(other), None, "{other}");
        }
    }

    #[test]
    fn a_security_identifier_is_the_id_in_other_words() {
        let id = uuid!("b320ee12-b1cd-4cca-b648-a437be61c5cd");
        assert_eq!(security_identifier(id), "S-1-12-1-3005279762-1288352205-933513398-3452264894");
    }
}
