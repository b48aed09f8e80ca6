//! The command that goes on where a load stopped.

use std::ffi::OsStr;
use std::path::Path;

use super::LoadArgs;
use super::batches::Position;

/// The command for a shell. `refused` is the file for refused lines, if one was named, and `data` the data folder, if
/// it isn't the usual one.
pub(super) fn command(args: &LoadArgs, data: Option<&Path>, refused: Option<&Path>, from: Position) -> String {
    let mut words = vec!["coffer".to_owned(), "load".to_owned(), args.index.to_string()];
    let mut option = |name: &str, value: &OsStr| words.extend([name.to_owned(), quoted(value)]);
    if let Some(data) = data {
        option("--data", data.as_os_str());
    }
    if let Some(field) = &args.version_field {
        option("--version-field", field.as_ref());
    }
    if let Some(version) = args.version {
        option("--version", version.to_string().as_ref());
    }
    if let Some(refused) = refused {
        option("--refused", refused.as_os_str());
    }
    if from.line > 1 {
        option("--from-line", from.line.to_string().as_ref());
    }
    if args.opensearch {
        words.push("--opensearch".to_owned());
    }
    let files = args.files.iter().skip(from.file);
    words.extend(files.map(|file| {
        // Not to be taken for an option.
        let dashed = file.as_os_str() != "-" && file.as_os_str().as_encoded_bytes().starts_with(b"-");
        if dashed { quoted(Path::new(".").join(file).as_os_str()) } else { quoted(file.as_os_str()) }
    }));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn args(words: &[&str]) -> LoadArgs {
        Line::parse_from([&["load"], words].concat()).load
    }

    #[test]
    fn it_goes_on_in_the_file_and_line_with_all_that_was_asked_for() {
        let given = args(&[
            "roles",
            "--opensearch",
            "--version-field",
            "my stamp",
            "--version=7",
            "--from-line",
            "3",
            "a",
            "it's b",
            "./-c",
            "-",
        ]);
        assert_eq!(
            command(&given, Some(Path::new("da ta")), Some(Path::new("r")), Position { file: 1, line: 1201 }),
            "coffer load roles --data 'da ta' --version-field 'my stamp' --version 7 --refused r --from-line 1201 \
             --opensearch 'it'\\''s b' ./-c -"
        );
    }

    #[test]
    fn from_the_first_line_nothing_is_said_of_lines() {
        let command = command(&args(&["roles", "a"]), None, None, Position { file: 0, line: 1 });
        assert_eq!(command, "coffer load roles a");
    }
}
