//! Reading a bundle and verifying what it holds.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::MAX_LINE;
use super::line::{EndLine, HeaderLine, Line, VERSION};
use crate::hash::Hash;
use crate::key::{KeyRing, MAX_KEYS, VerifyingKey};
use crate::verify::{Cause, Place, Report, Row, Verifier};

/// Verifies a bundle in constant memory. `keys` are those the caller trusts; without any, those in the file are used and
/// the report says that this does not prove who made it. `against` are texts of checkpoints kept elsewhere.
///
/// # Errors
/// Only what the input says; whatever is wrong with the content is in the report.
pub fn verify(input: impl BufRead, keys: Option<KeyRing>, against: &[&str]) -> io::Result<Report> {
    let mut lines = Lines::new(input);
    let mut verifier = match header(&mut lines, keys)? {
        Ok(verifier) => verifier,
        Err(detail) => {
            let mut verifier = Verifier::new("", KeyRing::default());
            verifier.fault(Cause::LineUnreadable { line: 1, detail }, Place::Elsewhere);
            return Ok(verifier.finish());
        }
    };
    for checkpoint in against {
        verifier.against(checkpoint);
    }
    loop {
        let before = lines.digest();
        let end = match lines.next()? {
            Next::Line(bytes) => match take(&mut verifier, bytes) {
                Ok(None) => continue,
                Ok(Some(end)) => end,
                Err(detail) => {
                    let place = Place::At { index: verifier.records_read() };
                    verifier.fault(Cause::LineUnreadable { line: lines.number, detail }, place);
                    break;
                }
            },
            Next::Cut => {
                verifier.fault(Cause::FileIncomplete, Place::At { index: verifier.records_read() });
                break;
            }
        };
        let whole = end.sha256 == before && end.records == verifier.records_read() && lines.at_end()?;
        if !whole {
            verifier.fault(Cause::FileDamaged, Place::Elsewhere);
        }
        break;
    }
    Ok(verifier.finish())
}

fn header(lines: &mut Lines<impl BufRead>, keys: Option<KeyRing>) -> io::Result<Result<Verifier, String>> {
    let Next::Line(bytes) = lines.next()? else { return Ok(Err("no line".to_owned())) };
    let header = match serde_json::from_slice(bytes) {
        Ok(Line::Header(header)) => header,
        Ok(_) => return Ok(Err("not the first line of an audit bundle".to_owned())),
        Err(error) => return Ok(Err(error.to_string())),
    };
    Ok(verifier_of(header, keys))
}

fn verifier_of(header: HeaderLine, keys: Option<KeyRing>) -> Result<Verifier, String> {
    if header.version != VERSION {
        return Err(format!("bundle version {} is not known to this program", header.version));
    }
    if let Some(keys) = keys {
        return Ok(Verifier::new(&header.origin, keys));
    }
    if header.keys.len() > MAX_KEYS {
        return Err(format!("more than {MAX_KEYS} keys"));
    }
    let keys = header.keys.iter().map(|key| key.parse()).collect::<Result<Vec<VerifyingKey>, _>>();
    let keys = keys.map_err(|error| error.to_string())?;
    Ok(Verifier::new(&header.origin, KeyRing::new(keys)).with_keys_from_log())
}

/// Passes one line on; answers the last one.
fn take(verifier: &mut Verifier, bytes: &[u8]) -> Result<Option<EndLine>, String> {
    match serde_json::from_slice(bytes).map_err(|error| error.to_string())? {
        Line::Header(_) => return Err("a second first line".to_owned()),
        Line::Endorsement(text) => verifier.endorsement(&text),
        Line::Row(row) => verifier.row(&Row::try_from(row)?),
        Line::Checkpoint(text) => verifier.checkpoint(&text),
        Line::Head(text) => verifier.head(&STANDARD.decode(text).map_err(|error| error.to_string())?),
        Line::End(end) => return Ok(Some(end)),
    }
    Ok(None)
}

/// Lines of bounded length, and the hash of all read so far.
struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    digest: Sha256,
    number: u64,
}

enum Next<'a> {
    /// A line without its line break.
    Line(&'a [u8]),
    /// The input ends before a line break, or the line is too long.
    Cut,
}

impl<R: BufRead> Lines<R> {
    fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), digest: Sha256::new(), number: 0 }
    }

    fn next(&mut self) -> io::Result<Next<'_>> {
        self.buffer.clear();
        self.number += 1;
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        self.input.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        self.digest.update(&self.buffer);
        Ok(self.buffer.strip_suffix(b"\n").map_or(Next::Cut, Next::Line))
    }

    fn digest(&self) -> Hash {
        let digest: [u8; 32] = self.digest.clone().finalize().into();
        Hash::from(digest)
    }

    fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.input.fill_buf()?.is_empty())
    }
}
