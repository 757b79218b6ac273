//! What the documents show is true: each snippet is run by a story here, or by the gate itself.

pub(crate) mod api_reference;
mod fences;
mod five_minutes;
mod gate;
mod operating;
mod shell;
