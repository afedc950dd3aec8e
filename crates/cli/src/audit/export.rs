//! `ephor audit export`.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use anyhow::Context as _;
use ephor_audit::{
    bundle::{BundleWriter, Header},
    verify::Row,
};
use ephor_engine::port::{Clock as _, SystemClock};

use super::{
    Log,
    rows::{self, ReadError, Sink},
};
use crate::{
    exit::{Done, Failure},
    output,
    process::open::Configured,
};

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    configured: Configured,
}

pub(super) async fn run(arguments: &Arguments) -> Done {
    let log = Log::open(&arguments.configured).await?;
    let written = write(&log, arguments).await;
    log.store.close().await;
    if written.is_err() {
        // Half a bundle would only be found out later.
        let _ = std::fs::remove_file(&arguments.file);
    }
    let records = written?;
    output::note(&format!("{records} records written to {}", arguments.file.display()));
    Ok(())
}

async fn write(log: &Log, arguments: &Arguments) -> Done<u64> {
    // Names and reasons of people are in it.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&arguments.file);
    let file = file.map_err(|error| Failure::usage(format!("cannot make {}: {error}", arguments.file.display())))?;
    let header = Header {
        origin: log.origin.clone(),
        keys: log.key.iter().map(ToString::to_string).collect(),
        exported_at: Some(SystemClock::default().now()),
    };
    let mut bundle = Bundle { writer: BundleWriter::new(BufWriter::new(file), header)?, records: 0 };
    match rows::read(&log.store, &mut bundle).await {
        Ok(()) => {}
        Err(ReadError::Store(fault)) => return Err(anyhow::anyhow!(fault.cause()).into()),
        Err(ReadError::Sink(error)) => {
            return Err(anyhow::Error::new(error).context(arguments.file.display().to_string()).into());
        }
    }
    let file = bundle.writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all()).with_context(|| arguments.file.display().to_string())?;
    Ok(bundle.records)
}

struct Bundle<W: Write> {
    writer: BundleWriter<W>,
    records: u64,
}

impl<W: Write> Sink for Bundle<W> {
    type Error = io::Error;

    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.records += 1;
        self.writer.row(row)
    }

    fn checkpoint(&mut self, text: &str) -> io::Result<()> {
        self.writer.checkpoint(text)
    }

    fn head(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.head(bytes)
    }
}
