//! Text of strangers, so that a line of it stays one line and looks like what it is.

/// Whether a character shows itself and moves nothing else: no control, no direction mark, nothing
/// of no width.
fn is_plain(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'))
}

/// The text with everything escaped that is not plain, cut at `max` characters.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(max) {
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    if text.chars().nth(max).is_some() {
        out.push('…');
    }
    out
}

/// Whether text of several lines shows itself as it is.
pub(super) fn is_plain_text(text: &str) -> bool {
    text.chars().all(|c| is_plain(c) || matches!(c, '\n' | '\t')) && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_disguise_a_line_is_escaped() {
        assert_eq!(printable("pay\n1. send", 80), "pay\\u{a}1. send");
        assert_eq!(printable("a\u{202e}b", 80), "a\\u{202e}b");
        assert_eq!(printable("häßlich", 3), "häß…");
        assert!(is_plain_text("two\nlines"));
        assert!(!is_plain_text("\u{200b}"));
    }
}
