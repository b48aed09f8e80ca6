//! `coffer load` from outside, into the data folder.

mod formats;
mod stops;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::program::{coffer, run_in};

/// Time limit for something that happens by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest line that is read, in bytes.
const LONGEST_LINE: usize = 6 << 20;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A document of a second.
fn document(id: &str, second: u32) -> String {
    format!("{{\"id\":\"{id}\",\"modified\":\"2020-01-01T00:00:{second:02}Z\"}}")
}

/// So many documents, a line each, with ids in their order.
fn lines(count: usize) -> String {
    (0..count).map(|number| document(&format!("{number:06}"), 1) + "\n").collect()
}

fn load(folder: &Path, args: &[&str], input: &[u8]) -> Output {
    run_in(folder, &[&["load", "roles"], args].concat(), input)
}

/// The line with the counts.
fn summary(output: &Output) -> &str {
    text(&output.stdout).trim_end().strip_prefix("roles: ").unwrap_or_else(|| panic!("{output:?}"))
}

fn exported(folder: &Path) -> String {
    let output = run_in(folder, &["export", "roles"], b"");
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout).to_owned()
}

fn gzip(text: &str) -> Vec<u8> {
    gzip_of(text.as_bytes())
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

#[test]
fn the_newer_of_two_documents_counts_in_either_order() {
    let (old, new) = (document("a", 1), document("a", 2));
    for (first, second, said) in
        [(&old, &new, "1 loaded, 0 unchanged, 0 older"), (&new, &old, "0 loaded, 0 unchanged, 1 older")]
    {
        let folder = folder();
        assert_eq!(
            summary(&load(folder.path(), &["-"], first.as_bytes())),
            "1 loaded, 0 unchanged, 0 older, 0 refused"
        );
        let output = load(folder.path(), &["-"], second.as_bytes());
        assert_eq!((output.status.code(), summary(&output)), (Some(0), &*format!("{said}, 0 refused")));
        assert_eq!(exported(folder.path()), format!("{new}\n"));
    }
    // Also within one load.
    let folder = folder();
    load(folder.path(), &["-"], format!("{new}\n{old}\n").as_bytes());
    assert_eq!(exported(folder.path()), format!("{new}\n"));
}

#[test]
fn what_was_loaded_before_is_unchanged() {
    let folder = folder();
    assert_eq!(summary(&load(folder.path(), &["-"], lines(3).as_bytes())), "3 loaded, 0 unchanged, 0 older, 0 refused");
    let output = load(folder.path(), &["-"], lines(4).as_bytes());
    assert_eq!((output.status.code(), summary(&output)), (Some(0), "1 loaded, 3 unchanged, 0 older, 0 refused"));
}

#[test]
fn the_version_is_synced_else_modified_or_what_was_asked_for() {
    let both = |synced: &str, n: u32| {
        format!("{{\"id\":\"a\",\"synced\":{synced},\"modified\":\"2020-01-01T00:00:05Z\",\"v\":{n}}}")
    };
    let folder = folder();
    for (document, args, expected) in [
        (both("\"2020-01-01T00:00:03Z\"", 30), &[][..], "1 loaded"),
        // Newer by `modified`.
        (both("null", 20), &[], "1 loaded"),
        // Older by `synced`, though as new by `modified`.
        (both("\"2020-01-01T00:00:04Z\"", 99), &[], "0 loaded, 0 unchanged, 1 older"),
        // A number is far below any time since 1970.
        (both("null", 30), &["--version-field", "v", "--mix-versions"], "0 loaded, 0 unchanged, 1 older"),
        (both("null", 30), &["--version-field", "modified", "--mix-versions"], "0 loaded, 1 unchanged"),
    ] {
        let output = load(folder.path(), &[args, &["-"]].concat(), document.as_bytes());
        assert!(summary(&output).starts_with(expected), "{document} {args:?}: {output:?}");
    }
}

#[test]
fn a_document_without_a_version_is_refused_unless_one_is_given() {
    let folder = folder();
    let line = b"{\"id\":\"a\",\"modified\":null}";
    let output = load(folder.path(), &["-"], line);
    assert_eq!((output.status.code(), summary(&output)), (Some(1), "0 loaded, 0 unchanged, 0 older, 1 refused"));
    let said = text(&output.stderr);
    for word in ["synced", "modified", "--version-field", "--version"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let output = load(folder.path(), &["--version", "7", "-"], line);
    assert_eq!((output.status.code(), summary(&output)), (Some(0), "1 loaded, 0 unchanged, 0 older, 0 refused"));
    let output = load(folder.path(), &["--version", "7", "-"], line);
    assert_eq!(summary(&output), "0 loaded, 1 unchanged, 0 older, 0 refused");
    let output = load(folder.path(), &["--version", "9223372036854775808", "-"], line);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a whole number from 0 to 9223372036854775807"), "{output:?}");
}

#[test]
fn a_synced_that_is_not_understood_is_refused_and_gives_way_to_nothing() {
    let with = |synced: &str| format!("{{\"id\":\"a\",\"synced\":{synced},\"modified\":\"2020-01-01T00:00:00Z\"}}");
    for synced in ["\"/Date(1711929600000)/\"", "\"soon\"", "\"\"", "17", "true", "{}", "\"2024-04-01T00:00:00\""] {
        for args in [&["-"][..], &["--version", "7", "-"]] {
            let folder = folder();
            let output = load(folder.path(), args, with(synced).as_bytes());
            assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 1 refused", "{synced}");
            assert!(text(&output.stderr).contains("the member synced is neither a time of ISO 8601"), "{output:?}");
        }
    }
    let folder = folder();
    load(folder.path(), &["-"], with("\"2024-03-01T00:00:00Z\"").as_bytes());
    for synced in ["2024-04-01T00:00:00.000+0000", "2024-04-01T01:00:00.001+01", "20240401T000001Z"] {
        let output = load(folder.path(), &["-"], with(&format!("\"{synced}\"")).as_bytes());
        assert_eq!(summary(&output), "1 loaded, 0 unchanged, 0 older, 0 refused", "{synced}");
    }
}

#[test]
fn versions_of_another_kind_than_the_stored_ones_stop_a_load_that_does_not_mix_them() {
    let counted = |number: u64| format!("# version {number}\n{{\"id\":\"a\"}}\n");
    let timed = document("a", 1) + "\n";
    for (first, second, said) in [
        (counted(3), timed.clone(), "1 loaded, 0 unchanged, 0 older, 0 refused"),
        // A queue may count from 0.
        (counted(0), timed.clone(), "1 loaded, 0 unchanged, 0 older, 0 refused"),
        (timed.clone(), counted(0), "0 loaded, 0 unchanged, 1 older, 0 refused"),
        (timed.clone(), counted(3), "0 loaded, 0 unchanged, 1 older, 0 refused"),
        (counted(99_999_999_999), counted(100_000_000_000), "1 loaded, 0 unchanged, 0 older, 0 refused"),
    ] {
        let folder = folder();
        assert!(load(folder.path(), &["-"], first.as_bytes()).status.success());
        let before = exported(folder.path());
        // Others of the batch are stopped with it.
        let input = format!("{}{second}", lines(10));
        let output = load(folder.path(), &["-"], input.as_bytes());
        assert_eq!((output.status.code(), summary(&output)), (Some(1), "0 loaded, 0 unchanged, 0 older, 0 refused"));
        let complaint = text(&output.stderr);
        assert!(complaint.contains("--mix-versions") && !complaint.contains("go on with"), "{complaint}");
        assert_eq!(exported(folder.path()), before);
        let output = load(folder.path(), &["--mix-versions", "-"], second.as_bytes());
        assert_eq!((output.status.code(), summary(&output)), (Some(0), said));
    }
}

#[test]
fn versions_are_compared_up_to_the_first_stored_document() {
    let folder = folder();
    let stored = "# version 3\n{\"id\":\"stored\"}\n";
    assert!(load(folder.path(), &["-"], stored.as_bytes()).status.success());
    // More than a batch of new ones before it.
    let output = load(folder.path(), &["-"], (lines(2_500) + &document("stored", 1)).as_bytes());
    assert_eq!((output.status.code(), summary(&output)), (Some(1), "2000 loaded, 0 unchanged, 0 older, 0 refused"));
    assert!(text(&output.stderr).contains("line 2501: the version is"), "{output:?}");
    assert!(exported(folder.path()).contains(stored));
}

#[test]
fn a_time_more_than_a_day_ahead_is_refused() {
    let folder = folder();
    for member in ["synced", "modified"] {
        let line = format!("{{\"id\":\"a\",\"{member}\":\"9999-01-01T00:00:00Z\"}}");
        let output = load(folder.path(), &["-"], line.as_bytes());
        assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 1 refused");
        assert!(text(&output.stderr).contains(&format!("{member} is a time more than a day ahead")), "{output:?}");
    }
}

#[test]
fn a_version_line_stays_with_its_document() {
    let folder = folder();
    let version = |number: u64, document: &str| format!("# version {number}\n{document}\n");
    let (a, b) = ("{\"id\":\"a\"}", "{\"id\":\"b\",\"synced\":\"2020-01-01T00:00:00Z\"}");
    // The line counts once, with anything between.
    let input = format!("# version 3\n\n# a comment\n{a}\n{b}\n{}", version(9, "[]"));
    assert_eq!(summary(&load(folder.path(), &["-"], input.as_bytes())), "2 loaded, 0 unchanged, 0 older, 1 refused");
    assert_eq!(exported(folder.path()), format!("{}{b}\n", version(3, a)));
    let kept = fs::read_to_string(folder.path().join("roles-refused.jsonl")).unwrap();
    assert!(kept.ends_with(&version(9, "[]")), "{kept}");
    for (number, said) in [(2, "0 loaded, 0 unchanged, 1 older"), (3, "0 loaded, 1 unchanged"), (4, "1 loaded")] {
        let output = load(folder.path(), &["-"], version(number, a).as_bytes());
        assert!(summary(&output).starts_with(said), "{output:?}");
    }
    let output = load(folder.path(), &["-"], format!("# version 9223372036854775808\n{b}\n{b}").as_bytes());
    assert_eq!(summary(&output), "0 loaded, 1 unchanged, 0 older, 1 refused");
    assert!(text(&output.stderr).contains("no number from 0 to 9223372036854775807"), "{output:?}");
}

#[test]
fn a_version_line_that_is_not_understood_refuses_its_document() {
    let bad = document("bad", 1);
    let long = format!("# version 7{}", " ".repeat(LONGEST_LINE));
    for lines in [
        "# version abc",
        "# version",
        "# version ",
        "# version\t7",
        "# version: 7",
        "# version 1 2",
        "# version \u{2212}7",
        "#version 7",
        "#  version\r\n# a comment",
        "# version 7\n# version 7",
        "# version 7\n\n# version 8\n# version 9",
        &long,
    ] {
        let folder = folder();
        let input = format!("{lines}\n{bad}\n{}\n", document("good", 1));
        let output = load(folder.path(), &["-"], input.as_bytes());
        // A line that is too long is refused itself.
        let refused = if lines == long { 2 } else { 1 };
        let expected = format!("1 loaded, 0 unchanged, 0 older, {refused} refused");
        let start = lines.get(..20).unwrap_or(lines);
        assert_eq!((output.status.code(), summary(&output)), (Some(1), &*expected), "{start}: {output:?}");
        assert!(text(&output.stderr).contains("its version"), "{output:?}");
        assert_eq!(exported(folder.path()), document("good", 1) + "\n", "{start}");
        // The file of refused lines isn't loaded either before it is mended.
        let refused = folder.path().join("roles-refused.jsonl");
        let output = load(folder.path(), &["roles-refused.jsonl"], b"");
        assert!(summary(&output).starts_with("0 loaded, 0 unchanged, "), "{start}: {output:?}");
        let kept = fs::read_to_string(&refused).unwrap();
        let mended = format!("# version 1577836801000\n{bad}\n");
        assert!(kept.ends_with(&format!("\n{bad}\n")), "{start}");
        fs::write(&refused, mended).unwrap();
        assert_eq!(
            summary(&load(folder.path(), &["roles-refused.jsonl"], b"")),
            "1 loaded, 0 unchanged, 0 older, 0 refused"
        );
    }
}

#[test]
fn a_reason_that_begins_like_a_version_is_a_comment() {
    let folder = folder();
    fs::write(folder.path().join("version 5"), format!("[]\n{}\n", document("a", 1))).unwrap();
    assert_eq!(summary(&load(folder.path(), &["version 5"], b"")), "1 loaded, 0 unchanged, 0 older, 1 refused");
    let refused = folder.path().join("roles-refused.jsonl");
    let mended = fs::read_to_string(&refused).unwrap().replace("[]", &document("b", 1));
    assert!(mended.starts_with("# version 5, line 1: "), "{mended}");
    fs::write(&refused, mended).unwrap();
    let output = load(folder.path(), &["roles-refused.jsonl"], b"");
    assert_eq!((output.status.code(), summary(&output)), (Some(0), "1 loaded, 0 unchanged, 0 older, 0 refused"));
}

#[test]
fn a_version_at_the_end_of_a_file_is_a_file_that_was_cut() {
    for (end, from) in [("# version 7", 2), ("# version 7\n\n# comment\n", 2), ("# version", 2), ("\n# version 7\n", 3)]
    {
        let folder = folder();
        fs::write(folder.path().join("cut"), format!("{}\n{end}", document("a", 1))).unwrap();
        fs::write(folder.path().join("after"), document("b", 1)).unwrap();
        let output = load(folder.path(), &["cut", "after"], b"");
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), summary(&output)), (Some(1), "2 loaded, 0 unchanged, 0 older, 0 refused"));
        assert!(said.starts_with(&format!("coffer: cut, line {from}: it gives a version, and the document")), "{said}");
        assert!(said.contains("go on with: coffer load roles "), "{said}");
        assert!(said.ends_with(&format!(" --from-line {from} cut\n")), "{said}");
    }
}

