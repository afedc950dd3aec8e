//! Collections without paging and in constant memory (`PAM-016`, seams §15): read page by page, written as they come.

use axum::body::Body;
use bytes::Bytes;
use ephor_engine::{
    Answer,
    pam::read::{Cursor, Page},
};
use futures_util::stream;
use http::{Response, StatusCode};

use crate::{
    answer,
    envelope::{Base, Rows, Set},
    problem::Problem,
};

/// Rows read at once. Normal lists fit into the first page and are answered in one write.
pub(crate) const PAGE: u32 = 256;

/// Answers a collection. `fetch` reads the page after a cursor; `show` writes a row, or leaves it out.
///
/// # Errors
/// What reading the first page met. A fault after that breaks the body off: the status is on its way already.
pub(crate) async fn collection<T, Fetch, Fetched, Show>(
    base: &Base,
    set: Set,
    fetch: Fetch,
    show: Show,
) -> Result<Response<Body>, Problem>
where
    T: Send + 'static,
    Fetch: Fn(Option<Cursor>) -> Fetched + Send + 'static,
    Fetched: Future<Output = Answer<Page<T>>> + Send + 'static,
    Show: Fn(&T, &mut Rows) + Send + 'static,
{
    let first = fetch(None).await?;
    let mut rows = Rows::open(&base.metadata(set));
    for row in &first.rows {
        show(row, &mut rows);
    }
    let Some(next) = first.next else {
        return Ok(answer::json(StatusCode::OK, rows.close()));
    };
    let begun = Progress::After { chunk: rows.take(), rows, next, fetch, show };
    Ok(answer::json_stream(Body::from_stream(stream::try_unfold(begun, step))))
}

/// How far a streamed collection is.
enum Progress<Fetch, Show> {
    /// `chunk` is to be sent, then the page after `next` read.
    After { chunk: Vec<u8>, rows: Rows, next: Cursor, fetch: Fetch, show: Show },
    /// Everything is sent.
    Sent,
}

async fn step<T, Fetch, Fetched, Show>(
    progress: Progress<Fetch, Show>,
) -> Result<Option<(Bytes, Progress<Fetch, Show>)>, std::io::Error>
where
    Fetch: Fn(Option<Cursor>) -> Fetched,
    Fetched: Future<Output = Answer<Page<T>>>,
    Show: Fn(&T, &mut Rows),
{
    let Progress::After { chunk, mut rows, mut next, fetch, show } = progress else { return Ok(None) };
    if !chunk.is_empty() {
        let sent = Progress::After { chunk: Vec::new(), rows, next, fetch, show };
        return Ok(Some((chunk.into(), sent)));
    }
    // A page of which a filter keeps nothing gives no chunk: read on.
    loop {
        let page = fetch(Some(next)).await.map_err(|denied| {
            tracing::error!(%denied, "a list broke off");
            std::io::Error::other("the list broke off")
        })?;
        for row in &page.rows {
            show(row, &mut rows);
        }
        let Some(after) = page.next else {
            return Ok(Some((rows.close().into(), Progress::Sent)));
        };
        next = after;
        let chunk = rows.take();
        if !chunk.is_empty() {
            return Ok(Some((chunk.into(), Progress::After { chunk: Vec::new(), rows, next, fetch, show })));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use ephor_engine::{Denied, Fault};
    use http::{Request, header};
    use http_body_util::BodyExt;
    use uuid::Uuid;

    use super::*;

    const SIZE: u32 = 3;

    /// A list of numbers below `end`, in pages of three; reading after `broken` fails.
    fn fetch(
        end: u32,
        broken: Option<u32>,
        reads: Arc<AtomicU32>,
    ) -> impl Fn(Option<Cursor>) -> std::future::Ready<Answer<Page<u32>>> {
        move |after| {
            reads.fetch_add(1, Ordering::Relaxed);
            let after = after.map(|after| u32::try_from(after.key).unwrap());
            if after.is_some() && after == broken {
                return std::future::ready(Err(Denied::Failed(Fault::Timeout)));
            }
            let start = after.map_or(0, |after| after + 1);
            let rows: Vec<u32> = (start..end).take(SIZE as usize).collect();
            let next = rows.last().filter(|_| rows.len() == SIZE as usize);
            let next = next.map(|last| Cursor { key: i64::from(*last), id: Uuid::nil() });
            std::future::ready(Ok(Page { rows, next }))
        }
    }

    fn base() -> Base {
        Base::of(&Request::new(()).into_parts().0)
    }

    async fn list(end: u32, keep: fn(u32) -> bool) -> (Response<Body>, Arc<AtomicU32>) {
        let reads = Arc::new(AtomicU32::new(0));
        let show = move |row: &u32, rows: &mut Rows| {
            if keep(*row) {
                rows.push(row);
            }
        };
        (collection(&base(), Set::Roles, fetch(end, None, reads.clone()), show).await.unwrap(), reads)
    }

    async fn values(response: Response<Body>) -> Vec<u32> {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        serde_json::from_value(body["value"].clone()).unwrap()
    }

    #[tokio::test]
    async fn a_list_of_one_page_is_one_write() {
        let (response, reads) = list(2, |_| true).await;
        let length = response.headers()[header::CONTENT_LENGTH].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.ends_with(b"\"value\":[0,1]}"));
        assert_eq!(length, body.len().to_string());
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn pam_016_longer_lists_come_whole_and_only_as_they_are_taken() {
        for end in [3, 4, 6, 50] {
            let (response, reads) = list(end, |_| true).await;
            assert_eq!(reads.load(Ordering::Relaxed), 1, "nothing is read ahead");
            assert_eq!(response.headers().get(header::CONTENT_LENGTH), None);
            assert_eq!(values(response).await, (0..end).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn pages_of_which_nothing_is_kept_are_passed_over() {
        let (response, _) = list(50, |row| row == 0 || row == 30).await;
        assert_eq!(values(response).await, [0, 30]);
        let (response, _) = list(50, |_| false).await;
        assert_eq!(values(response).await, Vec::<u32>::new());
    }

    #[tokio::test]
    async fn a_fault_after_the_first_page_breaks_the_body_off() {
        let show = |row: &u32, rows: &mut Rows| rows.push(row);
        let reads = Arc::default();
        let response = collection(&base(), Set::Roles, fetch(9, Some(2), reads), show).await.unwrap();
        assert!(response.into_body().collect().await.is_err());
    }
}
