//! The benchmark's program, run as its readers run it.

mod sign;
