//! Writing a bundle.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::line::{EndLine, Header, HeaderLine, Line, RowLine, VERSION};
use crate::hash::Hash;
use crate::verify::Row;

/// Writes a log as a bundle, line by line. Give rows and checkpoints as [`crate::verify::in_order`] puts them; a bundle
/// without [`finish`](Self::finish) reads as incomplete.
pub struct BundleWriter<W: Write> {
    output: W,
    digest: Sha256,
    records: u64,
}

impl<W: Write> BundleWriter<W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// Whatever the output says; so for all methods.
    pub fn new(output: W, header: Header) -> io::Result<Self> {
        let mut writer = Self { output, digest: Sha256::new(), records: 0 };
        let Header { origin, keys, exported_at } = header;
        writer.line(&Line::Header(HeaderLine { version: VERSION, origin, keys, exported_at }))?;
        Ok(writer)
    }

    /// Writes that a new key follows an old one.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn endorsement(&mut self, text: &str) -> io::Result<()> {
        self.line(&Line::Endorsement(text.to_owned()))
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.records += 1;
        self.line(&Line::Row(RowLine::from(row)))
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn checkpoint(&mut self, text: &str) -> io::Result<()> {
        self.line(&Line::Checkpoint(text.to_owned()))
    }

    /// Writes the stored head.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn head(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line(&Line::Head(STANDARD.encode(bytes)))
    }

    /// Writes the last line, flushes and gives the output back.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn finish(mut self) -> io::Result<W> {
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        self.line(&Line::End(EndLine { records: self.records, sha256: Hash::from(digest) }))?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.digest.update(&bytes);
        self.output.write_all(&bytes)
    }
}
