//! `ephor audit export`.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

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
    /// The file to write; it must not be there yet [default: standard output]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    configured: Configured,
}

pub(super) async fn run(arguments: &Arguments) -> Done {
    let log = Log::open(&arguments.configured).await?;
    let written = match &arguments.file {
        None => write(&log, io::stdout().lock()).await.map(|(records, _)| records),
        Some(path) => to_file(&log, path).await,
    };
    log.store.close().await;
    output::note(&format!("{} records written", written?));
    Ok(())
}

async fn to_file(log: &Log, path: &Path) -> Done<u64> {
    // Names and reasons of people are in it.
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = file.map_err(|error| Failure::usage(format!("cannot make {}: {error}", path.display())))?;
    let written = async {
        let (records, file) = write(log, file).await?;
        file.sync_all()?;
        Ok(records)
    };
    let written = written.await;
    if written.is_err() {
        // Half a bundle would only be found out later.
        let _ = std::fs::remove_file(path);
    }
    written
}

async fn write<W: Write>(log: &Log, output: W) -> Done<(u64, W)> {
    let header = Header {
        origin: log.origin.clone(),
        keys: log.key.iter().map(ToString::to_string).collect(),
        exported_at: Some(SystemClock::default().now()),
    };
    let mut bundle = Bundle { writer: BundleWriter::new(BufWriter::new(output), header)?, records: 0 };
    match rows::read(&log.store, &mut bundle).await {
        Ok(()) => {}
        Err(ReadError::Store(fault)) => return Err(anyhow::anyhow!(fault.cause()).into()),
        Err(ReadError::Sink(error)) => return Err(error.into()),
    }
    let output = bundle.writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((bundle.records, output))
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
