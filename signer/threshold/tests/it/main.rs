//! The engine through its public door, driven by loops.
mod keygen;
mod network;
mod signing;
