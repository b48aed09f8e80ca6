//! Report of the language of comments: words that make a private dialect, and length of sentences.

use std::fmt::Write as _;

use super::comments::{Comment, Kind};

/// Counts of the comments of some files.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    words: usize,
    what: usize,
    who: usize,
    sentences: usize,
    errors_sections: usize,
}

impl Counts {
    /// Adds the comments of a file. Code examples and headings are no language.
    pub(crate) fn add(&mut self, comments: &[Comment]) {
        for comment in comments {
            self.add_comment(comment);
        }
    }

    fn add_comment(&mut self, comment: &Comment) {
        let (mut code, mut open) = (false, false);
        for line in &comment.lines {
            let line = line.trim();
            let list = ["- ", "* "].iter().any(|item| line.starts_with(item));
            if line.starts_with("```") {
                code = !code;
                continue;
            }
            if line.is_empty() || line.starts_with("# ") || list {
                self.sentences += usize::from(open);
                open = false;
            }
            if comment.kind != Kind::Plain && line == "# Errors" {
                self.errors_sections += 1;
            }
            if code || line.starts_with("# ") {
                continue;
            }
            for word in line.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)) {
                self.add_word(word);
                open = true;
                let bare = word.trim_end_matches([')', ']', '"', '\'', '*', '_']);
                if bare.ends_with(['.', '!', '?']) && !["e.g.", "i.e."].contains(&bare) {
                    self.sentences += 1;
                    open = false;
                }
            }
        }
        self.sentences += usize::from(open);
    }

    fn add_word(&mut self, word: &str) {
        self.words += 1;
        for part in word.split(|char: char| !char.is_alphanumeric()) {
            match part.to_ascii_lowercase().as_str() {
                "what" => self.what += 1,
                "who" | "whom" | "whose" => self.who += 1,
                _ => {}
            }
        }
    }
}

/// Writes the counts as a table, a line a group.
pub(crate) fn table(groups: &[(&str, Counts)]) -> String {
    let mut table = format!(
        "Comments, per 1,000 words (`who` includes whom and whose; number of `# Errors` sections in brackets):\n{:<10} \
         {:>6} {:>6} {:>6} {:>12} {:>19}\n",
        "folder", "words", "what", "who", "# Errors", "words per sentence"
    );
    for (name, counts) in groups {
        let Counts { words, what, who, sentences, errors_sections } = counts;
        let rate = |count: usize| tenths(count * 1_000, *words);
        let errors = format!("{} ({errors_sections})", rate(*errors_sections));
        let (what, who, length) = (rate(*what), rate(*who), tenths(*words, *sentences));
        let _ = writeln!(table, "{name:<10} {words:>6} {what:>6} {who:>6} {errors:>12} {length:>19}");
    }
    table
}

/// Quotient with one decimal.
fn tenths(dividend: usize, divisor: usize) -> String {
    let tenths = (dividend * 10 + divisor / 2).checked_div(divisor).unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::comments::comments;
    use super::*;

    #[test]
    fn words_and_sentences_are_counted_without_code_and_headings() {
        let mut counts = Counts::default();
        counts.add(&comments(
            "//! What is it? Somebody's (whose `What` it is).\n//!\n//! - one e.g. two\n//! - who\n\n/// Puts it.\n///\n\
             /// # Errors\n/// Nobody knows\n/// what.\n/// ```\n/// what who\n/// ```\nfn a() {} // beside\n",
        ));
        let expected = Counts { words: 18, what: 3, who: 2, sentences: 7, errors_sections: 1 };
        assert_eq!(counts, expected);
    }

    #[test]
    fn a_table_has_rates_for_a_thousand_words() {
        let counts = Counts { words: 2_000, what: 3, who: 1, sentences: 150, errors_sections: 4 };
        let table = table(&[("shared", counts), ("local", Counts::default())]);
        let line = table.lines().nth(2).unwrap();
        let columns: Vec<_> = line.split_whitespace().collect();
        assert_eq!(columns, ["shared", "2000", "1.5", "0.5", "2.0", "(4)", "13.3"]);
        assert!(table.contains("local"), "{table}");
    }
}
