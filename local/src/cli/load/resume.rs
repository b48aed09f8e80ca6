//! Command that resumes a load.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::args::LoadArgs;
use super::source::STANDARD_INPUT;

/// Command for a shell that loads these files, the first of them from this line. `refused` is the file for refused
/// lines, if one was named, and `data` the data folder, if it isn't the usual one. An input that only this process can
/// open becomes standard input; with several of them there is no command.
pub(super) fn command(
    args: &LoadArgs,
    data: Option<&Path>,
    refused: Option<&Path>,
    files: &[PathBuf],
    line: u64,
) -> Option<String> {
    let passing = |file: &&PathBuf| file.as_os_str() == STANDARD_INPUT || is_of_process(file);
    if files.iter().filter(passing).count() > 1 {
        return None;
    }
    let mut words = vec!["coffer".to_owned(), "load".to_owned(), args.index.to_string()];
    let mut option = |name: &str, value: &OsStr| {
        if value.as_encoded_bytes().starts_with(b"-") {
            // Not to be taken for an option.
            words.push(format!("{name}={}", quoted(value)));
        } else {
            words.extend([name.to_owned(), quoted(value)]);
        }
    };
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
    if line > 1 {
        option("--from-line", line.to_string().as_ref());
    }
    if args.mix_versions {
        words.push("--mix-versions".to_owned());
    }
    if args.opensearch {
        words.push("--opensearch".to_owned());
    }
    words.extend(files.iter().map(|file| {
        if is_of_process(file) {
            return STANDARD_INPUT.to_owned();
        }
        // Not to be taken for an option.
        let dashed = file.as_os_str() != "-" && file.as_os_str().as_encoded_bytes().starts_with(b"-");
        if dashed { quoted(Path::new(".").join(file).as_os_str()) } else { quoted(file.as_os_str()) }
    }));
    Some(words.join(" "))
}

/// Tells whether a path names an open file of this process, as a shell gives one for `<(…)`.
fn is_of_process(file: &Path) -> bool {
    file == Path::new("/dev/stdin") || file.starts_with("/dev/fd") || file.starts_with("/proc")
}

/// A word as a shell takes it. Bytes that are no text, and characters that a line of text can't hold, are written as
/// octal numbers for `printf`.
fn quoted(word: &OsStr) -> String {
    let bytes = word.as_encoded_bytes();
    let Some(word) = word.to_str().filter(|word| !word.contains(char::is_control)) else {
        let mut octal = String::new();
        for byte in bytes {
            // Writing to a string can't fail.
            let _ = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'/' | b'-' | b'_' => {
                    write!(octal, "{}", char::from(*byte))
                }
                byte => write!(octal, "\\{byte:03o}"),
            };
        }
        return format!("\"$(printf -- '{octal}')\"");
    };
    // Only a NUL can't be quoted, and a control character was written as a number.
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Cow::into_owned)
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
            command(&given, Some(Path::new("da ta")), Some(Path::new("r")), &given.files[1..], 1201).unwrap(),
            "coffer load roles --data 'da ta' --version-field 'my stamp' --version 7 --refused r --from-line 1201 \
             --opensearch \"it's b\" ./-c -"
        );
    }

    #[test]
    fn from_the_first_line_nothing_is_said_of_lines() {
        let given = args(&["roles", "a"]);
        assert_eq!(command(&given, None, None, &given.files, 1).unwrap(), "coffer load roles a");
    }

    #[test]
    fn values_that_look_like_options_stay_values() {
        let given = args(&["roles", "--version-field=-v", "a"]);
        let command = command(&given, Some(Path::new("-d")), None, &given.files, 1).unwrap();
        assert_eq!(command, "coffer load roles --data=-d --version-field=-v a");
    }

    #[test]
    fn an_input_of_this_process_becomes_standard_input() {
        for input in ["/dev/fd/63", "/dev/stdin", "/proc/self/fd/3"] {
            let given = args(&["roles", input, "a"]);
            let command = command(&given, None, None, &given.files, 7).unwrap();
            assert_eq!(command, "coffer load roles --from-line 7 - a");
        }
        let given = args(&["roles", "/dev/fd/63", "/dev/fd/62"]);
        assert_eq!(command(&given, None, None, &given.files, 7), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_gets_back_every_name() {
        use std::os::unix::ffi::OsStrExt;
        for name in [&b"a\xffb"[..], b"\xff-'\"$`\\ %s", b"a\nb", b"it's", b"$(x)", b"", b"a\tb", b"%\x01"] {
            let script = format!("printf %s {}", quoted(OsStr::from_bytes(name)));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(output.stdout, name, "{script}");
        }
    }
}
