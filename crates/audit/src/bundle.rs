//! The file that carries a log out of the server: `ephor audit export` writes it, `ephor audit verify FILE` reads it.
//!
//! One JSON object a line (JSON Lines), each with one member that says what it is:
//!
//! | line | content |
//! | --- | --- |
//! | `{"ephor_audit":{…}}` | first line: format version, origin, public keys, instant of the export |
//! | `{"endorsement":"…"}` | an old key's note that a new one follows |
//! | `{"row":{"index":…,"leaf_hash":…,"record":{…},"erasable":{…}}}` | a record: the JSON of its leaf, byte for byte |
//! | `{"checkpoint":"…"}` | a checkpoint, behind the last record it covers |
//! | `{"head":"…"}` | the stored head in base64 |
//! | `{"end":{"records":…,"sha256":…}}` | last line: count, and the hash of every byte before this line |
//!
//! A leaf of another version than 1, or one that was damaged, stands as base64 in `leaf` instead of `record`; an erasable
//! part that is no JSON object stands in `erasable_text`. So what is wrong in the store stays wrong in the file.

mod line;
mod reader;
mod writer;

pub use line::Header;
pub use reader::verify;
pub use writer::BundleWriter;

/// Longest line that is read, in bytes.
pub const MAX_LINE: usize = 8 * 1024 * 1024;
