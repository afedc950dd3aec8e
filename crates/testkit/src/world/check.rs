//! What must hold after every story: the log verifies, every state row's leaf is there, nobody is in a group for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ephor_audit::key::KeyRing;
use ephor_audit::verify::{NamedLeaf, Row, Verifier};
use ephor_audit::{Hash, Record, leaf};
use ephor_domain::grant::Phase;
use ephor_domain::id::{GroupId, RequestId};
use ephor_store::tx::audit::{Named, StoredLeaf};
use ephor_store::tx::membership::Placed;

use super::{StubTarget, World};

const PAGE: u32 = 4096;

impl World {
    /// Verifies the audit log and looks for orphans.
    ///
    /// # Panics
    /// When something is wrong.
    pub async fn verify(&self) {
        self.verify_log().await;
        self.verify_memberships().await;
    }

    /// Looks for orphans, and for grants without their memberships.
    ///
    /// # Panics
    /// When something is wrong.
    pub async fn verify_memberships(&self) {
        self.verify_grants().await;
        for stub in self.stubs.values() {
            self.verify_target(stub).await;
        }
    }

    /// All leaves, in order. Numbers them first where commits leave them unnumbered.
    async fn leaves(&self) -> Vec<StoredLeaf> {
        self.number_all().await;
        let mut leaves = Vec::new();
        loop {
            let from = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
            let page = self.store.read(move |tx| Box::pin(tx.leaves(from, PAGE))).await.expect("leaves");
            if page.is_empty() {
                return leaves;
            }
            leaves.extend(page);
        }
    }

    /// On a cluster that other tests write to, the youngest leaves wait for the oldest transaction of all.
    async fn number_all(&self) {
        const LOOK_EVERY: Duration = Duration::from_millis(25);
        for _ in 0..400 {
            self.engine.number_leaves().await.expect("numbered leaves");
            let Some(written) = self.written_leaves() else { return };
            let numbered = self.store.read(|tx| Box::pin(tx.audit_size())).await.expect("the size of the log");
            if numbered >= written {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        unreachable!("leaves stay without a number");
    }

    async fn named(&self) -> Vec<(Named, Hash)> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.read(move |tx| Box::pin(tx.named_leaves(after, PAGE))).await.expect("named leaves");
            let Some((last, _)) = page.last() else { return all };
            after = Some(*last);
            all.extend(page);
        }
    }

    async fn verify_log(&self) {
        let named = self.named().await;
        let leaves = self.leaves().await;
        let hashes: BTreeSet<Vec<u8>> = leaves.iter().map(|leaf| leaf.leaf_hash.as_bytes().to_vec()).collect();
        let mut verifier = Verifier::new("ephor.test/audit", KeyRing::new([]));
        for leaf in leaves {
            let StoredLeaf { index, leaf, leaf_hash, erasable } = leaf;
            verifier.row(&Row { index, leaf, leaf_hash, erasable });
        }
        let head = self.store.read(|tx| Box::pin(tx.audit_frontier())).await.expect("the head of the log");
        verifier.head(&head);
        for (name, leaf_hash) in named {
            let (table, id) = match name {
                Named::Request(id) => ("request", id.to_string()),
                Named::Grant(id) => ("grant", id.to_string()),
            };
            let found = hashes.contains(&leaf_hash.as_bytes()[..]);
            verifier.named_leaf(NamedLeaf { table: table.to_owned(), id, leaf_hash }, found);
        }
        let report = verifier.finish();
        assert!(report.is_good(), "the audit log: {:?}", report.faults);
    }

    /// Every record, in order.
    ///
    /// # Panics
    /// When a record cannot be read.
    pub async fn records(&self) -> Vec<Record> {
        let leaves = self.leaves().await;
        let open = |stored: StoredLeaf| {
            leaf::open(&stored.leaf.expect("a body"), stored.erasable.as_deref()).expect("a record").record
        };
        leaves.into_iter().map(open).collect()
    }

    /// The numbers of the events of one request, in order.
    pub async fn events_of(&self, request: RequestId) -> Vec<u16> {
        self.story(request).await.into_iter().map(|record| record.event).collect()
    }

    /// The records of one request, in order.
    pub async fn story(&self, request: RequestId) -> Vec<Record> {
        let mut records = self.records().await;
        records.retain(|record| record.request_id == Some(request.uuid()));
        records
    }

    /// How often an event was recorded.
    pub async fn count(&self, event: ephor_audit::events::Event) -> usize {
        self.records().await.iter().filter(|record| record.event == event.id).count()
    }

    /// Every membership row of a group.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn rows(&self, group: GroupId) -> Vec<Placed> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.read(move |tx| Box::pin(tx.memberships_of_group(group, after, PAGE))).await;
            let page = page.expect("membership rows");
            let Some(last) = page.last().map(|placed| placed.membership.principal) else { return all };
            after = Some(last);
            all.extend(page);
        }
    }

    /// A grant in force has its memberships, as far as the store knows.
    async fn verify_grants(&self) {
        let open = self.store.read(|tx| Box::pin(tx.open_grants(None, None, 100_000))).await.expect("open grants");
        for grant in open {
            let case = self.store.read(move |tx| Box::pin(tx.grant_case(grant))).await.expect("a case");
            let case = case.expect("the case of an open grant");
            let Some(grant) = case.grant else { continue };
            if matches!(grant.phase, Phase::InForce { .. }) && grant.gives(self.now()) {
                for owed in case.owed {
                    let membership = owed.membership.expect("the membership of a grant in force");
                    assert!(membership.wanted, "a grant in force whose membership is not wanted: {membership:?}");
                }
            }
        }
    }

    /// Whoever Ephor put into a group is owed it, or on his way out.
    async fn verify_target(&self, stub: &StubTarget) {
        let mut put_in = BTreeMap::new();
        for write in stub.written() {
            put_in.insert((write.group, write.member), write.present);
        }
        let target = ephor_engine::port::target::TargetDirectory::id(stub);
        let groups = self.store.read(move |tx| Box::pin(tx.groups_of_target(target, None, PAGE))).await;
        for group in groups.expect("groups") {
            let rows = self.rows(group.id).await;
            let members = stub.members(&group.priv_account);
            for login in members {
                let member = super::account_native(&login);
                if put_in.get(&(group.native.clone(), member.clone())) != Some(&true) {
                    continue;
                }
                let row = rows.iter().find(|row| row.account_native.as_deref() == Some(&member));
                let membership = row.map(|row| &row.membership);
                let is_accounted = membership.is_some_and(|row| row.wanted || row.due.is_some());
                assert!(is_accounted, "{login} is in {} for nothing: {membership:?}", group.native);
            }
            for row in rows {
                let membership = &row.membership;
                let is_said = membership.wanted && membership.in_force && membership.due.is_none();
                let login = row.login.clone().unwrap_or_default();
                assert!(
                    !is_said || stub.has(&group.priv_account, &login),
                    "{login} is said to be in {}: {membership:?}",
                    group.native
                );
            }
        }
    }
}
