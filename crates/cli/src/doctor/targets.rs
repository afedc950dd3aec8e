//! Target directories: reached, signed in to, and writable.

use std::sync::Arc;

use ephor_cli::config::{Config, connections};
use ephor_domain::{id::TargetId, pam::group::Group};
use ephor_engine::port::{
    Clock, SystemClock,
    target::{Health, MemberAttribute, TargetGroup},
};
use ephor_store::Store;
use uuid::Uuid;

use super::Findings;

/// Most groups that are tried.
const TRIED: u32 = 1000;

pub(super) async fn look(config: &Config, store: Option<&Store>, findings: &mut Findings) {
    let own = connections::own_addresses(config);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    for (name, configured) in &config.targets {
        let what = format!("target {name}");
        let (id, groups) = stored(store, name).await;
        // What is wrong with its configuration was told before.
        let Some(way) = configured.way() else { continue };
        let Ok(target) = way.open(id, &own, &clock) else { continue };
        match target.self_test(&groups).await {
            Ok(health) if health.writable => tell(&what, way.url(), groups.len(), &health, findings),
            Ok(_) => findings.bad(&what, "our account there may not write the groups: give it the right"),
            Err(fault) => findings.bad(&what, fault.to_string()),
        }
        target.disconnect();
    }
}

fn tell(what: &str, url: &str, groups: usize, health: &Health, findings: &mut Findings) {
    let product = health.product.as_deref().unwrap_or(url);
    let level = health.level.as_ref().map_or_else(String::new, |level| format!(" ({level})"));
    findings.good(what, format!("{product}{level}, {groups} groups can be written to"));
    match &health.expiry_off {
        _ if health.native_expiry => findings.good(what, "ends memberships by itself when Ephor is away"),
        Some(reason) => findings.remark(what, format!("does not end memberships by itself: {reason}")),
        None => {}
    }
    for finding in &health.findings {
        findings.remark(what, finding.clone());
    }
}

/// Id and groups of a target as the store has them.
async fn stored(store: Option<&Store>, name: &str) -> (TargetId, Vec<TargetGroup>) {
    let nothing = (TargetId::new(Uuid::nil()), Vec::new());
    let Some(store) = store else { return nothing };
    let name = name.to_owned();
    let found = store
        .read(move |tx| {
            let name = name.clone();
            Box::pin(async move {
                let target = tx.targets().await?.into_iter().find(|target| target.name == name);
                match target {
                    Some(target) => Ok(Some((target.id, tx.groups_of_target(target.id, None, TRIED).await?))),
                    None => Ok(None),
                }
            })
        })
        .await;
    match found {
        Ok(Some((id, groups))) => (id, groups.into_iter().map(target_group).collect()),
        Ok(None) | Err(_) => nothing,
    }
}

fn target_group(group: Group) -> TargetGroup {
    let attribute = match group.attribute.as_str() {
        "uniqueMember" => MemberAttribute::UniqueMember,
        "memberUid" => MemberAttribute::MemberUid,
        _ => MemberAttribute::Member,
    };
    TargetGroup { id: group.id, native: group.native, attribute }
}