#[test]
fn a_file_that_was_cut_after_a_version_goes_on_with_the_version() {
    let export = format!("{}# version 7\n# comment\n{{\"id\":\"counted\"}}\n", document("a", 1) + "\n");
    let (before, _) = export.split_once("{\"id\":\"counted\"").unwrap();
    let whole = gzip(&export);
    for (cut, place) in [
        // In the document, and before it.
        ([gzip(before), gzip("{\"id\":\"counted\"}\n")[..14].to_vec()].concat(), 4),
        ([gzip(before), whole[..5].to_vec()].concat(), 4),
        ([gzip(before.split_once("# comment").unwrap().0), whole[..5].to_vec()].concat(), 3),
    ] {
        let folder = folder();
        fs::write(folder.path().join("file"), cut).unwrap();
        let output = load(folder.path(), &["--mix-versions", "file"], b"");
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("coffer: file, line {place}: ")), "{said}");
        let command = said.split_once("go on with: coffer ").unwrap().1;
        assert!(command.contains("--from-line 2 "), "{command}");
        fs::write(folder.path().join("file"), &whole).unwrap();
        let script = format!("'{}' {command}", env!("CARGO_BIN_EXE_coffer"));
        let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let expected = format!("{}\n# version 7\n{{\"id\":\"counted\"}}\n", document("a", 1));
        assert_eq!(exported(folder.path()), expected);
    }
}

