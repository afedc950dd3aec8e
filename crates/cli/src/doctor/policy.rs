//! Roles whose requests can wait for nobody (seams §8).

use std::collections::BTreeSet;

use ephor_domain::{id::PersonId, pam::Role};
use ephor_store::{
    Fault, Store, Tx,
    tx::{NameCursor, Page},
};

use super::Findings;

/// Rows read at once.
const PAGE: u32 = 500;

pub(super) async fn look(store: &Store, findings: &mut Findings) {
    match store.read(|tx| Box::pin(stranded(tx))).await {
        Ok(stranded) if stranded.is_empty() => findings.good("roles", "every request has somebody who can decide it"),
        Ok(stranded) => {
            for sentence in stranded {
                findings.remark("roles", sentence);
            }
        }
        Err(fault) => findings.bad("roles", fault.cause()),
    }
}

/// One sentence for each role with a requester whom nobody can approve.
async fn stranded(tx: &mut Tx) -> Result<Vec<String>, Fault> {
    let mut sentences = Vec::new();
    let mut after = None;
    loop {
        let roles = tx.roles(&Page { search: None, after, limit: PAGE }).await?;
        after = roles.last().map(|role| NameCursor::after(role.name.as_str(), role.id.uuid()));
        for role in roles.iter().filter(|role| role.approval) {
            if let Some(sentence) = of_role(tx, role).await? {
                sentences.push(sentence);
            }
        }
        if roles.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(sentences);
        }
    }
}

async fn of_role(tx: &mut Tx, role: &Role) -> Result<Option<String>, Fault> {
    let approvers: BTreeSet<PersonId> = tx
        .approvers(role.id)
        .await?
        .into_iter()
        .filter(|named| named.approver.enabled)
        .map(|named| named.approver.person)
        .collect();
    let name = role.name.as_str();
    if approvers.is_empty() {
        return Ok(Some(format!("{name}: no enabled approver; requests time out")));
    }
    if approvers.len() > 1 {
        return Ok(None);
    }
    // One approver: nobody decides for himself.
    let mut after = None;
    loop {
        let candidates = tx.candidates(role.id, after, PAGE).await?;
        if let Some(alone) = candidates.iter().find(|candidate| approvers.contains(&candidate.principal.person)) {
            let username = alone.principal.username();
            return Ok(Some(format!("{name}: {username} is the only approver, so his own requests time out")));
        }
        after = candidates.last().map(|candidate| candidate.principal.id);
        if candidates.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            return Ok(None);
        }
    }
}
