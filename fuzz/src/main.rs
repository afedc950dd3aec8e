//! One program for all targets. `EPHOR_FUZZ_TARGET` names the one to run; without it, the names are printed. With
//! `EPHOR_FUZZ_DICTIONARY` set, the dictionary of the target is printed.
#![no_main]

use std::sync::OnceLock;

use ephor_fuzz::{TARGETS, Target, target};

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

/// Answers a question of the chores, or chooses the target.
fn choose() {
    let Ok(name) = std::env::var("EPHOR_FUZZ_TARGET") else {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        std::process::exit(0)
    };
    let chosen = target(&name).expect("EPHOR_FUZZ_TARGET names a target");
    if std::env::var_os("EPHOR_FUZZ_DICTIONARY").is_some() {
        print!("{}", chosen.dictionary_file());
        std::process::exit(0)
    }
    CHOSEN.get_or_init(|| chosen);
}

libfuzzer_sys::fuzz_target!(init: choose(), |data: &[u8]| {
    (CHOSEN.get().expect("chosen before the first input").run)(data);
});
