//! Randomness as an input: ids, secrets and salts come from here and nowhere else.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::{Builder, Uuid};

/// A source of random bytes and of ids.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A number that grows with each call: keeps ids of one millisecond in order of creation (seams §3).
    fn next_in_order(&self) -> u64;

    /// A fresh random GUID (version 4), for ids that must not tell their age.
    fn guid(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    /// A GUID ordered by `now` (version 7) with a counter behind the time stamp, so equal instants keep their order.
    fn ordered_guid(&self, now: Timestamp) -> Uuid {
        let mut tail = [0; 10];
        self.fill(&mut tail);
        // 12 + 14 + 8 bits of counter (version and variant bits lie between them), the rest random.
        let order = self.next_in_order();
        let high = u16::try_from((order >> 22) & 0x0fff).unwrap_or_default();
        let middle = u16::try_from((order >> 8) & 0x3fff).unwrap_or_default();
        let [h1, h0] = high.to_be_bytes();
        let [m1, m0] = middle.to_be_bytes();
        let [a, b, c, d, e, ..] = &mut tail;
        (*a, *b, *c, *d, *e) = (h1, h0, m1, m0, u8::try_from(order & 0xff).unwrap_or_default());
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

/// The operating system's generator.
#[derive(Debug)]
pub struct SystemEntropy {
    pool: Mutex<Pool>,
    order: AtomicU64,
}

/// Bytes fetched ahead, so that an id does not cost a system call.
#[derive(Debug)]
struct Pool {
    bytes: [u8; 512],
    used: usize,
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self { pool: Mutex::new(Pool { bytes: [0; 512], used: 512 }), order: AtomicU64::new(0) }
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > 64 {
            getrandom::fill(bytes).expect("the operating system gives randomness");
            return;
        }
        let mut pool = self.pool.lock();
        if pool.used + bytes.len() > pool.bytes.len() {
            getrandom::fill(&mut pool.bytes).expect("the operating system gives randomness");
            pool.used = 0;
        }
        let start = pool.used;
        pool.used += bytes.len();
        let end = pool.used;
        if let Some(fresh) = pool.bytes.get_mut(start..end) {
            bytes.copy_from_slice(fresh);
            fresh.fill(0);
        }
    }

    fn next_in_order(&self) -> u64 {
        self.order.fetch_add(1, Ordering::Relaxed)
    }
}

/// A repeatable generator for tests and for `ephor demo`'s fixed ids. Never used by `ephor serve`.
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
    order: AtomicU64,
}

impl SeededEntropy {
    /// The generator whose whole future follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed), order: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64.
            let mut z = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            for (byte, random) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *byte = random;
            }
        }
    }

    fn next_in_order(&self) -> u64 {
        self.order.fetch_add(1, Ordering::Relaxed)
    }
}
