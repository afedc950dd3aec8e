//! The metadata document: where a client of a private cloud finds everything (`ARM 4.3`). Anonymous.

use http::Uri;
use serde_json::{Value, json};

use crate::{answer::Reply, error::Answer, face::Options, version};

/// `GET /metadata/endpoints`: one object.
pub(crate) fn endpoints(options: &Options, uri: &Uri) -> Answer<Reply> {
    Ok(Reply::ok(match version::check(uri, version::METADATA)? {
        "2018-05-01" | "2015-01-01" => flat(options),
        _ => document(options),
    }))
}

/// `GET /metadata/clouds`: the same as a list, for settings that name a whole URL.
pub(crate) fn clouds(options: &Options) -> Reply {
    Reply::ok(json!([document(options)]))
}

/// The older, flat form.
fn flat(options: &Options) -> Value {
    let url = format!("{}/", options.public_url);
    json!({
        "galleryEndpoint": options.public_url,
        "graphEndpoint": url,
        "portalEndpoint": options.public_url,
        "graphAudience": url,
        "authentication": {"loginEndpoint": url, "audiences": [url]},
    })
}

fn document(options: &Options) -> Value {
    let plain = options.public_url.as_str();
    let url = format!("{plain}/");
    // Nothing of the others is served here; clients want a text.
    let host = plain.split_once("://").map_or(plain, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let suffix = |name: &str| format!("{name}.{host}");
    json!({
        "name": options.cloud_name,
        "portal": plain,
        "authentication": {
            "loginEndpoint": url,
            "audiences": [url],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graphAudience": url,
        "graph": url,
        "microsoftGraphResourceId": url,
        "media": plain,
        "resourceManager": url,
        "gallery": plain,
        "batch": plain,
        "sqlManagement": plain,
        "vmImageAliasDoc": plain,
        "activeDirectoryDataLake": plain,
        "logAnalyticsResourceId": plain,
        "appInsightsResourceId": plain,
        "appInsightsTelemetryChannelResourceId": plain,
        "synapseAnalyticsResourceId": plain,
        "attestationResourceId": plain,
        "ossrDbmsResourceId": plain,
        "suffixes": {
            "storage": suffix("core"),
            "keyVaultDns": suffix("vault"),
            "mhsmDns": suffix("mhsm"),
            "sqlServerHostname": suffix("sql"),
            "mysqlServerEndpoint": suffix("mysql"),
            "postgresqlServerEndpoint": suffix("pg"),
            "mariadbServerEndpoint": suffix("maria"),
            "azureDataLakeStoreFileSystem": suffix("dls"),
            "azureDataLakeAnalyticsCatalogAndJob": suffix("dla"),
            "acrLoginServer": suffix("acr"),
            "synapseAnalytics": suffix("syn"),
            "attestationEndpoint": suffix("att"),
            "storageSyncEndpointSuffix": suffix("afs"),
        },
    })
}
