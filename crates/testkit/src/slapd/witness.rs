//! What the directory holds, as programs see it that are not ours.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{ADMIN_DN, ADMIN_PASSWORD, BASE, Slapd, ldif};
use crate::launch::LaunchError;

/// One write as the server itself recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedChange {
    /// `add`, `modify`, `delete` or `modrdn`.
    pub kind: String,
    /// The entry.
    pub dn: String,
    /// Who wrote.
    pub by: String,
    /// The LDAP result code; 0 is success.
    pub result: u32,
    /// `attribute:+ value`, `attribute:- value`, `attribute:= value`, without the server's own attributes.
    pub modifications: Vec<String>,
}

impl Slapd {
    /// The members of a group whatever its kind, sorted: names for `member` and `uniqueMember`, plain user names for
    /// `memberUid`. `None` when there is no such group.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub fn members(&self, group_dn: &str) -> Result<Option<Vec<String>>, LaunchError> {
        let attributes = ["member", "uniqueMember", "memberUid"];
        let Some(mut values) = self.values(group_dn, &attributes)? else { return Ok(None) };
        values.sort();
        Ok(Some(values))
    }

    /// The groups an account is in by its `memberOf`, sorted. `None` when there is no such account.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub fn member_of(&self, user_dn: &str) -> Result<Option<Vec<String>>, LaunchError> {
        let Some(mut values) = self.values(user_dn, &["memberOf"])? else { return Ok(None) };
        values.sort();
        Ok(Some(values))
    }

    /// All values of the named attributes of one entry; `None` when there is no such entry.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub fn values(&self, dn: &str, attributes: &[&str]) -> Result<Option<Vec<String>>, LaunchError> {
        let mut arguments = vec!["-b", dn, "-s", "base", "(objectClass=*)"];
        arguments.extend_from_slice(attributes);
        let found = self.search(&arguments)?;
        let entry = found.into_iter().next();
        Ok(entry.map(|entry| entry.into_iter().filter(|(name, _)| name != "dn").map(|(_, value)| value).collect()))
    }

    /// The distinguished names below the base that match a filter, sorted.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub fn find(&self, filter: &str) -> Result<Vec<String>, LaunchError> {
        let found = self.search(&["-b", BASE, "-s", "sub", filter, "1.1"])?;
        let mut names: Vec<String> =
            found.into_iter().filter_map(|entry| entry.into_iter().next()).map(|(_, dn)| dn).collect();
        names.sort();
        Ok(names)
    }

    /// Whether a simple bind succeeds.
    ///
    /// # Errors
    /// When the directory does not answer.
    pub fn can_bind(&self, dn: &str, password: &str) -> Result<bool, LaunchError> {
        let output = self.client("ldapwhoami", dn, password).output().map_err(LaunchError::os("running ldapwhoami"))?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(49) => Ok(false),
            _ => Err(LaunchError::failed("ldapwhoami", String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// Writes LDIF change records as the administrator: somebody else changes the directory behind our back.
    ///
    /// # Errors
    /// When the directory refuses a change.
    pub fn change(&self, change_records: &str) -> Result<(), LaunchError> {
        let mut command = self.client("ldapmodify", ADMIN_DN, ADMIN_PASSWORD);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(LaunchError::os("starting ldapmodify"))?;
        let mut input = child.stdin.take().expect("the pipe was asked for");
        let written = input.write_all(change_records.as_bytes());
        drop(input);
        let output = child.wait_with_output().map_err(LaunchError::os("waiting for ldapmodify"))?;
        if !output.status.success() {
            return Err(LaunchError::failed("ldapmodify", String::from_utf8_lossy(&output.stderr)));
        }
        written.map_err(LaunchError::os("writing to ldapmodify"))
    }

    /// Adds an account to a group, or takes it out, behind our back. `value` is a name, or a plain user name for `memberUid`.
    ///
    /// # Errors
    /// When the directory refuses.
    pub fn change_member(
        &self,
        group_dn: &str,
        attribute: &str,
        value: &str,
        present: bool,
    ) -> Result<(), LaunchError> {
        let verb = if present { "add" } else { "delete" };
        self.change(&format!("dn: {group_dn}\nchangetype: modify\n{verb}: {attribute}\n{attribute}: {value}\n"))
    }

    /// Every write since the start, in order, as the server's own log holds it. Needs
    /// [`record_changes`](super::SlapdOptions::record_changes).
    ///
    /// # Errors
    /// When the directory does not answer.
    pub fn changes(&self) -> Result<Vec<RecordedChange>, LaunchError> {
        let found = self.search(&["-b", "cn=accesslog", "-s", "one", "(objectClass=auditWriteObject)"])?;
        Ok(found.iter().map(recorded_change).collect())
    }

    fn search(&self, arguments: &[&str]) -> Result<Vec<ldif::Entry>, LaunchError> {
        let output = self
            .client("ldapsearch", ADMIN_DN, ADMIN_PASSWORD)
            .args(["-LLL", "-o", "ldif-wrap=no"])
            .args(arguments)
            .output()
            .map_err(LaunchError::os("running ldapsearch"))?;
        match output.status.code() {
            Some(0) => Ok(ldif::entries(&String::from_utf8_lossy(&output.stdout))),
            // noSuchObject
            Some(32) => Ok(Vec::new()),
            _ => Err(LaunchError::failed("ldapsearch", String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// A client program, bound by the local socket so that the witness works whatever TLS the test demands.
    fn client(&self, program: &str, dn: &str, password: &str) -> Command {
        // The client programs wait for ever on a server that accepts and stays silent.
        let mut command = Command::new("timeout");
        command
            .args(["20", program, "-x", "-H", &self.local_url(), "-D", dn, "-w", password])
            .env("LDAPNOINIT", "1")
            .stdin(Stdio::null());
        command
    }
}

fn recorded_change(entry: &ldif::Entry) -> RecordedChange {
    const OWN: [&str; 6] =
        ["entryCSN", "modifiersName", "modifyTimestamp", "structuralObjectClass", "entryUUID", "creatorsName"];
    let first = |name: &str| {
        entry.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    RecordedChange {
        kind: first("reqType"),
        dn: first("reqDN"),
        by: first("reqAuthzID"),
        result: first("reqResult").parse().unwrap_or(u32::MAX),
        modifications: entry
            .iter()
            .filter(|(attribute, value)| {
                attribute == "reqMod" && !OWN.iter().any(|own| value.split(':').next() == Some(own))
            })
            .map(|(_, value)| value.clone())
            .filter(|value| !value.starts_with("createTimestamp"))
            .collect(),
    }
}