#[test]
fn a_document_with_the_reserved_member_of_tombstones_is_refused() {
    let folder = folder();
    let output = load(folder.path(), &["--version", "1", "-"], b"{\"id\":\"a\",\"coffer$deleted\":1}");
    assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 1 refused");
    assert!(text(&output.stderr).contains("coffer$deleted is reserved"), "{output:?}");
}

#[test]
fn a_document_that_opensearch_would_refuse_is_refused() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let refused = [
        ("{\"b\":1,\"\\u0062\":2}".to_owned(), "names a member twice"),
        ("[{\"b\":{\"c\":1,\"c\":1}}]".to_owned(), "names a member twice"),
        (nested(1_000), "more than 1000 deep"),
        ("1".repeat(1_001), "1001 digits"),
        (format!("{{\"{}\":1}}", "n".repeat(50_001)), "more than 50000 bytes"),
        ("{\"\\ud800\":1}".to_owned(), "half of a surrogate pair"),
    ];
    let line =
        |id: &str, value: &str| format!("{{\"id\":\"{id}\",\"synced\":\"2020-01-01T00:00:00Z\",\"x\":{value}}}\n");
    for (value, reason) in refused {
        let folder = folder();
        let good =
            [line("a", &nested(999)), line("b", &"1".repeat(1_000)), line("c", "{\"d\":1e400,\"e\":\"\\ud800\"}")];
        let input = format!("{}{}", line("bad", &value), good.concat());
        let output = load(folder.path(), &["-"], input.as_bytes());
        assert_eq!(summary(&output), "3 loaded, 0 unchanged, 0 older, 1 refused");
        assert!(text(&output.stderr).contains(reason), "{reason}: {}", text(&output.stderr));
        assert!(exported(folder.path()) == good.concat());
    }
}

