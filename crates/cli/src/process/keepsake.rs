//! Appends every checkpoint to the configured file: kept elsewhere, it shows that nothing was cut off or rolled back.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use ephor_audit::checkpoint::SignedCheckpoint;
use ephor_store::Store;

/// How often new checkpoints are looked for; they are signed once a minute.
const LOOK: Duration = Duration::from_secs(5);

/// Between two checkpoints; none of them has two empty lines in it.
const GAP: &str = "\n\n";

/// Follows the checkpoints of the store for ever. What cannot be written now is written later: nothing waits for it.
pub(crate) async fn follow(store: Store, path: PathBuf) {
    let mut after = last_size(&path);
    loop {
        match store.read(move |tx| Box::pin(tx.checkpoints(after, 100))).await {
            Ok(fresh) => {
                for (size, text) in fresh {
                    match append(&path, &text) {
                        Ok(()) => after = Some(size),
                        Err(error) => {
                            tracing::error!(path = %path.display(), %error, "a checkpoint could not be kept");
                            break;
                        }
                    }
                }
            }
            Err(fault) => tracing::warn!(cause = fault.cause(), "checkpoints could not be read"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{text}{GAP}").as_bytes())?;
    file.sync_data()
}

/// Size of the last checkpoint in the file.
fn last_size(path: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    last(&text).and_then(|text| SignedCheckpoint::parse(&text).ok()).map(|signed| signed.unverified().size)
}

/// The last checkpoint of a file they were appended to.
pub(crate) fn last(text: &str) -> Option<String> {
    let parts = text.split("\n\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.last().map(|part| format!("{part}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_checkpoints_is_found() {
        let one = "a\n1\nroot\n\n\u{2014} a sig\n";
        let two = "a\n2\nroot\n\n\u{2014} a sig\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoints");
        append(&path, one).unwrap();
        append(&path, two).unwrap();
        assert_eq!(last(&std::fs::read_to_string(&path).unwrap()).as_deref(), Some(two));
        assert_eq!(last(one).as_deref(), Some(one));
        assert_eq!(last("\n"), None);
    }
}
