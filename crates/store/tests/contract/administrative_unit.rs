//! Administrative units and who is in them.

use ephor_store::{Fault, Store, tx::administrative_unit::AdministrativeUnit};
use uuid::Uuid;

use super::Clause;

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![("administrative units", |store| Box::pin(units(store)))]
}

fn unit(number: u128, name: &str) -> AdministrativeUnit {
    AdministrativeUnit { id: Uuid::from_u128(number), name: name.to_owned(), description: None, visibility: None }
}

async fn units(store: Store) {
    let written = store.transact(|tx| {
        Box::pin(async move {
            tx.put_administrative_unit(&unit(1, "West")).await?;
            tx.put_administrative_unit(&unit(2, "East")).await?;
            let [one, two] = [1, 2].map(Uuid::from_u128);
            for member in [8, 9] {
                tx.put_administrative_unit_member(one, Uuid::from_u128(member), true).await?;
            }
            tx.put_administrative_unit_member(two, Uuid::from_u128(9), true).await?;
            tx.put_administrative_unit_member(two, Uuid::from_u128(9), true).await?;
            tx.put_administrative_unit_member(one, Uuid::from_u128(8), false).await
        })
    });
    assert!(written.await.unwrap());
    let read = store.read(|tx| {
        Box::pin(async move {
            let all = tx.administrative_units().await?;
            let members = tx.administrative_unit_members(Uuid::from_u128(1), None, 10).await?;
            Ok((all, members, tx.administrative_units_of(Uuid::from_u128(9)).await?))
        })
    });
    let ids = |ids: &[u128]| ids.iter().copied().map(Uuid::from_u128).collect::<Vec<_>>();
    assert_eq!(read.await.unwrap(), (vec![unit(2, "East"), unit(1, "West")], ids(&[9]), ids(&[1, 2])));
    let nowhere = store.transact(|tx| {
        Box::pin(async move { tx.put_administrative_unit_member(Uuid::from_u128(7), Uuid::from_u128(9), true).await })
    });
    assert!(matches!(nowhere.await, Err(Fault::Dangling { .. })));
    let gone = store.transact(|tx| Box::pin(tx.delete_administrative_unit(Uuid::from_u128(1))));
    assert!(gone.await.unwrap());
    let left = store.read(|tx| Box::pin(tx.administrative_units_of(Uuid::from_u128(9)))).await.unwrap();
    assert_eq!(left, ids(&[2]));
}