#[test]
fn empty_lines_and_comments_are_no_documents() {
    let folder = folder();
    let input = format!("# a comment\n\n \t\r\n{}\r\n#{}\n", document("a", 1), document("b", 1));
    assert_eq!(summary(&load(folder.path(), &["-"], input.as_bytes())), "1 loaded, 0 unchanged, 0 older, 0 refused");
    assert_eq!(exported(folder.path()), document("a", 1) + "\n");
}

#[test]
fn refused_lines_are_named_and_kept_with_their_reasons_and_the_others_are_loaded() {
    let folder = folder();
    let large = format!("{{\"id\":\"large\",\"x\":\"{}\"}}", "x".repeat(7 << 20));
    let escaped = format!("{{\"id\":\"escaped\",\"x\":[{}0]}}", "\"\",".repeat(1_500_000));
    let (good, also_good) = (document("good", 1), document("also good", 1));
    let lines = [
        good.as_bytes(),
        b"{\"id\":\"cut\"",
        b"[]",
        b"{\"name\":\"no id\"}",
        b"{\"id\":7}",
        b"{\"id\":\"\"}",
        b"{\"id\":\"..\"}",
        b"{\"id\":\"twice\",\"id\":\"twice\"}",
        b"{\"id\":\"\xff\"}",
        large.as_bytes(),
        escaped.as_bytes(),
        also_good.as_bytes(),
    ];
    let output = load(folder.path(), &["-"], &lines.join(&b"\n"[..]));
    assert_eq!((output.status.code(), summary(&output)), (Some(1), "2 loaded, 0 unchanged, 0 older, 10 refused"));
    let said = text(&output.stderr);
    let kept = fs::read(folder.path().join("roles-refused.jsonl")).unwrap();
    let kept_lines: Vec<&[u8]> = kept.split(|byte| *byte == b'\n').collect();
    // Batches are done in any order, and their refused lines with them.
    for (number, reason) in [
        (2, "not a JSON object in UTF-8"),
        (3, "not a JSON object in UTF-8"),
        (4, "the member id is missing or no string"),
        (5, "the member id is missing or no string"),
        (6, "the id must not be empty"),
        (7, "the id must not be '.' or '..'"),
        (8, "names each member once"),
        (9, "not a JSON object in UTF-8"),
        (10, "larger than an answer can be"),
        (11, "larger than an answer can be"),
    ] {
        let start = format!("coffer: standard input, line {number}: refused: ");
        let told: Vec<_> = said.lines().filter(|line| line.starts_with(&start)).collect();
        assert!(matches!(&told[..], [line] if line.contains(reason)), "line {number}: {told:?}");
        let start = format!("# standard input, line {number}: ");
        let place = kept_lines.iter().position(|line| line.starts_with(start.as_bytes())).unwrap();
        assert!(text(kept_lines[place]).contains(reason), "line {number}");
        // A line is kept as it came, up to the length that is read of one.
        let line = lines[number - 1];
        assert!(kept_lines.get(place + 1) == Some(&&line[..line.len().min(LONGEST_LINE)]), "line {number}");
    }
    assert!(said.ends_with("coffer: the refused lines and the reasons are in roles-refused.jsonl\n"), "{said}");
}

