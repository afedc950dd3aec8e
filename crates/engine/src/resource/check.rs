//! The question of resource servers: may this principal do this here, now?

use ephor_domain::{
    Refusal,
    administration::Right,
    id::PrincipalId,
    resource::{Plane, Verdict},
    scope::ArmScope,
};

use super::{
    chain, known,
    rights::{Rights, action, locate},
};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
};

/// Asks about a principal. Everybody may ask about himself; about others whoever may read the role assignments there, or
/// reads the server's administration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAccess {
    /// About whom.
    pub principal: PrincipalId,
    /// Where.
    pub scope: ArmScope,
    /// What is to be done.
    pub action: String,
    /// Of what.
    pub plane: Plane,
    /// The caller reads the server's administration: asked for by the face, judged by the desk.
    pub as_administrator: bool,
}

impl Query for CheckAccess {
    type Output = Verdict;

    fn right(&self) -> Right {
        if self.as_administrator { Right::Read } else { Right::Known }
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Verdict> {
        if !self.as_administrator && self.principal != files.caller {
            let own = Rights::of(files.tx, files.caller, files.now).await?;
            let (_, chain) = locate(files.tx, &own, &self.scope, action::READ_ASSIGNMENTS).await?;
            own.require(files.tx, &chain, action::READ_ASSIGNMENTS).await?;
        }
        if self.action.is_empty() || self.action.contains('*') {
            return Err(Refusal::Invalid { field: "action", rule: "one action, without a star" }.into());
        }
        let line = match known(files.tx, &self.scope).await {
            Ok(scope) => chain(files.tx, &scope).await?,
            // Who may look at all management groups learns which of them are not there.
            Err(_) => {
                let rights = Rights::of(files.tx, self.principal, files.now).await?;
                locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?.1
            }
        };
        let rights = Rights::at(files.tx, self.principal, &line, files.now).await?;
        Ok(rights.verdict(files.tx, &line, &self.action, self.plane).await?)
    }
}
