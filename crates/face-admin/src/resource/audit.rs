//! `/audit`: records, head, checkpoints, proofs, verification (architecture §8).

use axum::{Json, extract::State};
use ephor_audit::{proof::ProofDocument, verify::Report};
use ephor_engine::admin::audit::{Entry, ListRecords, ProveConsistency, ProveInclusion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    answer::Answer,
    body::Sent,
    caller::Signed,
    face::App,
    listing::{self, Page, page},
    parameters::{Number, Query},
    problem::Problems,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(records))
        .routes(routes!(proof))
        .routes(routes!(head))
        .routes(routes!(sign))
        .routes(routes!(consistency))
        .routes(routes!(verify))
}

/// A record with its place in the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
struct EntryBody {
    /// Its number, from 0.
    index: u64,
    /// Its hash in the tree, hexadecimal.
    hash: String,
    /// What the event is called.
    title: Option<&'static str>,
    /// `information`, `warning`, `error`, `critical`.
    severity: Option<String>,
    /// The record; absent once its body has passed its retention.
    #[schema(value_type = Option<Object>)]
    record: Option<serde_json::Value>,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        let event = entry.record.as_ref().and_then(|record| ephor_audit::events::find(record.event));
        Self {
            index: entry.index,
            hash: entry.hash.to_string(),
            title: event.map(|event| event.title),
            severity: event.map(|event| event.severity.to_string()),
            record: entry.record.and_then(|record| serde_json::to_value(record).ok()),
        }
    }
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of this request.
    request_id: Option<Uuid>,
    /// Caused by this principal.
    actor_id: Option<Uuid>,
    /// About the access of this principal.
    subject_id: Option<Uuid>,
    /// About this role.
    role_id: Option<Uuid>,
    /// Of this event number.
    event: Option<u16>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 1000, usually 100.
    limit: Option<u32>,
}

/// Records, newest first. With a filter a page may be short or empty and still have a `next`.
#[utoipa::path(get, path = "/audit/records", tag = "audit", operation_id = "listAuditRecords", params(Which),
    responses((status = 200, body = Page<EntryBody>), Problems))]
async fn records(State(app): State<App>, caller: Signed, Query(which): Query<Which>) -> Answer<Json<Page<EntryBody>>> {
    let query = ListRecords {
        request: which.request_id,
        actor: which.actor_id,
        subject: which.subject_id,
        entitlement: which.role_id,
        event: which.event,
        before: listing::after(which.cursor.as_deref())?,
        limit: listing::limit(which.limit)?,
    };
    Ok(Json(page(app.engine.consult(caller.actor(), query).await?, Into::into)))
}

/// The proof that a record is in the tree of the last checkpoint. Anybody can check it with the public key alone.
#[utoipa::path(get, path = "/audit/records/{index}/proof", tag = "audit", operation_id = "getInclusionProof",
    params(("index" = u64, Path)), responses((status = 200, body = Object), Problems))]
async fn proof(State(app): State<App>, caller: Signed, index: Number) -> Answer<Json<ProofDocument>> {
    let document = app.engine.consult(caller.actor(), ProveInclusion { index: index.0 }).await?;
    Ok(Json(ProofDocument::Inclusion(document)))
}

/// The head of the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditHead)]
struct HeadBody {
    /// Number of records.
    size: u64,
    /// Root of the tree of them, hexadecimal.
    root: String,
    /// The last signed checkpoint, in its text form.
    checkpoint: Option<String>,
    /// Public key that checkpoints are signed with, in its text form.
    key: Option<String>,
}

/// The head of the log: size, root, last checkpoint, key.
#[utoipa::path(get, path = "/audit/head", tag = "audit", operation_id = "getAuditHead",
    responses((status = 200, body = HeadBody), Problems))]
async fn head(State(app): State<App>, caller: Signed) -> Answer<Json<HeadBody>> {
    let head = app.engine.audit_head(caller.actor()).await?;
    Ok(Json(HeadBody { size: head.size, root: head.root.to_string(), checkpoint: head.checkpoint, key: head.key }))
}

/// A signed checkpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CheckpointBody {
    /// Its text form. Keep it elsewhere: it is what later shows truncation and roll-back.
    checkpoint: String,
}

/// Signs the log as it is now.
#[utoipa::path(post, path = "/audit/checkpoints", tag = "audit", operation_id = "signCheckpoint",
    responses((status = 200, body = CheckpointBody), Problems))]
async fn sign(State(app): State<App>, caller: Signed) -> Answer<Json<CheckpointBody>> {
    Ok(Json(CheckpointBody { checkpoint: app.engine.sign_checkpoint(caller.actor()).await? }))
}

/// Between which checkpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Between {
    /// Size of the earlier checkpoint.
    from: u64,
}

/// The proof that the tree of the last checkpoint begins with that of an earlier one.
#[utoipa::path(get, path = "/audit/consistency", tag = "audit", operation_id = "getConsistencyProof", params(Between),
    responses((status = 200, body = Object), Problems))]
async fn consistency(
    State(app): State<App>,
    caller: Signed,
    Query(between): Query<Between>,
) -> Answer<Json<ProofDocument>> {
    let document = app.engine.consult(caller.actor(), ProveConsistency { old: between.from }).await?;
    Ok(Json(ProofDocument::Consistency(document)))
}

/// What the log is to be compared with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Against {
    /// A checkpoint kept elsewhere, in its text form.
    checkpoint: Option<String>,
}

/// Reads the whole log and says what may be said of it: the first bad record, or that it is good.
#[utoipa::path(post, path = "/audit/verify", tag = "audit", operation_id = "verifyAudit", request_body = Against,
    responses((status = 200, body = Object), Problems))]
async fn verify(State(app): State<App>, caller: Signed, Sent(against): Sent<Against>) -> Answer<Json<Report>> {
    Ok(Json(app.engine.verify_audit(caller.actor(), against.checkpoint).await?))
}