#[test]
fn the_file_of_refused_lines_can_be_mended_and_loaded() {
    let folder = folder();
    let input = format!("{}\n{{\"id\":\"b\", \"modified\":\"mend me\"}}\n{}\n", document("a", 1), document("c", 1));
    assert_eq!(summary(&load(folder.path(), &["-"], input.as_bytes())), "2 loaded, 0 unchanged, 0 older, 1 refused");
    let file = folder.path().join("roles-refused.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "nobody else reads what is in it");
    let mended = fs::read_to_string(&file).unwrap().replace("mend me", "2020-01-01T00:00:01Z");
    fs::write(&file, mended).unwrap();
    let output = load(folder.path(), &["roles-refused.jsonl"], b"");
    assert_eq!((output.status.code(), summary(&output)), (Some(0), "1 loaded, 0 unchanged, 0 older, 0 refused"));
    assert!(exported(folder.path()).contains("\"id\":\"b\""));
}

#[test]
fn a_file_of_refused_lines_is_never_written_over() {
    let folder = folder();
    for name in ["roles-refused.jsonl", "roles-refused-2.jsonl", "roles-refused-3.jsonl"] {
        let output = load(folder.path(), &["-"], b"[]");
        assert!(text(&output.stderr).contains(&format!("are in {name}\n")), "{output:?}");
    }
    let output = load(folder.path(), &["--refused", "mine", "-"], b"[1]");
    assert_eq!(output.status.code(), Some(1));
    let mine = fs::read_to_string(folder.path().join("mine")).unwrap();
    assert!(mine.ends_with("\n[1]\n"), "{mine}");
    let output = load(folder.path(), &["--refused", "mine", "-"], lines(1).as_bytes());
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).starts_with("coffer: mine: is there already"), "{output:?}");
    assert_eq!(fs::read_to_string(folder.path().join("mine")).unwrap(), mine);
    // Where nothing is refused there is no file.
    load(folder.path(), &["--refused", "none", "-"], lines(1).as_bytes());
    assert!(!folder.path().join("none").exists());
}

