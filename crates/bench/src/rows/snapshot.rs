//! All rows of a small SQLite store.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use rusqlite::{Connection, OpenFlags};

use super::value::Value;

/// All rows of a store at one moment.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) tables: BTreeMap<String, Table>,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    /// Places of the key's columns.
    pub(super) key: Vec<usize>,
    pub(super) rows: BTreeMap<Vec<Value>, Vec<Value>>,
}

impl Snapshot {
    /// Reads them. The store may be open elsewhere.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn take(path: &Path) -> Result<Self> {
        let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut names =
            store.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
        let names = names.query_map((), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        let tables = names.into_iter().map(|name| Ok((name.clone(), Table::read(&store, &name)?)));
        Ok(Self { tables: tables.collect::<Result<_>>()? })
    }
}

impl Table {
    fn read(store: &Connection, name: &str) -> Result<Self> {
        let mut info = store.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
        let info = info.query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let info: Vec<(String, i64)> = info.collect::<Result<_, _>>()?;
        let mut key: Vec<_> =
            info.iter().enumerate().filter(|(_, (_, pk))| *pk > 0).map(|(at, (_, pk))| (*pk, at)).collect();
        key.sort_unstable();
        let key: Vec<usize> = key.into_iter().map(|(_, at)| at).collect();
        let columns: Vec<String> = info.into_iter().map(|(name, _)| name).collect();
        let mut all = store.prepare(&format!("SELECT {} FROM {name}", columns.join(", ")))?;
        let mut found = all.query(())?;
        let mut rows = BTreeMap::new();
        while let Some(row) = found.next()? {
            let cells = (0..columns.len()).map(|at| row.get_ref(at).map(Value::of)).collect::<Result<Vec<_>, _>>()?;
            rows.insert(key.iter().filter_map(|at| cells.get(*at).cloned()).collect(), cells);
        }
        drop(found);
        drop(all);
        Ok(Self { columns, key, rows })
    }
}
