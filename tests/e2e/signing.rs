//! Who signs, and what happens while some of them do not.

mod absent;
mod arena;
mod crowd;
mod killed;
