//! Rules of doc comments: a searchable first word, and a `//!` line in each file.

use super::comments::{Comment, Kind};
use super::violation::Violation;

/// Openings that a doc comment must not have, each with its replacement.
const OPENINGS: [(&str, &str); 5] = [
    ("What", "the noun that a reader searches for, as in `Tombstone of a deleted document.`"),
    ("Who", "the noun: user, client, caller, reader"),
    ("How", "the noun of the quantity or the method: `Time limit of …`, `Number of …`, `Format of …`"),
    ("Whether", "`True if …` for a value, `Returns true if …` or the verb of the check for a function"),
    ("The way", "the verb or the noun: `Parses …`, `Format of …`, `Path of …`"),
];

/// Finds doc comments of a file that begin with a word nobody searches for.
pub(crate) fn openings(file: &str, comments: &[Comment]) -> Vec<Violation> {
    let docs = comments.iter().filter(|comment| comment.kind != Kind::Plain);
    let violation = |comment: &Comment| {
        let (opening, instead) = opening(comment)?;
        let rule = format!("a doc comment begins with `{opening}`");
        Some(Violation { file: file.to_owned(), line: comment.line, rule, instead: instead.to_owned() })
    };
    docs.filter_map(violation).collect()
}

fn opening(comment: &Comment) -> Option<(&'static str, &'static str)> {
    let text = comment.lines.join(" ");
    let words: Vec<&str> = text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    OPENINGS.into_iter().find(|(opening, _)| {
        let mut opening = opening.split(' ');
        let mut words = words.iter();
        opening.all(|expected| words.next() == Some(&expected))
    })
}

/// Finds a file without a `//!` line.
pub(crate) fn header(file: &str, comments: &[Comment]) -> Option<Violation> {
    let missing = !comments.iter().any(|comment| comment.kind == Kind::Inner);
    missing.then(|| Violation {
        file: file.to_owned(),
        line: 1,
        rule: "the file has no `//!` line".to_owned(),
        instead: "begin it with one sentence that names its subject, as in `//! Parsing of key sets.`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::comments::comments;
    use super::*;

    fn lines_of(source: &str) -> Vec<usize> {
        openings("a.rs", &comments(source)).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn forbidden_openings_are_found_in_every_doc_comment() {
        let source = "//! What this is.\n\n/// How long.\nconst A: u8 = 1;\n/// Whether it runs.\nfn a() {}\n\
                      /** Who reads. */\nfn b() {}\n/// The way back.\nfn c() {}\n///\n/// What's left.\nfn d() {}\n";
        assert_eq!(lines_of(source), [1, 3, 5, 7, 9, 11]);
    }

    #[test]
    fn other_comments_pass() {
        let source = "//! Whatever, Whose, However.\n\n// What a plain comment says.\n/// The wayside.\nfn a() {}\n\
                      /// Tombstone. What is left.\n///\n/// How so.\nfn b() {}\n";
        assert_eq!(lines_of(source), [0_usize; 0]);
    }

    #[test]
    fn a_violation_names_place_rule_and_replacement() {
        let found = openings("a.rs", &comments("//! File.\n\n/// Whether it runs.\nfn a() {}\n"));
        let text = found.first().unwrap().to_string();
        assert!(text.starts_with("a.rs:3: a doc comment begins with `Whether`; instead: `True if"), "{text}");
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert!(header("a.rs", &comments("// File.\n\n/// Item.\nfn a() {}\n")).is_some());
        assert_eq!(header("a.rs", &comments("//! File.\n")), None);
    }
}