#[test]
fn only_the_first_refused_lines_are_told() {
    let folder = folder();
    let output = load(folder.path(), &["-"], "[]\n".repeat(1_000).as_bytes());
    assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 1000 refused");
    let said = text(&output.stderr);
    assert_eq!(said.lines().filter(|line| line.contains(": refused: ")).count(), 20, "{said}");
    let kept = fs::read_to_string(folder.path().join("roles-refused.jsonl")).unwrap();
    assert_eq!(kept.lines().filter(|line| *line == "[]").count(), 1_000);
}

#[test]
fn a_load_begins_with_the_line_that_is_asked_for_of_the_first_file() {
    let folder = folder();
    let all = lines(10);
    fs::write(folder.path().join("first"), gzip(&all)).unwrap();
    fs::write(folder.path().join("second"), document("second", 1)).unwrap();
    let output = load(folder.path(), &["--from-line", "8", "first", "second"], b"");
    assert_eq!(summary(&output), "4 loaded, 0 unchanged, 0 older, 0 refused");
    let expected: String = all.lines().skip(7).map(|line| line.to_owned() + "\n").collect();
    assert_eq!(exported(folder.path()), expected + &document("second", 1) + "\n");
    // Lines keep their numbers.
    let output = load(folder.path(), &["--from-line", "2", "-"], b"\n\n[]");
    assert!(text(&output.stderr).starts_with("coffer: standard input, line 3: refused: "), "{output:?}");
    assert_eq!(
        summary(&load(folder.path(), &["--from-line", "99", "-"], b"[]")),
        "0 loaded, 0 unchanged, 0 older, 0 refused"
    );
    assert_eq!(load(folder.path(), &["--from-line", "0", "-"], b"").status.code(), Some(2));
}

#[test]
fn a_file_that_is_missing_is_named_before_anything_is_loaded() {
    let folder = folder();
    fs::write(folder.path().join("there"), lines(1)).unwrap();
    let output = load(folder.path(), &["there", "not-there"], b"");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).starts_with("coffer: not-there: "), "{output:?}");
    assert_eq!(exported(folder.path()), "");
}

