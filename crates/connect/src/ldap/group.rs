//! Groups: finding and creating.

use std::collections::HashSet;

use ephor_engine::port::target::{MemberAttribute, TargetFault};
use ldap3::{Scope, SearchEntry};
use tokio::time::Instant;

use super::{
    LdapTarget, attribute_name,
    config::NewGroupClass,
    fault::{self, code},
    filter,
    lane::Link,
    root,
};
use crate::dn;

/// Classes of groups we can write to, and where they keep members. Of several the first counts, because `posixGroup`
/// is also put beside the others.
const CLASSES: [(&str, MemberAttribute); 5] = [
    ("groupOfMembers", MemberAttribute::Member),
    ("groupOfNames", MemberAttribute::Member),
    ("group", MemberAttribute::Member),
    ("groupOfUniqueNames", MemberAttribute::UniqueMember),
    ("posixGroup", MemberAttribute::MemberUid),
];

impl LdapTarget {
    pub(super) async fn look_up_group(
        &self,
        link: &Link,
        deadline: Instant,
        name: &str,
    ) -> Result<Option<(String, MemberAttribute)>, TargetFault> {
        let filter = filter::both(&filter::any_class(&CLASSES.map(|(class, _)| class)), &filter::equals("cn", name));
        let (entries, result) =
            link.search(deadline, &self.settings.groups, Scope::Subtree, &filter, &["objectClass"], 2).await?;
        match result.rc {
            code::SUCCESS | code::SIZE_LIMIT_EXCEEDED => {}
            code::NO_SUCH_OBJECT => return Ok(None),
            _ => return Err(fault::of_result(&result, "search for a group")),
        }
        match entries.as_slice() {
            [] => Ok(None),
            [group] => Ok(Some((group.dn.clone(), member_attribute(group)))),
            [_, _, ..] => Err(fault::rejected(format!("several groups are named {name:?}"))),
        }
    }

    pub(super) async fn add_group(&self, name: &str) -> Result<(String, MemberAttribute), TargetFault> {
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        if let Some(there) = self.look_up_group(&link, deadline, name).await? {
            return Ok(there);
        }
        let (class, attribute, demands_member) = match self.settings.new_group_class {
            NewGroupClass::GroupOfMembers => ("groupOfMembers", MemberAttribute::Member, false),
            NewGroupClass::Auto if schema_has(&link, deadline, "groupOfMembers").await? => {
                ("groupOfMembers", MemberAttribute::Member, false)
            }
            NewGroupClass::Auto | NewGroupClass::GroupOfNames => ("groupOfNames", MemberAttribute::Member, true),
            NewGroupClass::GroupOfUniqueNames => ("groupOfUniqueNames", MemberAttribute::UniqueMember, true),
        };
        let native = dn::child("cn", name, &self.settings.groups);
        let mut attributes = vec![
            ("objectClass".to_owned(), HashSet::from([class.to_owned()])),
            ("cn".to_owned(), HashSet::from([name.to_owned()])),
        ];
        if demands_member {
            let placeholder = HashSet::from([self.settings.placeholder.clone()]);
            attributes.push((attribute_name(attribute).to_owned(), placeholder));
        }
        let result = link.add(deadline, &native, attributes).await?;
        match result.rc {
            code::SUCCESS => Ok((native, attribute)),
            // Made by somebody else since we looked.
            code::ENTRY_ALREADY_EXISTS => self
                .look_up_group(&link, deadline, name)
                .await?
                .ok_or_else(|| fault::rejected(format!("{native} is there but is no group"))),
            _ => Err(fault::of_result(&result, "creation of a group")),
        }
    }
}

fn member_attribute(group: &SearchEntry) -> MemberAttribute {
    let classes = root::values(group, "objectClass");
    CLASSES
        .iter()
        .find(|(class, _)| classes.iter().any(|of_group| of_group.eq_ignore_ascii_case(class)))
        .map(|(_, attribute)| *attribute)
        .unwrap_or_default()
}

/// True when the server's schema defines the object class `name`.
async fn schema_has(link: &Link, deadline: Instant, name: &str) -> Result<bool, TargetFault> {
    let Some(schema) = &link.root.schema else { return Ok(false) };
    let (entries, result) =
        link.search(deadline, schema, Scope::Base, "(objectClass=*)", &["objectClasses"], 1).await?;
    if result.rc != code::SUCCESS {
        return Ok(false);
    }
    let quoted = format!("'{}'", name.to_ascii_lowercase());
    Ok(entries
        .iter()
        .flat_map(|entry| root::values(entry, "objectClasses"))
        .any(|definition| names_of(definition).contains(&quoted)))
}

/// The part of a definition that holds its names: before superiors and attributes, which are unquoted, and without
/// the description.
fn names_of(definition: &str) -> String {
    let lower = definition.to_ascii_lowercase();
    let from = lower.find(" name ").map_or(0, |at| at + 6);
    let names = lower.get(from..).unwrap_or_default();
    let until = if names.trim_start().starts_with('(') {
        names.find(')')
    } else {
        names.match_indices('\'').nth(1).map(|(at, _)| at + 1)
    };
    names.get(..until.unwrap_or(names.len())).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use ephor_engine::port::target::MemberAttribute;
    use ldap3::SearchEntry;

    use super::{member_attribute, names_of};

    fn group(classes: &[&str]) -> SearchEntry {
        let classes = classes.iter().map(|class| (*class).to_owned()).collect();
        SearchEntry {
            dn: "cn=g".to_owned(),
            attrs: HashMap::from([("objectclass".to_owned(), classes)]),
            bin_attrs: HashMap::new(),
        }
    }

    #[test]
    fn classes_tell_where_members_are() {
        assert_eq!(member_attribute(&group(&["top", "groupofnames", "posixGroup"])), MemberAttribute::Member);
        assert_eq!(member_attribute(&group(&["groupOfUniqueNames"])), MemberAttribute::UniqueMember);
        assert_eq!(member_attribute(&group(&["top", "posixGroup"])), MemberAttribute::MemberUid);
    }

    #[test]
    fn names_are_taken_from_the_right_place() {
        let one = "( 1.2 NAME 'groupOfMembers' DESC 'unlike ''groupOfNames''' SUP top MUST cn )";
        assert_eq!(names_of(one), "'groupofmembers'");
        let two = "( 1.2 NAME ( 'a' 'b' ) DESC 'c' SUP top )";
        assert!(names_of(two).contains("'b'") && !names_of(two).contains("'c'"));
    }
}
