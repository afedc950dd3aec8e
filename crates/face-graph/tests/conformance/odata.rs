//! GRAPH-017 to GRAPH-028: query options over lists of the directory.

use serde_json::json;

use crate::app::{App, each, group, who};

#[tokio::test]
async fn graph_019_020_022_030_filters_over_people_and_groups() {
    let app = App::start().await;
    let carol = ["Carol O'Brien"];
    let alice = who("alice").to_string();
    for (path, names) in [
        ("users?$filter=displayName eq 'Carol O''Brien'".to_owned(), &carol[..]),
        ("users?$filter = DisplayName eq 'carol o''brien' ".to_owned(), &carol),
        ("users?$filter=displayName+eq+'Carol+O''Brien'".to_owned(), &carol),
        ("users?%24filter=displayName%20eq%20'Carol O''Brien'".to_owned(), &carol),
        ("users?filter=userPrincipalName eq 'CAROL@demo.test'".to_owned(), &carol),
        ("users?$filter=mail eq 'Carol@demo.test'".to_owned(), &carol),
        (format!("users?$filter=id eq '{}'", alice.to_uppercase()), &["Alice Archer"]),
        (format!("users?$filter=id in ('{alice}','x') and accountEnabled eq true"), &["Alice Archer"]),
        ("users?$filter=startswith(displayName,'ALIC')".to_owned(), &["Alice Archer", "Alicia Aldous"]),
        (
            "users?$filter=endsWith(mail,'@demo.test') and startswith(givenName,'Al')".to_owned(),
            &["Alice Archer", "Alicia Aldous"],
        ),
        ("users?$filter=manager/id eq 'x'".to_owned(), &[]),
        ("users?$filter=manager/displayName eq 'bob brown'".to_owned(), &["Alice Archer"]),
        ("users?$filter=accountEnabled eq false".to_owned(), &["Olaf Frost"]),
        (
            "users?$filter=createdDateTime eq 2026-03-02T12:00:00+02:00 and surname eq 'Dunn'".replace('+', "%2B"),
            &["Dave Dunn"],
        ),
        ("users?$filter=createdDateTime lt 2026-03-02T10:00:00Z".to_owned(), &[]),
        (format!("groups?$filter=id in ('{}','{}')", group("G"), group("devs")), &["Project Falcon", "Developers"]),
        ("groups?$filter=displayName in ('Developers')".to_owned(), &["Developers"]),
    ] {
        let found = app.get("ga", &format!("/v1.0/{path}")).await.ok();
        let mut found = each(&found, "displayName");
        let mut names = names.to_vec();
        found.sort_unstable();
        names.sort_unstable();
        assert_eq!(found, names, "{path}");
    }
}

#[tokio::test]
async fn graph_021_names_of_roles_have_letter_case() {
    let app = App::start().await;
    let path = "/v1.0/roleManagement/directory/roleDefinitions?$select=displayName&$filter=";
    let found = async |filter: &str| app.get("ga", &format!("{path}{filter}")).await.ok()["value"].clone();
    assert_eq!(found("displayName eq 'user administrator'").await, json!([]));
    let one = json!([{"displayName": "User Administrator"}]);
    assert_eq!(found("tolower(displayName) eq 'user administrator'").await, one);
    assert_eq!(found("displayName in ('User Administrator','x')").await, one);
    assert_eq!(found("startswith(displayName,'User Adm')").await, one);
    assert_eq!(found("isBuiltIn eq false").await, json!([{"displayName": "Application Registrar"}]));
    assert_eq!(found("isPrivileged eq true and displayName eq 'User Administrator'").await, one);
}

#[tokio::test]
async fn graph_024_026_lists_go_on_with_links() {
    let app = App::start().await;
    let all = app.get("ga", "/v1.0/users?$select=id").await.ok();
    assert_eq!(all.get("@odata.nextLink"), None);
    let all: Vec<String> = each(&all, "id").into_iter().map(str::to_owned).collect();
    assert_eq!(all.len(), 14);
    let token = app.token("ga").await;
    for (path, headers, rows) in [
        ("/v1.0/users?$top=1&$select=id", vec![], 1),
        ("/v1.0/users?$select=id", vec![("prefer", "odata.maxpagesize=2")], 2),
        ("/v1.0/users?$select=id&$filter=accountEnabled eq true&$top=3", vec![], 3),
        ("/v1.0/users?$select=id&$orderby=userPrincipalName desc&$top=4", vec![], 4),
        ("/beta/roleManagement/directory/roleDefinitions?$select=id&$top=50&$orderby=displayName", vec![], 50),
    ] {
        let (mut at, mut found, mut pages) = (path.to_owned(), Vec::new(), 0);
        loop {
            let reply = app.call(http::Method::GET, &token, &at, &headers, "").await;
            if !headers.is_empty() {
                assert_eq!(reply.header("preference-applied"), Some("odata.maxpagesize=2"));
            }
            let page = reply.ok();
            let ids = each(&page, "id");
            assert!(ids.len() <= rows, "{path}");
            found.extend(ids.into_iter().map(str::to_owned));
            pages += 1;
            let Some(next) = page["@odata.nextLink"].as_str() else { break };
            assert!(pages < 100, "{path} does not end");
            at = next.strip_prefix("https://here.example:8443").expect("the host that was called").to_owned();
            assert!(at.starts_with(path.split('?').next().unwrap()));
        }
        let mut unique = found.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), found.len(), "{path}: every row once");
        let expected = match path {
            _ if path.starts_with("/beta") => 147,
            _ if path.contains("filter") => 13,
            _ => all.len(),
        };
        assert_eq!((found.len(), pages), (expected, expected.div_ceil(rows)), "{path}");
    }
    let none = app.get("ga", "/v1.0/users?$top=0").await.ok();
    assert_eq!((none["value"].clone(), none.get("@odata.nextLink")), (json!([]), None));
    let reply = app.get("ga", "/v1.0/users?$skiptoken=x").await.error();
    assert_eq!((reply.0, reply.1.as_str()), (400, "BadRequest"));
}

