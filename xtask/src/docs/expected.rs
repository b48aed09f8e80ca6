//! Comparison of an output with that of a page. `…` in a line stands for any text, a line of `…` alone for any lines.

const ANY: &str = "…";

/// Compares the output of a page with that of a command.
///
/// # Errors
/// Both texts, if they differ.
pub(super) fn compare(shown: &str, printed: &str) -> Result<(), String> {
    if matches(shown, printed) {
        return Ok(());
    }
    Err(format!("the page shows\n{}\nbut it printed\n{}", shown.trim_end(), printed.trim_end()))
}

/// Tells whether a command printed the page's output; blanks at the ends of lines and of the text don't count.
pub(super) fn matches(shown: &str, printed: &str) -> bool {
    let shown: Vec<&str> = shown.trim_end().lines().map(str::trim_end).collect();
    let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    let parts: Vec<&[&str]> = shown.split(|line| line.trim() == ANY).collect();
    glob(&parts, &printed, &|shown, printed| {
        let parts: Vec<Vec<char>> = shown.split(ANY).map(|part| part.chars().collect()).collect();
        let parts: Vec<&[char]> = parts.iter().map(Vec::as_slice).collect();
        glob(&parts, &printed.chars().collect::<Vec<_>>(), &|a, b| a == b)
    })
}

/// Tells whether `items` are these parts with anything between each two. The earliest place of each part is as good as any.
fn glob<T>(parts: &[&[T]], items: &[T], same: &dyn Fn(&T, &T) -> bool) -> bool {
    let begins = |part: &[T], items: &[T]| part.len() <= items.len() && part.iter().zip(items).all(|(a, b)| same(a, b));
    let Some((first, others)) = parts.split_first() else { return items.is_empty() };
    if !begins(first, items) {
        return false;
    }
    let mut rest = items.get(first.len()..).unwrap_or_default();
    let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = (0..=rest.len()).find(|at| begins(part, rest.get(*at..).unwrap_or_default())) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.len() >= last.len() && begins(last, rest.get(rest.len() - last.len()..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn the_same_text_matches_whatever_its_ends() {
        assert!(matches("a\nb\n", "a  \nb"));
        assert!(!matches("a\nb", "a\nb\nc"));
        assert!(!matches("a", ""));
    }

    #[test]
    fn dots_stand_for_any_text_in_a_line() {
        assert!(matches("{\"id\":\"…\",\"n\":1}", "{\"id\":\"4f,\",\"n\":1}"));
        assert!(!matches("{\"id\":\"…\",\"n\":1}", "{\"id\":\"4f\",\"n\":2}"));
        assert!(matches("a…b…c", "a, b, b, c"));
        assert!(!matches("ab…ba", "aba"));
    }

    #[test]
    fn a_line_of_dots_stands_for_any_lines() {
        for printed in ["a\nz", "a\nb\nc\nz", "a\nb\nz\nz"] {
            assert!(matches("a\n…\nz", printed), "{printed}");
        }
        assert!(!matches("a\n…\nz", "a\nb"));
        assert!(matches("…\ntest result: ok. …\n…", "x\ntest result: ok. 7 passed\n"));
        assert!(!matches("…\ntest result: ok. …\n…", "x\ntest result: FAILED\n"));
    }
}
