//! The encoding of records: one leaf for one record, and back.

use std::borrow::Cow;

use ephor_audit::detail::Detail;
use ephor_audit::leaf::{self, ErasableState};
use ephor_audit::{Actor, Hash, Record};
use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

fn instant() -> impl Strategy<Value = Timestamp> {
    let range = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
    range.prop_map(|nanoseconds| Timestamp::from_nanosecond(nanoseconds).unwrap())
}

/// Any characters, control characters among them.
fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..6).prop_map(String::from_iter)
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn word() -> impl Strategy<Value = Cow<'static, str>> {
    text().prop_map(Cow::Owned)
}

fn detail() -> impl Strategy<Value = Detail> {
    let leaf = prop_oneof![
        Just(Detail::Null),
        any::<bool>().prop_map(Detail::Bool),
        any::<i64>().prop_map(Detail::Integer),
        text().prop_map(Detail::Text),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Detail::List),
            btree_map(text(), inner, 0..4).prop_map(Detail::Map),
        ]
    })
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        (id(), option::of(id())).prop_map(|(id, signed_in_as)| Actor::Principal { id, signed_in_as }),
        word().prop_map(|component| Actor::System { component }),
        Just(Actor::Anonymous),
    ]
}

prop_compose! {
    pub(crate) fn record()(
        (at, recorded_at, event, kind, actor, actor_address) in
            (instant(), option::of(instant()), any::<u16>(), word(), actor(), option::of(any::<std::net::IpAddr>())),
        (provider, request_id, entitlement_id, subject) in
            (option::of(word()), option::of(id()), option::of(id()), option::of(id())),
        (old_status, new_status, reason, correlation_id) in
            (option::of(word()), option::of(word()), option::of(word()), option::of(text())),
        details in btree_map(text(), detail(), 0..3),
        erasable in btree_map(text(), text(), 0..3),
    ) -> Record {
        Record {
            at, recorded_at, event, kind, actor, actor_address, provider, request_id, entitlement_id, subject,
            old_status, new_status, reason, correlation_id, details, erasable,
        }
    }
}

/// A record that differs from another in few fields, so that a confusion of two fields would show.
fn neighbour(record: Record) -> impl Strategy<Value = (Record, Record)> {
    (self::record(), vec(any::<bool>(), 14)).prop_map(move |(other, take)| {
        let mut near = record.clone();
        macro_rules! mix {
            ($($n:literal $field:ident),*) => { $(if take[$n] { near.$field = other.$field.clone(); })* };
        }
        mix!(0 at, 1 recorded_at, 2 event, 3 kind, 4 actor, 5 actor_address, 6 provider, 7 request_id, 8 entitlement_id,
             9 subject, 10 reason, 11 details, 12 correlation_id, 13 erasable);
        if take[0] != take[1] {
            std::mem::swap(&mut near.old_status, &mut near.new_status);
        }
        (record.clone(), near)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_is_read_back(record in record(), salt: [u8; 16]) {
        let sealed = record.seal(salt);
        prop_assert_eq!(sealed.leaf_hash, Hash::of_leaf(&sealed.leaf));
        let opened = leaf::open(&sealed.leaf, sealed.erasable.as_deref()).unwrap();
        let state = if record.erasable.is_empty() { ErasableState::Absent } else { ErasableState::Intact };
        prop_assert_eq!(opened.record, record);
        prop_assert_eq!(opened.erasable, state);
    }

    #[test]
    fn the_encoding_is_injective((a, b) in record().prop_flat_map(neighbour), salt: [u8; 16]) {
        let (sealed_a, sealed_b) = (a.seal(salt), b.seal(salt));
        prop_assert_eq!(sealed_a.leaf == sealed_b.leaf, a == b);
        prop_assert_eq!(sealed_a.leaf_hash == sealed_b.leaf_hash, a == b);
    }

    #[test]
    fn the_same_record_twice_has_two_hashes(record in record(), one: [u8; 16], two: [u8; 16]) {
        prop_assume!(one != two);
        prop_assert_ne!(record.seal(one).leaf_hash, record.seal(two).leaf_hash);
    }
}
