//! What the dependencies may be, by `deny.toml`.
//!
//! `cargo deny` does this if it is installed. It takes minutes to compile, so where it is not, the same file is read here:
//! licences, banned crates, duplicates and sources. Advisories are left to it.

mod graph;
mod license;
mod policy;

use anyhow::{Context as _, Result, bail};

use self::graph::{Graph, Package};
use self::license::Expression;
use self::policy::Policy;
use crate::step;

pub(crate) fn run() -> Result<()> {
    if step::exists(step::cargo().args(["deny", "--version"])) {
        return step::run(step::cargo().args(["deny", "check", "licenses", "bans", "sources"]));
    }
    let text = std::fs::read_to_string(step::root().join("deny.toml")).context("reading deny.toml")?;
    let policy: Policy = toml::from_str(&text).context("deny.toml")?;
    let graph = Graph::load(&policy.graph)?;
    let mut findings = Vec::new();
    findings.extend(graph.packages().filter_map(|package| license_finding(&policy, package)));
    findings.extend(graph.packages().filter_map(|package| ban_finding(&policy, &graph, package)));
    findings.extend(duplicate_findings(&policy, &graph));
    findings.extend(graph.packages().filter_map(|package| source_finding(&policy, package)));
    for unused in policy.bans.skip.iter().filter(|skip| !graph.packages().any(|package| skip.of.covers(package))) {
        println!("deny: note: {} is skipped in deny.toml and not in use", unused.of.text());
    }
    if !findings.is_empty() {
        bail!("dependencies break deny.toml:\n  {}", findings.join("\n  "));
    }
    println!("deny: {} dependencies are as deny.toml allows", graph.packages().count());
    Ok(())
}

fn license_finding(policy: &Policy, package: &Package) -> Option<String> {
    if package.source.is_none() && policy.licenses.private.ignore && package.is_private() {
        return None;
    }
    let clarified =
        policy.licenses.clarify.iter().find(|entry| entry.of.covers(package)).map(|entry| &entry.expression);
    let Some(stated) = clarified.or(package.license.as_ref()) else {
        return Some(format!("{package} states no licence"));
    };
    let exceptions = policy.licenses.exceptions.iter().filter(|exception| exception.of.covers(package));
    let allowed: Vec<&String> = policy.licenses.allow.iter().chain(exceptions.flat_map(|e| &e.allow)).collect();
    match Expression::parse(stated) {
        Err(error) => Some(format!("{package}: licence {stated:?}: {error}")),
        Ok(expression) if expression.is_met_by(&|license| allowed.iter().any(|known| *known == license)) => None,
        Ok(_) => Some(format!("{package}: licence {stated} is not allowed")),
    }
}

fn ban_finding(policy: &Policy, graph: &Graph, package: &Package) -> Option<String> {
    let ban = policy.bans.deny.iter().find(|ban| ban.of.covers(package))?;
    let users = graph.users_of(package);
    if !ban.wrappers.is_empty() && users.iter().all(|user| ban.wrappers.contains(&user.name)) {
        return None;
    }
    let reason = ban.reason.as_deref().unwrap_or("banned");
    Some(format!("{package} is banned ({reason}): {}", graph.path_to(package).join(" -> ")))
}

