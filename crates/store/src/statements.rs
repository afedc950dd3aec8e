//! Every statement fits the schema of both databases, and none reads a whole table unless it is listed here.

use ephor_testkit::{available_or_skip, postgres::Postgres};

use crate::{Location, Store, postgres, sql::Statement, sqlite, tx};

/// Statements that read a whole table or index, and why that is bounded.
const SCANS: &[(&str, &str)] = &[
    ("person.merge_named", "approvers are few, and persons are merged rarely"),
    ("target.list", "targets are few"),
    ("signing_key.list", "keys are few"),
    ("outbox.next", "reads the first row of the index"),
    ("administrator.list", "administrators are few"),
    ("administrative_unit.list", "units are few, and no more than ten thousand are read"),
    ("role_definition.list", "roles of one's own are few, and no more than ten thousand are read"),
    ("resource_role.list", "roles of one's own are few, and no more than ten thousand are read"),
    ("pending_unlink.list", "holds only what waits"),
    ("membership.overdue", "looks at what is due, which is little or a fault by itself"),
    ("membership.oldest_removal", "looks at what is due"),
    ("list.grants", "looks at open grants only, for a role that goes"),
    ("list.waiting", "looks at waiting requests only"),
    ("leaf.left", "once after a restore into another cluster"),
    ("leaf.waiting_left", "once after a restore into another cluster"),
    ("alert_operation.open", "looks at scans that are under way"),
    ("challenge.open", "looks at waiting requests only"),
];

/// Indexes of which one key may be that of most rows, and the lists that walk through them.
const WIDE: &[(&str, &[&str])] = &[
    ("line_list", &["line.list"]),
    ("line_scope", &["line.of_scope", "line.in_span"]),
    ("schedule_order_list", &["schedule_order.list"]),
    ("schedule_order_scope", &["schedule_order.of_scope", "schedule_order.in_span"]),
    ("role_assignment_scope", &["role_assignment.in_span"]),
];

fn portable() -> Vec<&'static Statement> {
    tx::statements()
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = [&portable()[..], sqlite::statements(), &postgres::statements()].concat();
    names.sort_by_key(|statement| statement.name);
    for pair in names.windows(2) {
        assert_ne!(pair[0].name, pair[1].name);
    }
    assert!(names.len() > 150, "{}", names.len());
}

#[tokio::test]
async fn all_fit_sqlite_and_use_its_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Store::open(&Location::Sqlite(path.clone())).await.unwrap();
    store.close().await;
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut scans = Vec::new();
    for statement in portable().into_iter().chain(sqlite::statements().iter().copied()) {
        let text = format!("EXPLAIN QUERY PLAN {}", statement.for_sqlite());
        let mut plan = connection.prepare(&text).unwrap_or_else(|error| panic!("{}: {error}", statement.name));
        for at in 1..=plan.parameter_count() {
            plan.raw_bind_parameter(at, at as i64).unwrap();
        }
        let mut rows = plan.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let detail: String = row.get(3).unwrap();
            // By custom `k` is a page that a subquery has cut.
            let is_bounded =
                detail == "SCAN k" || ["CONSTANT ROW", "VIRTUAL TABLE"].iter().any(|word| detail.contains(word));
            let is_wide = WIDE
                .iter()
                .any(|(index, lists)| detail.split(' ').any(|word| word == *index) && !lists.contains(&statement.name));
            if detail.starts_with("SCAN") && !is_bounded || is_wide {
                scans.push((statement.name, detail));
            }
        }
    }
    let unlisted: Vec<_> = scans.iter().filter(|(name, _)| !is_listed(name)).collect();
    assert!(unlisted.is_empty(), "{unlisted:#?}");
}

#[tokio::test]
async fn all_fit_postgres_and_use_its_indexes() {
    let Some(database) = available_or_skip(Postgres::database()) else { return };
    let store = Store::open(&Location::Postgres(database.url().to_owned())).await.unwrap();
    store.close().await;
    let (client, connection) = tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // The tables are empty: make the planner think of what it would do if it had to avoid reading all.
    client.batch_execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").await.unwrap();
    let mut scans = Vec::new();
    for statement in portable().into_iter().chain(postgres::statements()) {
        let prepared =
            client.prepare(statement.sql).await.unwrap_or_else(|error| panic!("{}: {error:?}", statement.name));
        let nulls = vec!["NULL"; prepared.params().len()].join(", ");
        let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
        client.batch_execute(&format!("PREPARE probe AS {}", statement.sql)).await.unwrap();
        let plan = client.query(&format!("EXPLAIN EXECUTE probe{arguments}"), &[]).await.unwrap();
        client.batch_execute("DEALLOCATE probe").await.unwrap();
        for row in plan {
            let line: String = row.get(0);
            if line.contains("Seq Scan") {
                scans.push((statement.name, line));
            }
        }
    }
    let unlisted: Vec<_> = scans.iter().filter(|(name, _)| !is_listed(name)).collect();
    assert!(unlisted.is_empty(), "{unlisted:#?}");
}

fn is_listed(name: &str) -> bool {
    SCANS.iter().any(|(listed, _)| *listed == name)
}
