//! Measures real processes side by side with the bare library. Ships nothing.
