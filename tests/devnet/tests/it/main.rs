//! The world's parts, started for real.

#[cfg(test)]
mod bundler;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod up;