#[test]
fn files_after_one_that_can_not_be_read_are_loaded_and_no_vain_command_is_printed() {
    let all = lines(20_000);
    let whole = gzip(&all);
    let mut damaged = whole.clone();
    let end = damaged.len() - 8;
    damaged[end] ^= 0xff;
    let mut damaged_zstd = zstd(&all);
    let middle = damaged_zstd.len() / 2;
    damaged_zstd[middle..middle + 20].fill(0xff);
    for (name, bytes, resumes) in [
        ("array", format!("[{}]", document("x", 1)).into_bytes(), false),
        ("bzip2", b"BZh91AY&SY".to_vec(), false),
        ("damaged", damaged, false),
        ("damaged zstd", damaged_zstd, false),
        ("cut", whole[..whole.len() - 9].to_vec(), true),
        ("cut head", whole[..5].to_vec(), true),
        ("cut zstd", zstd(&all)[..3_000].to_vec(), true),
    ] {
        let folder = folder();
        fs::write(folder.path().join(name), bytes).unwrap();
        fs::write(folder.path().join("after"), document("after", 1)).unwrap();
        let output = load(folder.path(), &[name, "after"], b"");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(exported(folder.path()).ends_with(&(document("after", 1) + "\n")), "{name}: {said}");
        assert!(said.starts_with(&format!("coffer: {name}")), "{said}");
        assert_eq!(said.contains("go on with: coffer load "), resumes, "{name}: {said}");
        if let Some((_, command)) = said.split_once("go on with: coffer ") {
            // It loads the rest of that file alone.
            assert!(!command.contains("after"), "{command}");
            fs::write(folder.path().join(name), &whole).unwrap();
            let script = format!("'{}' {command}", env!("CARGO_BIN_EXE_coffer"));
            let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert!(exported(folder.path()) == format!("{all}{}\n", document("after", 1)), "{name}");
        }
    }
    // A folder in place of a file.
    let folder = folder();
    fs::create_dir(folder.path().join("folder")).unwrap();
    fs::write(folder.path().join("after"), document("after", 1)).unwrap();
    let output = load(folder.path(), &["folder", "after"], b"");
    assert_eq!((output.status.code(), text(&output.stderr).contains("go on with")), (Some(1), false), "{output:?}");
    assert_eq!(exported(folder.path()), document("after", 1) + "\n");
}

#[test]
fn a_folder_that_is_not_there_for_refused_lines_is_named_before_anything_is_loaded() {
    let folder = folder();
    let output = load(folder.path(), &["--refused", "none/refused", "-"], lines(3).as_bytes());
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
    assert!(text(&output.stderr).starts_with("coffer: none/refused: none is no folder"), "{output:?}");
    assert_eq!(exported(folder.path()), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_of_any_length_takes_little_memory() {
    let folder = folder();
    let mut child = coffer(&folder.path().join("data"))
        .current_dir(folder.path())
        .args(["load", "roles", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let part = vec![b'x'; 1 << 20];
    for _ in 0..150 {
        stdin.write_all(&part).unwrap();
    }
    // All but the content of the pipe was read.
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(summary(&output), "0 loaded, 0 unchanged, 0 older, 1 refused");
    assert!(kilobytes < 100_000, "{kilobytes} kB");
}

#[test]
fn documents_of_an_older_store_are_still_there_and_older_than_any_other() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    let file = data.join("documents.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    // As it was made before there were versions.
    connection
        .execute_batch(
            "CREATE TABLE documents (
                index_name TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (index_name, id));
             INSERT INTO documents VALUES ('roles', 'a', CAST('{\"id\":\"a\"}' AS BLOB));
             INSERT INTO documents VALUES ('roles', 'b', CAST('{\"id\":\"b\"}' AS BLOB));",
        )
        .unwrap();
    drop(connection);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    // Without a line a load would find no version in them.
    let kept = |id: &str| format!("# version 0\n{{\"id\":\"{id}\"}}\n");
    assert_eq!(exported(folder.path()), kept("a") + &kept("b"));
    let output = load(folder.path(), &["-"], document("a", 1).as_bytes());
    assert_eq!(summary(&output), "1 loaded, 0 unchanged, 0 older, 0 refused");
    assert_eq!(exported(folder.path()), format!("{}\n{}", document("a", 1), kept("b")));
    // Any version is newer, 0 too.
    assert_eq!(
        summary(&load(folder.path(), &["-"], kept("b").as_bytes())),
        "1 loaded, 0 unchanged, 0 older, 0 refused"
    );
}
