//! Where in the message something is, as an error names it.

/// The member of a struct.
pub(super) fn member(path: &str, name: &str) -> String {
    format!("{path}.{name}")
}

/// The item of an array.
pub(super) fn item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}
