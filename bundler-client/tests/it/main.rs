//! The clients against a real bundler, and against services that mean no good.

#[cfg(test)]
mod alto;
#[cfg(test)]
mod failover;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod paymaster;
#[cfg(test)]
mod sending;
