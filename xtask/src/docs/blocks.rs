//! Fenced blocks of a Markdown file, by section.

/// Languages of a fence that are shown and never run. Commands have one name, `sh`, so that none is passed over.
const SHOWN: [&str; 7] = ["text", "json", "mermaid", "rust", "toml", "yaml", "python"];

/// Part of a file between two headings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) blocks: Vec<Block>,
}

/// A block of commands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// File and line.
    pub(super) place: String,
    /// The commands, each line ended.
    pub(super) text: String,
    /// The `text` block after it, before the next commands: the commands' output.
    pub(super) shown: Option<String>,
}

/// Sections of a file that hold commands.
///
/// # Errors
/// A fence that isn't closed, or of a language that is neither `sh` nor one of those that are only shown.
pub(super) fn sections(file: &str, text: &str) -> Result<Vec<Section>, String> {
    let mut sections = vec![Section { heading: String::new(), blocks: Vec::new() }];
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let place = format!("{file}:{}", index + 1);
        if let Some(heading) = heading(line) {
            sections.push(Section { heading: heading.to_owned(), blocks: Vec::new() });
        }
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let indent = line.len() - line.trim_start().len();
        let mut body = String::new();
        loop {
            let (_, line) = lines.next().ok_or_else(|| format!("{place}: the block has no end"))?;
            if line.trim() == "```" {
                break;
            }
            body.push_str(line.get(indent..).unwrap_or(line.trim_start()));
            body.push('\n');
        }
        let blocks = sections.last_mut().map(|section| &mut section.blocks).ok_or("no section")?;
        match language.trim() {
            "sh" => blocks.push(Block { place, text: body, shown: None }),
            "text" => {
                if let Some(block) = blocks.last_mut() {
                    block.shown.get_or_insert(body);
                }
            }
            other if SHOWN.contains(&other) => {}
            other => {
                let known = SHOWN.join(", ");
                return Err(format!("{place}: a block of {other:?}: `sh` is run; {known} are shown"));
            }
        }
    }
    sections.retain(|section| !section.blocks.is_empty());
    Ok(sections)
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    text.strip_prefix(' ').filter(|_| (1..=6).contains(&level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_place_their_section_and_what_they_show() {
        let text = "# One\n```sh\na\n```\n\n```text\nA\n```\n## Two\n- item\n\n  ```sh\n  b\n    c\n  ```\n";
        let block = |line: u32, text: &str, shown: Option<&str>| Block {
            place: format!("f.md:{line}"),
            text: text.to_owned(),
            shown: shown.map(str::to_owned),
        };
        assert_eq!(
            sections("f.md", text).unwrap(),
            [
                Section { heading: "One".to_owned(), blocks: vec![block(2, "a\n", Some("A\n"))] },
                Section { heading: "Two".to_owned(), blocks: vec![block(12, "b\n  c\n", None)] },
            ]
        );
    }

    #[test]
    fn a_heading_within_a_block_is_no_heading() {
        let found = sections("f.md", "# One\n```sh\n# a comment\n```\n").unwrap();
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn commands_under_another_name_are_an_error() {
        for language in ["bash", "shell", "console", ""] {
            let error = sections("f.md", &format!("```{language}\nls\n```\n")).unwrap_err();
            assert!(error.starts_with("f.md:1: "), "{error}");
        }
    }

    #[test]
    fn a_block_without_an_end_is_an_error() {
        assert_eq!(sections("f.md", "```sh\nls\n").unwrap_err(), "f.md:1: the block has no end");
    }
}
