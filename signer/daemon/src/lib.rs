//! The cosigner daemon: it reads before it signs.