fn duplicate_findings(policy: &Policy, graph: &Graph) -> Vec<String> {
    if policy.bans.multiple_versions == policy::Level::Allow {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (name, versions) in graph.by_name() {
        let counted: Vec<&&Package> =
            versions.iter().filter(|package| !policy.bans.skip.iter().any(|skip| skip.of.covers(package))).collect();
        if counted.len() < 2 {
            continue;
        }
        let paths: Vec<String> = counted.iter().map(|package| graph.path_to(package).join(" -> ")).collect();
        findings.push(format!(
            "{name} is there in {} versions; agree on one, or skip the older in deny.toml:\n    {}",
            counted.len(),
            paths.join("\n    ")
        ));
    }
    if policy.bans.multiple_versions == policy::Level::Warn {
        for finding in findings.drain(..) {
            println!("deny: warning: {finding}");
        }
    }
    findings
}

fn source_finding(policy: &Policy, package: &Package) -> Option<String> {
    let source = package.source.as_deref()?;
    let allowed = match source.split_once('+') {
        Some(("registry" | "sparse", address)) => {
            policy.sources.unknown_registry != policy::Level::Deny
                || policy
                    .sources
                    .allow_registry
                    .iter()
                    .any(|known| known.trim_end_matches('/') == address.trim_end_matches('/'))
        }
        _ => {
            policy.sources.unknown_git != policy::Level::Deny
                || policy.sources.allow_git.iter().any(|known| source.contains(known.as_str()))
        }
    };
    (!allowed).then(|| format!("{package} comes from {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        toml::from_str(text).unwrap()
    }

    fn graph() -> Graph {
        Graph::parse(include_str!("sample.json"), include_str!("sample.tree")).unwrap()
    }

    fn package<'a>(graph: &'a Graph, name: &str) -> &'a Package {
        graph.packages().find(|package| package.name == name).unwrap()
    }

    #[test]
    fn the_policy_of_this_repository_is_read() {
        let policy = policy(include_str!("../../../deny.toml"));
        let banned: Vec<&str> = policy.bans.deny.iter().map(|ban| ban.of.text()).collect();
        for name in ["openssl-sys", "native-tls", "ring", "sqlx", "chrono"] {
            assert!(banned.contains(&name), "{name} is not banned");
        }
    }

    #[test]
    fn only_what_is_compiled_counts() {
        let graph = graph();
        let names: Vec<String> = graph.packages().map(ToString::to_string).collect();
        assert_eq!(names, ["copyleft 1.0.0", "ours 0.1.0", "silent 0.1.0", "twice 1.4.2", "twice 2.0.0"]);
    }

    #[test]
    fn a_licence_is_allowed_by_the_list_by_exception_or_not() {
        let graph = graph();
        let copyleft = package(&graph, "copyleft");
        let refused = license_finding(&policy("licenses.allow = ['MIT']"), copyleft);
        assert_eq!(refused.as_deref(), Some("copyleft 1.0.0: licence MPL-2.0 is not allowed"));
        let excepted = "[licenses]\nallow = ['MIT']\nexceptions = [{ crate = 'copyleft', allow = ['MPL-2.0'] }]";
        assert_eq!(license_finding(&policy(excepted), copyleft), None);
        assert_eq!(license_finding(&policy("licenses.allow = ['MIT']"), package(&graph, "twice")), None);
    }

    #[test]
    fn a_crate_without_licence_needs_a_clarification() {
        let graph = graph();
        let silent = package(&graph, "silent");
        assert_eq!(
            license_finding(&policy("licenses.allow = ['ISC']"), silent).unwrap(),
            "silent 0.1.0 states no licence"
        );
        let clarified = "[licenses]\nallow = ['ISC']\n[[licenses.clarify]]\ncrate = 'silent'\nexpression = 'ISC'\n";
        assert_eq!(license_finding(&policy(clarified), silent), None);
    }

    #[test]
    fn a_banned_crate_is_named_with_its_way_in() {
        let graph = graph();
        let banned = policy("bans.deny = [{ crate = 'silent', reason = 'says nothing' }]");
        assert_eq!(
            ban_finding(&banned, &graph, package(&graph, "silent")).unwrap(),
            "silent 0.1.0 is banned (says nothing): ours 0.1.0 -> copyleft 1.0.0 -> silent 0.1.0"
        );
        assert_eq!(ban_finding(&banned, &graph, package(&graph, "copyleft")), None);
        let wrapped = policy("bans.deny = [{ crate = 'silent', wrappers = ['copyleft'] }]");
        assert_eq!(ban_finding(&wrapped, &graph, package(&graph, "silent")), None);
    }

    #[test]
    fn two_versions_are_found_unless_one_is_skipped() {
        let graph = graph();
        let findings = duplicate_findings(&policy("bans.multiple-versions = 'deny'"), &graph);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("twice is there in 2 versions"), "{findings:?}");
        let skipped = policy("bans.multiple-versions = 'deny'\nbans.skip = [{ crate = 'twice@1', reason = 'x' }]");
        assert_eq!(duplicate_findings(&skipped, &graph), Vec::<String>::new());
    }

    #[test]
    fn other_registries_and_git_are_refused() {
        let graph = graph();
        let strict = policy("sources.unknown-registry = 'deny'\nsources.unknown-git = 'deny'");
        assert_eq!(source_finding(&strict, package(&graph, "twice")), None);
        assert_eq!(
            source_finding(&strict, package(&graph, "silent")).unwrap(),
            "silent 0.1.0 comes from git+https://example.test/silent#1234"
        );
    }
}
