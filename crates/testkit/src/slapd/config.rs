//! The text of `slapd.conf`.

use std::fmt::Write as _;
use std::path::Path;

use super::{ADMIN_DN, ADMIN_PASSWORD, BASE, CONNECTOR_DN, GroupKind, SlapdOptions};

/// Not in Debian's schema files: a group that may be empty (draft-findlay-ldap-groupofentries), here under an
/// experimental number.
pub(super) const LOCAL_SCHEMA: &str = "\
objectclass ( 1.3.6.1.4.1.4203.666.11.7.1 NAME 'groupOfMembers' DESC 'a group that may have no members'
  SUP top STRUCTURAL MUST cn MAY ( businessCategory $ seeAlso $ owner $ ou $ o $ description $ member ) )
";

/// The kinds whose members see the group in their `memberOf`.
const WITH_MEMBER_OF: [GroupKind; 3] = [GroupKind::Members, GroupKind::Names, GroupKind::UniqueNames];

pub(super) fn slapd_conf(directory: &Path, options: &SlapdOptions) -> String {
    let mut text = String::new();
    let here = directory.display();
    for schema in ["core", "cosine", "inetorgperson", "nis"] {
        line(&mut text, &format!("include /etc/ldap/schema/{schema}.schema"));
    }
    line(&mut text, &format!("include {here}/local.schema"));
    line(&mut text, &format!("pidfile {here}/slapd.pid"));
    line(&mut text, &format!("argsfile {here}/slapd.args"));
    line(&mut text, "loglevel none");
    line(&mut text, "modulepath /usr/lib/ldap");
    let mut modules = vec!["back_mdb", "memberof", "refint", "unique"];
    modules.extend(options.lockout_after.map(|_| "ppolicy"));
    modules.extend(options.dynamic_entries.then_some("dds"));
    modules.extend(options.record_changes.then_some("accesslog"));
    for module in modules {
        line(&mut text, &format!("moduleload {module}"));
    }
    if options.tls || options.require_tls {
        line(&mut text, &format!("TLSCACertificateFile {here}/ca.pem"));
        line(&mut text, &format!("TLSCertificateFile {here}/server.pem"));
        line(&mut text, &format!("TLSCertificateKeyFile {here}/server.key"));
    }
    if options.require_tls {
        line(&mut text, "security simple_bind=128 update_ssf=128");
        // The witness's socket counts as protected.
        line(&mut text, "localSSF 128");
    }
    line(&mut text, "access to attrs=userPassword by anonymous auth by self write by * none");
    line(
        &mut text,
        &format!("access to dn.subtree=\"ou=groups,{BASE}\" by dn.exact=\"{CONNECTOR_DN}\" write by users read"),
    );
    line(&mut text, "access to * by users read by anonymous auth");

    if options.record_changes {
        database(&mut text, "cn=accesslog", &directory.join("log"), options);
        line(&mut text, "index reqStart,reqEnd,reqResult eq");
    }
    database(&mut text, BASE, &directory.join("data"), options);
    line(&mut text, "index objectClass,uid,cn,member,uniqueMember,memberUid,entryUUID eq");
    for kind in WITH_MEMBER_OF {
        line(&mut text, "overlay memberof");
        line(&mut text, &format!("memberof-group-oc {}", kind.object_class()));
        line(&mut text, &format!("memberof-member-ad {}", kind.attribute()));
        line(&mut text, "memberof-memberof-ad memberOf");
        line(&mut text, "memberof-refint true");
    }
    line(&mut text, "overlay refint");
    line(&mut text, "refint_attributes member uniqueMember owner");
    line(&mut text, &format!("refint_nothing \"{ADMIN_DN}\""));
    line(&mut text, "overlay unique");
    line(&mut text, "unique_uri ldap:///?uid?sub");
    if options.lockout_after.is_some() {
        line(&mut text, "overlay ppolicy");
        line(&mut text, &format!("ppolicy_default \"cn=default,ou=policies,{BASE}\""));
        line(&mut text, "ppolicy_use_lockout");
    }
    if options.dynamic_entries {
        line(&mut text, "index entryExpireTimestamp eq,pres");
        line(&mut text, "overlay dds");
        line(&mut text, "dds-max-ttl 1d");
        line(&mut text, "dds-min-ttl 1");
        line(&mut text, "dds-default-ttl 1h");
        line(&mut text, "dds-interval 1");
    }
    if options.record_changes {
        line(&mut text, "overlay accesslog");
        line(&mut text, "logdb cn=accesslog");
        line(&mut text, "logops writes");
        line(&mut text, "logsuccess FALSE");
    }
    line(&mut text, &options.extra_config);
    text
}

fn database(text: &mut String, suffix: &str, directory: &Path, options: &SlapdOptions) {
    line(text, "\ndatabase mdb");
    line(text, &format!("suffix \"{suffix}\""));
    line(text, &format!("directory {}", directory.display()));
    line(text, "maxsize 1073741824");
    // Of the accesslog too, so that the witness can read it.
    line(text, &format!("rootdn \"{ADMIN_DN}\""));
    if suffix == BASE {
        line(text, &format!("rootpw {ADMIN_PASSWORD}"));
        if let Some(limit) = options.size_limit {
            line(
                text,
                &format!("sizelimit size.soft={limit} size.hard={limit} size.prtotal=unlimited size.pr={limit}"),
            );
        }
    }
    if !options.sync {
        line(text, "dbnosync");
    }
}

fn line(text: &mut String, content: &str) {
    writeln!(text, "{content}").expect("a string can always be written to");
}
