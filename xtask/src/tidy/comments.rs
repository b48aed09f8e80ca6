//! Lexer of comments in Rust source. `syn` drops comments that document nothing, so they are read from the text.

/// Kind of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `///` and `/** */`.
    Outer,
    /// `//!` and `/*! */`.
    Inner,
    /// `//` and `/* */`.
    Plain,
}

/// Comment; line comments of one kind on adjacent lines are one comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) kind: Kind,
    /// Line of its beginning, counted from 1.
    pub(crate) line: usize,
    /// Text without the comment characters.
    pub(crate) lines: Vec<String>,
}

/// Reads the comments of a source file.
pub(crate) fn comments(source: &str) -> Vec<Comment> {
    let mut comments: Vec<Comment> = Vec::new();
    let (mut rest, mut line) = (source, 1);
    // Line on which code stands, and line of the last comment that has its line for itself.
    let (mut code, mut last) = (0, 0);
    while let Some(first) = rest.chars().next() {
        let length = token(rest, first);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        if let Some((kind, text)) = line_comment(token) {
            let alone = code != line;
            match comments.last_mut() {
                Some(open) if alone && open.kind == kind && last + 1 == line => open.lines.push(text),
                _ => comments.push(Comment { kind, line, lines: vec![text] }),
            }
            last = if alone { line } else { 0 };
        } else if token.starts_with("/*") {
            let (kind, lines) = block_comment(token);
            comments.push(Comment { kind, line, lines });
            line += token.matches('\n').count();
        } else {
            line += token.matches('\n').count();
            if !token.trim().is_empty() {
                code = line;
            }
        }
    }
    comments
}

/// Length of the token at the start of `rest`: a comment, a literal that may hold comment characters, or one character.
fn token(rest: &str, first: char) -> usize {
    match first {
        '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
        '/' if rest.starts_with("/*") => block_length(rest),
        '"' => string_length(rest),
        'r' => raw_string_length(rest).unwrap_or(1),
        '\'' => char_length(rest),
        _ => first.len_utf8(),
    }
}

/// Length of a block comment; block comments nest.
fn block_length(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let Some(here) = rest.get(at..) else { return rest.len() };
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match here.chars().next() {
                Some(char) => at += char.len_utf8(),
                None => return rest.len(),
            }
        }
    }
}

fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a raw string; `None` for an identifier that begins with `r`.
fn raw_string_length(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| start + at + end.len()))
}

/// Length of a character literal, or of the quote of a lifetime.
fn char_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        // The escaped character may be a quote itself.
        Some((_, '\\')) => chars.skip(1).find(|(_, char)| *char == '\'').map_or(1, |(at, _)| at + 1),
        Some(_) => chars.next().filter(|(_, char)| *char == '\'').map_or(1, |(at, _)| at + 1),
        None => 1,
    }
}

fn line_comment(token: &str) -> Option<(Kind, String)> {
    let text = token.strip_prefix("//")?;
    let (kind, text) = match text.strip_prefix('!') {
        Some(text) => (Kind::Inner, text),
        None => match text.strip_prefix('/') {
            Some(text) if !text.starts_with('/') => (Kind::Outer, text),
            _ => (Kind::Plain, text),
        },
    };
    Some((kind, text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()))
}

fn block_comment(token: &str) -> (Kind, Vec<String>) {
    let text = token.strip_prefix("/*").unwrap_or(token);
    let text = text.strip_suffix("*/").unwrap_or(text);
    let (kind, text) = match text.strip_prefix('!') {
        Some(text) => (Kind::Inner, text),
        None => match text.strip_prefix('*') {
            Some(text) if !text.starts_with('*') && !text.is_empty() => (Kind::Outer, text),
            _ => (Kind::Plain, text),
        },
    };
    let lines = text.trim().lines().map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix('*').unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()
    });
    (kind, lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(Kind, usize, String)> {
        comments(source).into_iter().map(|comment| (comment.kind, comment.line, comment.lines.join("|"))).collect()
    }

    #[test]
    fn adjacent_lines_of_one_kind_are_one_comment() {
        let source = "//! File.\n//! More.\n\n/// Item.\n///\n/// More.\nfn f() {} // beside\n// below\n// and more\n";
        let expected = [
            (Kind::Inner, 1, "File.|More."),
            (Kind::Outer, 4, "Item.||More."),
            (Kind::Plain, 7, "beside"),
            (Kind::Plain, 8, "below|and more"),
        ];
        assert_eq!(found(source), expected.map(|(kind, line, text)| (kind, line, text.to_owned())));
    }

    #[test]
    fn block_comments_nest_and_have_kinds() {
        let source = "/*! a */ /** b\n * c\n */ /* d /* e */ f */ /**/ //// g";
        let expected = [
            (Kind::Inner, 1, "a"),
            (Kind::Outer, 1, "b|c"),
            (Kind::Plain, 3, "d /* e */ f"),
            (Kind::Plain, 3, ""),
            (Kind::Plain, 3, "// g"),
        ];
        assert_eq!(found(source), expected.map(|(kind, line, text)| (kind, line, text.to_owned())));
    }

    #[test]
    fn literals_hold_no_comments() {
        let source = r##"
            let a = "// \" // no"; let b = r#"" // no"#; let c = '"'; let d = '\''; let e = b'/'; // yes
            fn f<'a>(x: &'a str) {} // yes
            let r#type = "/* no"; // yes
        "##;
        assert_eq!(found(source).len(), 3, "{:?}", found(source));
        assert!(found(source).iter().all(|(_, _, text)| text == "yes"));
    }

    #[test]
    fn an_unfinished_literal_or_comment_ends_with_the_file() {
        for source in ["\"a", "r#\"a\"", "/* a", "'", "'\\", "r", "/"] {
            let _ = comments(source);
        }
    }
}
