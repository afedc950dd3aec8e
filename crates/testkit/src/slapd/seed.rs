//! The entries a test directory starts with.

use std::fmt::Write as _;

use super::{BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, GroupKind, SlapdOptions, group_dn, user_dn};

pub(super) fn ldif(options: &SlapdOptions) -> String {
    let mut text = String::new();
    entry(&mut text, BASE, &["dcObject", "organization"], &[("o", "test"), ("dc", "corp")]);
    for unit in ["people", "groups", "services", "policies"] {
        entry(&mut text, &format!("ou={unit},{BASE}"), &["organizationalUnit"], &[("ou", unit)]);
    }
    if let Some(failures) = options.lockout_after {
        let failures = failures.to_string();
        entry(
            &mut text,
            &format!("cn=default,ou=policies,{BASE}"),
            &["device", "pwdPolicy"],
            &[
                ("cn", "default"),
                ("pwdAttribute", "userPassword"),
                ("pwdLockout", "TRUE"),
                ("pwdMaxFailure", &failures),
                ("pwdLockoutDuration", "60"),
            ],
        );
    }
    entry(
        &mut text,
        CONNECTOR_DN,
        &["account", "simpleSecurityObject"],
        &[("uid", "connector"), ("userPassword", CONNECTOR_PASSWORD)],
    );
    let numbered = (1..=options.users).map(|n| (format!("user{n}"), format!("password{n}")));
    let named = options.accounts.iter().map(|account| (account.uid.clone(), account.password.clone()));
    for (position, (uid, password)) in numbered.chain(named).enumerate() {
        person(&mut text, &uid, &password, position + 20_001);
    }
    for (position, group) in options.groups.iter().enumerate() {
        let number = (position + 30_001).to_string();
        let members: Vec<String> = group
            .members
            .iter()
            .map(|uid| if group.kind == GroupKind::Posix { uid.clone() } else { user_dn(uid) })
            .chain((group.kind.demands_a_member() && group.members.is_empty()).then(|| super::ADMIN_DN.to_owned()))
            .collect();
        let mut attributes = vec![("cn", group.name.as_str())];
        if group.kind == GroupKind::Posix {
            attributes.push(("gidNumber", &number));
        }
        attributes.extend(members.iter().map(|member| (group.kind.attribute(), member.as_str())));
        entry(&mut text, &group_dn(&group.name), &[group.kind.object_class()], &attributes);
    }
    text.push_str(&options.extra_ldif);
    text
}

fn person(text: &mut String, uid: &str, password: &str, number: usize) {
    let number = number.to_string();
    let home = format!("/home/{uid}");
    let mail = format!("{uid}@corp.test");
    entry(
        text,
        &user_dn(uid),
        &["inetOrgPerson", "posixAccount"],
        &[
            ("uid", uid),
            ("cn", uid),
            ("sn", uid),
            ("mail", &mail),
            ("uidNumber", &number),
            ("gidNumber", "20000"),
            ("homeDirectory", &home),
            ("userPassword", password),
        ],
    );
}

fn entry(text: &mut String, dn: &str, classes: &[&str], attributes: &[(&str, &str)]) {
    let classes = classes.iter().map(|class| ("objectClass", *class));
    let lines = std::iter::once(("dn", dn)).chain(classes).chain(attributes.iter().copied());
    for (attribute, value) in lines {
        writeln!(text, "{attribute}: {value}").expect("a string can always be written to");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slapd::Group;

    #[test]
    fn a_group_that_demands_a_member_gets_the_administrator() {
        let groups = vec![Group::new("ops", GroupKind::Names)];
        let text = ldif(&SlapdOptions { users: 0, groups, ..SlapdOptions::default() });
        assert!(text.ends_with(
            "dn: cn=ops,ou=groups,dc=corp,dc=test\nobjectClass: groupOfNames\ncn: ops\nmember: cn=admin,dc=corp,dc=test\n\n"
        ));
    }
}
