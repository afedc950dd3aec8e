//! The checklist of the ARM face, line by line, over a real store.

mod app;
mod companion;
mod front_door;
mod metadata;
