//! The metadata document of a private cloud.

use serde_json::Value;

use crate::app::{App, URL};

const MEMBERS: [&str; 20] = [
    "name",
    "resourceManager",
    "microsoftGraphResourceId",
    "graph",
    "graphAudience",
    "portal",
    "gallery",
    "batch",
    "media",
    "sqlManagement",
    "vmImageAliasDoc",
    "activeDirectoryDataLake",
    "logAnalyticsResourceId",
    "appInsightsResourceId",
    "synapseAnalyticsResourceId",
    "attestationResourceId",
    "ossrDbmsResourceId",
    "appInsightsTelemetryChannelResourceId",
    "authentication",
    "suffixes",
];

const SUFFIXES: [&str; 13] = [
    "storage",
    "keyVaultDns",
    "sqlServerHostname",
    "azureDataLakeStoreFileSystem",
    "azureDataLakeAnalyticsCatalogAndJob",
    "acrLoginServer",
    "mhsmDns",
    "mysqlServerEndpoint",
    "postgresqlServerEndpoint",
    "mariadbServerEndpoint",
    "synapseAnalytics",
    "attestationEndpoint",
    "storageSyncEndpointSuffix",
];

fn is_whole(document: &Value) {
    let document = document.as_object().unwrap();
    let mut names: Vec<&str> = document.keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected = MEMBERS.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    for (name, value) in document {
        // Clients put tokens only on what is https, and compare the name with the one they registered.
        let text = value.as_str();
        let is_ours = text.is_some_and(|text| text == URL || text.strip_suffix('/') == Some(URL));
        assert!(is_ours || matches!(name.as_str(), "name" | "authentication" | "suffixes"), "{name}: {value}");
    }
    assert_eq!(document["name"], "Ephor");
    let slash = format!("{URL}/");
    let authentication = serde_json::json!({
        "loginEndpoint": slash, "audiences": [slash], "tenant": "common", "identityProvider": "AAD",
    });
    assert_eq!(document["authentication"], authentication);
    for name in SUFFIXES {
        assert!(document["suffixes"][name].as_str().unwrap().ends_with(".ephor.example"), "{name}");
    }
    assert_eq!(document["suffixes"].as_object().unwrap().len(), SUFFIXES.len());
}

#[tokio::test]
async fn arm_014_anybody_may_read_where_everything_is() {
    let app = App::start().await;
    for version in ["2022-09-01", "2019-05-01"] {
        is_whole(&app.anonymous(&format!("/metadata/endpoints?api-version={version}")).await.json());
    }
    // For settings that name a whole URL: a list, without a version.
    let list = app.anonymous("/metadata/clouds").await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    is_whole(&list[0]);
    // What is older is flat.
    for version in ["2018-05-01", "2015-01-01"] {
        let flat = app.anonymous(&format!("/metadata/endpoints?api-version={version}")).await.json();
        assert_eq!(flat["authentication"]["loginEndpoint"], format!("{URL}/"));
        assert_eq!(flat["graphEndpoint"], format!("{URL}/"));
    }
    assert_eq!(app.anonymous("/metadata/endpoints?api-version=1.0").await.error().0, 400);
}
