use std::error::Error;
use std::sync::Arc;

use ephor_testkit::available_or_skip;
use ephor_testkit::postgres::{Cluster, ClusterOptions, Postgres, Template};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn each_database_is_fresh_and_gone_afterwards() {
    let Some(first) = available_or_skip(Postgres::database()) else { return };
    let second = Postgres::database().unwrap();
    first.sql("CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
    assert_eq!(first.sql("SELECT n FROM t").unwrap(), "7");
    assert!(second.sql("SELECT n FROM t").unwrap_err().to_string().contains("does not exist"));
    assert_eq!(first.sql("SELECT current_database()").unwrap(), first.name());
    assert!(first.url().ends_with(first.name()), "{}", first.url());

    let name = first.name().to_owned();
    drop(first);
    assert_eq!(second.sql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")).unwrap(), "0");
}

#[test]
fn a_private_cluster_crashes_pauses_and_comes_back() {
    let Some(mut cluster) = available_or_skip(Cluster::start(&ClusterOptions::default())) else { return };
    let url = cluster.url("postgres");
    assert_eq!(cluster.sql("postgres", "SHOW fsync; SHOW max_connections").unwrap(), "off\n400");
    cluster.sql("postgres", "CREATE TABLE t (n int); INSERT INTO t VALUES (1)").unwrap();

    cluster.kill();
    assert!(cluster.sql("postgres", "SELECT 1").is_err(), "a killed server answers");
    cluster.start_again().unwrap();
    cluster.sql("postgres", "INSERT INTO t VALUES (2)").unwrap();

    cluster.pause().unwrap();
    cluster.resume().unwrap();

    cluster.stop().unwrap();
    cluster.start_again().unwrap();
    assert_eq!(cluster.sql("postgres", "SELECT sum(n) FROM t").unwrap(), "3");
    assert_eq!(cluster.url("postgres"), url);
}

#[test]
fn a_template_is_made_once_and_whole() {
    let options = ClusterOptions { durable: true, extra_config: "work_mem = '7MB'\n".to_owned() };
    let Some(cluster) = available_or_skip(Cluster::start(&options)) else { return };
    assert_eq!(cluster.sql("postgres", "SHOW fsync; SHOW work_mem").unwrap(), "on\n7MB");
    let templates = "SELECT datname FROM pg_database WHERE datname LIKE 'ephor_template%'";
    let made = |migrate: &dyn Fn(&str) -> Outcome| Template::make(&cluster.url("postgres"), migrate);

    let broken = made(&|_| Err("a syntax error".into()));
    assert!(broken.unwrap_err().to_string().contains("a syntax error"));
    assert_eq!(cluster.sql("postgres", templates).unwrap(), "", "half a template would be copied");

    let migrate = |url: &str| {
        let name = url.rsplit('/').next().unwrap();
        Ok(cluster.sql(name, "CREATE TABLE migrated (n int)").map(drop)?)
    };
    made(&migrate).unwrap();
    let name = cluster.sql("postgres", templates).unwrap();
    assert_eq!(cluster.sql(&name, "SELECT count(*) FROM migrated").unwrap(), "0");
    made(&|_| Err("ran twice".into())).unwrap();

    let cluster = Arc::new(cluster);
    let database = cluster.database().unwrap();
    drop(cluster);
    assert!(database.sql("SELECT FROM migrated").is_err(), "a cluster's own databases are empty");
}
