//! The benchmark's program, run as its readers run it.

#[cfg(test)]
mod sign;
