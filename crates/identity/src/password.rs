//! Password hashes: Argon2id, computed off the request path by a bounded number of workers (seams §12).

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use ephor_engine::port::Entropy;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::settings::Settings;

/// Work of one hash. The default is OWASP's: 19 MiB, two passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// The least work Argon2 knows, for tests.
    pub const LEAST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    fn argon2(self) -> Result<Argon2<'static>, PasswordError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None);
        let params = params.map_err(|error| PasswordError::Cost(error.to_string()))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// Most bytes of a password: longer ones are refused before any work is done.
pub const LONGEST: usize = 1024;

/// Why a password cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too few characters.
    #[error("a password has at least {least} characters")]
    TooShort {
        /// Fewest characters allowed.
        least: usize,
    },
    /// Too many bytes.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// It holds the account's name, or is one character over and over.
    #[error("the password is too easy to guess: it must not hold the account's name or repeat one character")]
    Guessable,
    /// The cost is outside Argon2's range.
    #[error("the password cost is outside Argon2's range: {0}")]
    Cost(String),
}

/// Checks a new password against length and the plainest guesses.
///
/// # Errors
/// What is wrong with it.
pub fn check_new(password: &SecretString, account: &str, least: usize) -> Result<(), PasswordError> {
    let text = password.expose_secret();
    if text.len() > LONGEST {
        return Err(PasswordError::TooLong);
    }
    if text.chars().count() < least {
        return Err(PasswordError::TooShort { least });
    }
    let folded = text.to_lowercase();
    let named = account.chars().count() >= 3 && folded.contains(&account.to_lowercase());
    let mut chars = text.chars();
    let first = chars.next();
    if named || chars.all(|c| Some(c) == first) {
        return Err(PasswordError::Guessable);
    }
    Ok(())
}

/// Hashes a password: an Argon2id text with its own salt from `entropy`. Takes tens of milliseconds at the default
/// cost; on a server use [`Hashers::hash`].
///
/// # Errors
/// [`PasswordError::TooLong`], [`PasswordError::Cost`].
pub fn hash_password(password: &SecretString, cost: Cost, entropy: &dyn Entropy) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    hash_with_salt(password, cost, &salt)
}

fn hash_with_salt(password: &SecretString, cost: Cost, salt: &[u8]) -> Result<String, PasswordError> {
    if password.expose_secret().len() > LONGEST {
        return Err(PasswordError::TooLong);
    }
    cost.argon2()?
        .hash_password_with_salt(password.expose_secret().as_bytes(), salt)
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Cost(error.to_string()))
}

/// True when `password` is the one behind `hash`. A hash that cannot be read fits nothing.
#[must_use]
pub fn verify_password(password: &SecretString, hash: &str) -> bool {
    // Algorithm and cost are those of the stored hash.
    Argon2::default().verify_password(password.expose_secret().as_bytes(), hash).is_ok()
}

/// Too many passwords wait for a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be checked")]
pub struct Overloaded;

/// Workers that hash passwords on the blocking pool.
#[derive(Debug)]
pub struct Hashers {
    workers: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Most who wait or work.
    most: usize,
    cost: Cost,
    /// Of this cost, for passwords of nobody.
    argon2: Argon2<'static>,
}

impl Hashers {
    /// Workers for these settings.
    ///
    /// # Errors
    /// [`PasswordError::Cost`].
    pub fn new(settings: &Settings) -> Result<Self, PasswordError> {
        let argon2 = settings.password_cost.argon2()?;
        let workers = settings.hash_workers.max(1);
        Ok(Self {
            workers: Arc::new(Semaphore::new(workers)),
            waiting: AtomicUsize::new(0),
            most: workers + settings.hash_queue,
            cost: settings.password_cost,
            argon2,
        })
    }

    /// Checks a password. Without a hash it does the same work and answers false, so that an unknown account takes
    /// as long as a wrong password.
    ///
    /// # Errors
    /// [`Overloaded`] when the queue is full.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, Overloaded> {
        let argon2 = self.argon2.clone();
        let job = move || match hash {
            Some(hash) => verify_password(&password, &hash),
            None => {
                // What it makes is of no use to anybody.
                let _ = argon2.hash_password_with_salt(password.expose_secret().as_bytes(), &[0; 16]);
                false
            }
        };
        self.work(job).await
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`Overloaded`] outside, [`PasswordError`] inside.
    pub async fn hash(
        &self,
        password: SecretString,
        entropy: &dyn Entropy,
    ) -> Result<Result<String, PasswordError>, Overloaded> {
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        let cost = self.cost;
        self.work(move || hash_with_salt(&password, cost, &salt)).await
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Overloaded> {
        let _place = Place::take(&self.waiting, self.most)?;
        let permit = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| Overloaded)?;
        // The permit goes with the job: a caller that hangs up does not free a worker that is still busy.
        let done = tokio::task::spawn_blocking(move || {
            let _held = permit;
            job()
        });
        done.await.map_err(|_| Overloaded)
    }
}

/// A place among those who wait or work, given back on drop.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Overloaded> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= most { Err(Overloaded) } else { Ok(place) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::SeededEntropy;

    use super::*;

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    #[test]
    fn a_hash_fits_its_password_alone_and_has_its_own_salt() {
        let entropy = SeededEntropy::new(7);
        let one = hash_password(&secret("correct horse"), Cost::LEAST, &entropy).expect("a hash");
        let two = hash_password(&secret("correct horse"), Cost::LEAST, &entropy).expect("a hash");
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{one}");
        assert!(verify_password(&secret("correct horse"), &one));
        assert!(verify_password(&secret("correct horse"), &two));
        assert!(!verify_password(&secret("Correct horse"), &one));
        assert!(!verify_password(&secret(""), &one));
        assert!(!verify_password(&secret("correct horse"), "no hash"));
    }

    #[test]
    fn the_default_cost_is_owasps() {
        let hash = hash_password(&secret("x"), Cost::default(), &SeededEntropy::new(1)).expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    }

    #[test]
    fn new_passwords() {
        let check = |text: &str| check_new(&secret(text), "jen", 12);
        assert_eq!(check("short"), Err(PasswordError::TooShort { least: 12 }));
        assert_eq!(check("aaaaaaaaaaaaaaa"), Err(PasswordError::Guessable));
        assert_eq!(check("iAmJENandHappy"), Err(PasswordError::Guessable));
        assert_eq!(check(&"x".repeat(2000)), Err(PasswordError::TooLong));
        assert_eq!(check("påsswörd med ord"), Ok(()));
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let settings = Settings { password_cost: Cost::LEAST, hash_workers: 1, hash_queue: 0, ..Settings::default() };
        let hashers = Hashers::new(&settings).expect("workers");
        let busy = hashers.workers.acquire().await.expect("open");
        let waits = hashers.verify(secret("a"), None);
        let mut waits = std::pin::pin!(waits);
        let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(waits.as_mut().poll(&mut nobody).is_pending());
        assert_eq!(hashers.verify(secret("a"), None).await, Err(Overloaded));
        drop(busy);
        assert_eq!(waits.await, Ok(false));
        assert_eq!(hashers.waiting.load(Ordering::Relaxed), 0);
    }
}
