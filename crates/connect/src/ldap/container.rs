//! The containers of accounts and groups.

use std::collections::HashSet;

use ephor_engine::port::target::TargetFault;
use ldap3::Scope;

use super::{
    LdapTarget,
    fault::{self, code},
};

impl LdapTarget {
    /// Creates the containers of accounts and groups that are missing, as organizational units directly below the base.
    ///
    /// # Errors
    /// When the target refuses, or when a missing container is configured as anything else.
    pub async fn create_containers(&self) -> Result<(), TargetFault> {
        for container in [&self.settings.people, &self.settings.groups] {
            let deadline = self.deadline();
            let link = self.writer(deadline).await?;
            let (_, result) = link.search(deadline, container, Scope::Base, "(objectClass=*)", &["1.1"], 1).await?;
            match result.rc {
                code::SUCCESS => continue,
                code::NO_SUCH_OBJECT => {}
                _ => return Err(fault::of_result(&result, "search for a container")),
            }
            let name = container
                .strip_suffix(&self.settings.base_dn)
                .and_then(|own| own.strip_suffix(','))
                .and_then(|own| own.strip_prefix("ou="))
                .filter(|name| !name.contains([',', '+', '\\', '=']))
                .ok_or_else(|| fault::rejected(format!("{container} is missing and is no ou=NAME below the base")))?;
            let attributes = vec![
                ("objectClass".to_owned(), HashSet::from(["organizationalUnit".to_owned()])),
                ("ou".to_owned(), HashSet::from([name.to_owned()])),
            ];
            let result = link.add(deadline, container, attributes).await?;
            match result.rc {
                code::SUCCESS | code::ENTRY_ALREADY_EXISTS => {}
                _ => return Err(fault::of_result(&result, "creation of a container")),
            }
        }
        Ok(())
    }
}
