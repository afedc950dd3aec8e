//! GRAPH-001: the metadata document is well-formed and says what the published one says.

use std::collections::BTreeSet;

use http::{Method, StatusCode};

use crate::app::App;

/// Start tags with their attributes in order of their names, each below the type it belongs to.
fn lines(document: &str) -> BTreeSet<String> {
    let mut owner = String::new();
    let mut found = BTreeSet::new();
    for tag in document.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("tags end");
        if tag.starts_with(['/', '?', '!']) {
            continue;
        }
        let tag = tag.trim_end_matches('/').trim();
        let (name, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut attributes: Vec<String> = Vec::new();
        let mut rest = rest.trim();
        while let Some((attribute, more)) = rest.split_once("=\"") {
            let (value, more) = more.split_once('"').expect("values end");
            attributes.push(format!("{}={}", attribute.trim(), value.replace("microsoft.graph.", "graph.")));
            rest = more.trim();
        }
        attributes.sort();
        let line = format!("{name} {}", attributes.join(" "));
        match name {
            "EntityType" | "ComplexType" | "EnumType" => {
                owner = line.clone();
                found.insert(line);
            }
            "Property" | "NavigationProperty" | "Member" => {
                found.insert(format!("{owner} / {line}"));
            }
            "EntitySet" | "Singleton" => {
                found.insert(line);
            }
            _ => {}
        }
    }
    found
}

#[tokio::test]
async fn graph_001_metadata_of_both_editions() {
    let app = App::start().await;
    for (edition, published) in [("v1.0", "csdl-v1.0.xml"), ("beta", "csdl-beta.xml")] {
        let reply = app.call(Method::GET, "", &format!("/{edition}/$metadata"), &[], "").await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("content-type"), Some("application/xml"));
        let text = reply.text();
        assert!(text.contains("<EntityType Name=\"unifiedRoleAssignmentScheduleRequest\""));
        // Every tag that opens closes.
        let mut open: Vec<&str> = Vec::new();
        for tag in text.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{edition}");
            } else if !tag.starts_with('?') && !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap());
            }
        }
        assert!(open.is_empty(), "{open:?}");

        let Ok(folder) = std::env::var("EPHOR_SPEC_DIR") else {
            eprintln!("EPHOR_SPEC_DIR is not set: the published metadata is not compared");
            continue;
        };
        let published = std::fs::read_to_string(format!("{folder}/graph/{published}")).unwrap();
        let (ours, theirs) = (lines(&text), lines(&published));
        let missing: Vec<_> = theirs.difference(&ours).collect();
        assert!(missing.is_empty(), "{edition} lacks {missing:#?}");
    }
}

#[tokio::test]
async fn the_service_document_lists_where_paths_begin() {
    let app = App::start().await;
    for path in ["/v1.0", "/v1.0/", "/beta"] {
        let body = app.get("ga", path).await.ok();
        let names = crate::app::each(&body, "name");
        for name in ["users", "groups", "me", "roleManagement"] {
            assert!(names.contains(&name), "{path}: {name}");
        }
    }
}
