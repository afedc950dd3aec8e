//! Locks that no row carries: advisory locks of the transaction, taken in one statement, in one order for all.

use uuid::Uuid;

use super::Session;
use crate::{Fault, tx::Lock};

/// Sixteen bytes as eight. A collision makes two strangers wait for each other, no more.
fn folded(id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    i64::from_ne_bytes((high ^ low.rotate_left(32)).to_ne_bytes())
}

/// Keys, and which of them are held alone.
pub(super) type Keys = Vec<(i64, bool)>;

/// Keys in order, each once; alone wins over together.
fn keys(locks: &[Lock]) -> Keys {
    let mut wanted: Vec<(i64, bool)> = locks
        .iter()
        .map(|lock| match lock {
            Lock::Shared(id) => (folded(*id), false),
            Lock::Exclusive(id) => (folded(*id), true),
            Lock::Line(principal, entitlement) => {
                (folded(principal.uuid()) ^ folded(entitlement.uuid()).rotate_left(1), true)
            }
        })
        .collect();
    wanted.sort_by_key(|(key, alone)| (*key, !*alone));
    wanted.dedup_by_key(|(key, _)| *key);
    wanted
}

/// The statement that takes them, one after the other. As text: it travels with `BEGIN` in one message, and there is
/// nothing to plan. It holds nothing but numbers.
pub(super) fn text(keys: &Keys) -> String {
    let mut text = String::from("SELECT ");
    for (at, (key, alone)) in keys.iter().enumerate() {
        let function = if *alone { "pg_advisory_xact_lock" } else { "pg_advisory_xact_lock_shared" };
        text.push_str(&format!("{}{function}({key})", if at > 0 { ", " } else { "" }));
    }
    text
}

impl Session {
    pub(crate) fn lock(&mut self, locks: &[Lock]) -> Result<(), Fault> {
        if locks.is_empty() { Ok(()) } else { self.take_locks(keys(locks)) }
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::id::{EntitlementId, PrincipalId};

    use super::*;

    #[test]
    fn one_order_for_all_and_alone_wins() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let one = keys(&[Lock::Shared(b), Lock::Exclusive(a), Lock::Exclusive(b), Lock::Shared(a)]);
        let other = keys(&[Lock::Exclusive(a), Lock::Exclusive(b)]);
        assert_eq!(one, other);
        assert!(one.iter().all(|(_, alone)| *alone));
        assert_eq!(
            text(&vec![(-5, true), (7, false)]),
            "SELECT pg_advisory_xact_lock(-5), pg_advisory_xact_lock_shared(7)"
        );
        let line = keys(&[Lock::Line(PrincipalId::new(a), EntitlementId::new(b))]);
        let turned = keys(&[Lock::Line(PrincipalId::new(b), EntitlementId::new(a))]);
        assert_ne!(line, turned);
    }
}
