//! Three daemons in one process, and what must stop them.
