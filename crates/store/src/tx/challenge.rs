//! Requests that wait for their requester's proof of presence.

use ephor_domain::{id::PrincipalId, pam::user::Source, request::Request};

use super::{Tx, row};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// An open challenge with what a provider is told.
#[derive(Debug, Clone)]
pub struct OpenChallenge {
    /// The request that waits.
    pub request: Request,
    /// The provider was told already.
    pub started: bool,
    /// Telephone number of the PAM user.
    pub phone: Option<String>,
    /// `DOMAIN\\account` of the requester.
    pub username: String,
    /// Name of the role.
    pub role_name: String,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT ",
            row::request_columns!(),
            ", r.call_started IS NOT NULL, u.source, o.name, ",
            row::principal_columns!(),
            " FROM request r JOIN principal p ON p.id = r.requester JOIN pam_role o ON o.id = r.entitlement \
             LEFT JOIN pam_user u ON u.id = r.requester WHERE ",
            $which
        )
    };
}

static OPEN: Statement =
    Statement::new("challenge.open", select!("r.due IS NOT NULL AND r.stage = 0 ORDER BY r.due, r.id LIMIT $1"));

static OF_PRINCIPAL: Statement = Statement::new(
    "challenge.of_principal",
    select!("r.finished IS NULL AND r.principal = $1 AND r.provider = 0 AND r.stage = 0 ORDER BY r.created, r.id"),
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&OPEN, &OF_PRINCIPAL];

impl Tx {
    /// Requests at the MFA gate; those whose gate closes first come first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_challenges(&mut self, limit: u32) -> Result<Vec<OpenChallenge>, Fault> {
        self.all("request", &OPEN, vec![limit.into()], read).await
    }

    /// Requests of a principal at the MFA gate, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn challenges_of(&mut self, principal: PrincipalId) -> Result<Vec<OpenChallenge>, Fault> {
        self.all("request", &OF_PRINCIPAL, vec![principal.into()], read).await
    }
}

fn read(row: &mut Reader) -> Result<OpenChallenge, Fault> {
    let request = row::request(row)?;
    let started = row.bool("call_started")?;
    let source = row.of("pam_user").text_or_null("source")?;
    let source: Option<Source> = match source {
        Some(json) => Some(serde_json::from_str(&json).map_err(|_| row.fault("source"))?),
        None => None,
    };
    let role_name = row.of("pam_role").text("name")?;
    let username = row::principal(row)?.username();
    Ok(OpenChallenge { request, started, phone: source.and_then(|source| source.phone), username, role_name })
}