#[tokio::test]
async fn graph_025_counts() {
    let app = App::start().await;
    let path = "/v1.0/users?$count=true&$top=2";
    assert_eq!(app.get("ga", path).await.ok().get("@odata.count"), None, "not without ConsistencyLevel");
    assert_eq!(app.get_eventual("ga", path).await.ok()["@odata.count"], 14);
    let filtered = format!("{path}&$filter=accountEnabled eq false");
    assert_eq!(app.get_eventual("ga", &filtered).await.ok()["@odata.count"], 1);
    let (status, code, _) = app.get("ga", "/v1.0/users/$count").await.error();
    assert_eq!((status, code.as_str()), (400, "Request_BadRequest"));
    assert_eq!(app.get_eventual("ga", "/v1.0/users/$count").await.text(), "14");
    let path = "/v1.0/users/$count?$filter=startswith(displayName,'alic')";
    assert_eq!(app.get_eventual("ga", path).await.text(), "2");
    assert_eq!(app.get_eventual("ga", "/v1.0/groups/$count").await.text(), "10");
    let path = "/v1.0/roleManagement/directory/roleDefinitions?$count=true&$top=1&$skip=5";
    assert_eq!(app.get("ga", path).await.ok()["@odata.count"], 147, "no header needed, before paging");
}

#[tokio::test]
async fn searches_need_the_header() {
    let app = App::start().await;
    let path = "/v1.0/users?$search=\"displayName:obri\"";
    let (status, code, _) = app.get("ga", path).await.error();
    assert_eq!((status, code.as_str()), (400, "Request_UnsupportedQuery"));
    assert_eq!(app.get_eventual("ga", path).await.ok()["value"], json!([]), "words begin with the text");
    let path = "/v1.0/users?$search=\"displayName:brien\" OR \"displayName:dunn\"&$count=true";
    let found = app.get_eventual("ga", path).await.ok();
    assert_eq!(each(&found, "displayName"), ["Carol O'Brien", "Dave Dunn"]);
    assert_eq!(found["@odata.count"], 2);
    let (status, code, _) = app.get_eventual("ga", "/v1.0/users?$search=\"nothing:x\"").await.error();
    assert_eq!((status, code.as_str()), (400, "BadRequest"));
}

#[tokio::test]
async fn graph_027_028_what_is_not_understood_is_refused() {
    let app = App::start().await;
    let unknown = "Could not find a property named 'nothing' on type 'microsoft.graph.user'.";
    for (query, message) in [
        ("$select=nothing", unknown),
        ("$filter=nothing eq 'x'", unknown),
        ("$expand=nothing", unknown),
        ("$orderby=nothing", unknown),
        ("$nothing=1", "The query parameter '$nothing' is not supported."),
        ("$filter=(id eq 'x'", "Invalid $filter clause: Syntax error at position 10."),
        ("$filter=id eq 'x", "Invalid $filter clause: There is an unterminated string literal at position 6."),
        ("$filter=nonsense(id) eq 'x'", "Invalid $filter clause: An unknown function was found at position 0."),
        ("$filter=accountEnabled eq 'x'", "The value does not fit the type of the property 'accountEnabled'."),
        ("$top=-1", "Invalid value '-1' for $top query option found."),
        ("$top=x", "Invalid value 'x' for $top query option found."),
    ] {
        let refused = app.get("ga", &format!("/v1.0/users?{query}")).await.error();
        assert_eq!(refused, (400, "BadRequest".to_owned(), message.to_owned()), "{query}");
    }
    let (status, code, _) = app.get("ga", "/v1.0/users?$skip=1").await.error();
    assert_eq!((status, code.as_str()), (400, "Request_BadRequest"));
    assert_eq!(app.get("ga", "/v1.0/users?nothing=1").await.status, http::StatusCode::OK);
}
