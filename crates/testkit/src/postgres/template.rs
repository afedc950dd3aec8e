//! A database with the schema of today, to be copied by each test instead of migrated.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use super::database::{Server, sql};
use crate::launch::LaunchError;

/// The migrations the template stands for.
const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/migrations");

/// The template of the migrations on disk. Its name follows from their text: a template that an earlier schema or another
/// branch left on a long-lived cluster has another name, and is never copied.
#[derive(Debug)]
pub struct Template {
    url: String,
    server: Server,
    name: String,
}

impl Template {
    /// Makes the template on the cluster with the database `url`: `migrate` is given the URL of an empty database and brings
    /// its schema up to date. Nothing happens if the template is there.
    ///
    /// # Errors
    /// What `migrate` answers, or when the server does not answer.
    pub fn make<E: From<LaunchError>>(url: &str, migrate: impl FnOnce(&str) -> Result<(), E>) -> Result<(), E> {
        let server = Server::Elsewhere(url.to_owned());
        let name = name();
        if there(&server, &name)? {
            return Ok(());
        }
        // Nobody copies it half made, also not a run beside this one.
        let unfinished = format!("{name}_{}", std::process::id());
        let template = Self { url: server.url(&unfinished), server, name: unfinished };
        template.at_the_server(&format!("CREATE DATABASE {} TEMPLATE template0", template.name))?;
        migrate(&template.url)?;
        let renamed = template.at_the_server(&format!("ALTER DATABASE {} RENAME TO {name}", template.name));
        match renamed {
            Err(error) if !there(&template.server, &name)? => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn at_the_server(&self, statement: &str) -> Result<(), LaunchError> {
        sql(&self.server.url("postgres"), statement).map(drop)
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        // Half made, or made by a quicker run.
        let _ = self.at_the_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn there(server: &Server, name: &str) -> Result<bool, LaunchError> {
    let found = sql(&server.url("postgres"), &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))?;
    Ok(found == "1")
}

/// What the template of the migrations on disk is called.
pub(super) fn name() -> String {
    name_of(Path::new(MIGRATIONS))
}

fn name_of(folder: &Path) -> String {
    let mut steps: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".postgres.sql"))
        .collect();
    steps.sort();
    let mut hasher = DefaultHasher::new();
    for step in steps {
        std::fs::read(step).unwrap_or_default().hash(&mut hasher);
    }
    format!("ephor_template_{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WorkDir;

    #[test]
    fn a_template_of_another_schema_has_another_name() {
        let folder = WorkDir::new("migrations").unwrap();
        let names = [("0001_first.postgres.sql", "a"), ("0001_first.sqlite.sql", "b"), ("0002_more.postgres.sql", "c")]
            .map(|(file, text)| {
                std::fs::write(folder.join(file), text).unwrap();
                name_of(folder.path())
            });
        assert_eq!(names[0], names[1], "only the spelling of PostgreSQL counts");
        assert_ne!(names[1], names[2]);
        assert_ne!(name(), name_of(Path::new("/nowhere")), "the migrations of the store are found");
    }
}
