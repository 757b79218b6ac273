//! Where in a file something is.

/// The line, from one, of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The first place that a Cedar diagnostic points at, as a line of the policies' own text.
pub(crate) fn first_label(error: &dyn miette::Diagnostic, text: &str) -> Option<usize> {
    let label = error.labels()?.next()?;
    Some(line_of(text, label.offset()))
}
