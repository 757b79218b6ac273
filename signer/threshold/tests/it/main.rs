//! The engine through its public door, driven by loops.

mod cheats;
mod committee;
mod faults;
mod frames;
mod gates;
mod keygen;
mod network;
mod refresh;
mod reshare;
mod shares;
mod signature;
mod signing;
