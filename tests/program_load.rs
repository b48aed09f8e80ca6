//! `coffer load` from outside, into the data folder.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

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
fn a_load_that_stops_between_a_version_and_its_document_goes_on_with_both() {
    let folder = folder();
    fs::write(folder.path().join("after"), "").unwrap();
    // The batch is full with the line that gives the last version.
    let input = format!("{}# version 9\n{{\"id\":\"x\"}}\n", lines(2_000));
    let piped = Piped::start(folder.path(), &input);
    let started = Instant::now();
    while exported(folder.path()).is_empty() {
        assert!(started.elapsed() < PATIENCE, "nothing is loaded");
    }
    let output = piped.stop("INT");
    let command = text(&output.stderr).split_once("go on with: coffer ").unwrap().1.to_owned();
    fs::remove_file(folder.path().join("the pipe")).unwrap();
    fs::write(folder.path().join("the pipe"), &input).unwrap();
    let script = format!("'{}' {command}", env!("CARGO_BIN_EXE_coffer"));
    assert!(Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap().status.success());
    assert!(exported(folder.path()).ends_with("# version 9\n{\"id\":\"x\"}\n"), "{command}");
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
fn compressed_files_are_known_by_their_first_bytes() {
    let all = lines(5_000);
    // In parts, as tools put them together.
    let (first, second) = all.split_at(all.len() / 3);
    let ways = [
        ("plain", all.as_bytes().to_vec()),
        ("gzip", gzip(&all)),
        ("zstd", zstd(&all)),
        ("two of gzip", [gzip(first), gzip(second)].concat()),
        ("two of zstd", [zstd(first), zstd(second)].concat()),
    ];
    for (way, bytes) in ways {
        for through_a_file in [true, false] {
            let folder = folder();
            let output = if through_a_file {
                fs::write(folder.path().join("file"), &bytes).unwrap();
                load(folder.path(), &["file"], b"")
            } else {
                load(folder.path(), &["-"], &bytes)
            };
            assert_eq!(summary(&output), "5000 loaded, 0 unchanged, 0 older, 0 refused", "{way}");
            assert!(exported(folder.path()) == all, "{way}");
        }
    }
}

/// A skippable frame of zstd with this content.
fn skippable(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [&[0x50 + number, 0x2a, 0x4d, 0x18][..], &length, content].concat()
}

#[test]
fn skippable_frames_padding_and_byte_order_marks_are_passed_over() {
    let all = lines(5_000);
    let (first, second) = all.split_at(all.find('\n').unwrap() + 1);
    let mark = "\u{feff}";
    let zeros = vec![0; 300_000];
    let ways = [
        ("pzstd", [skippable(0, &[1, 2, 3, 4]), zstd(first), skippable(0, &[4; 4]), zstd(second)].concat()),
        ("skippable of any number", [skippable(15, &[]), skippable(7, &[9; 500]), zstd(&all)].concat()),
        ("seekable zstd", [zstd(&all), skippable(14, &[0; 17])].concat()),
        ("padded gzip", [gzip(&all), zeros.clone()].concat()),
        ("gzip padded by a byte", [gzip(&all), vec![0]].concat()),
        ("members of padded gzip", [gzip(first), zeros.clone(), gzip(second), zeros.clone()].concat()),
        ("frames of padded zstd", [zstd(first), zeros.clone(), zstd(second), zeros.clone()].concat()),
        ("padded lines", [all.as_bytes(), &zeros].concat()),
        ("a padded line", [all.trim_end().as_bytes(), &zeros].concat()),
        ("lines padded with more than a line", [all.as_bytes(), &vec![0; 2 * LONGEST_LINE]].concat()),
        ("padded lines in gzip", gzip_of(&[all.as_bytes(), &zeros].concat())),
        ("mark", format!("{mark}{all}").into_bytes()),
        ("marks of two files", format!("{mark}{first}{mark}{second}").into_bytes()),
        ("mark in gzip", gzip(&format!("{mark}{all}"))),
        ("mark in zstd", zstd(&format!("{mark}{all}"))),
        ("mark before a comment", format!("{mark}# comment\n{all}").into_bytes()),
    ];
    for (way, bytes) in ways {
        for through_a_file in [true, false] {
            let folder = folder();
            fs::write(folder.path().join("file"), &bytes).unwrap();
            let output =
                if through_a_file { load(folder.path(), &["file"], b"") } else { load(folder.path(), &["-"], &bytes) };
            assert_eq!(
                (output.status.code(), summary(&output)),
                (Some(0), "5000 loaded, 0 unchanged, 0 older, 0 refused"),
                "{way}"
            );
            assert!(exported(folder.path()) == all, "{way}");
        }
    }
}

#[test]
fn zeros_before_the_end_of_a_file_are_a_lost_part_of_it() {
    let (a, b) = (document("a", 1) + "\n", document("b", 1) + "\n");
    let zeros = vec![0; 10_000];
    for (name, bytes, kept) in [
        ("start", [&*zeros, a.as_bytes(), b.as_bytes()].concat(), &b),
        ("middle", [a.as_bytes(), &*zeros, b.as_bytes()].concat(), &a),
        ("end of a line", [a.trim_end().as_bytes(), &*zeros, b"\n", b.as_bytes()].concat(), &b),
        ("a line", [a.as_bytes(), &*zeros, b"\n"].concat(), &a),
        ("a comment", [&b"# comment"[..], &*zeros, b.as_bytes(), a.as_bytes()].concat(), &a),
        ("more than a line", [a.as_bytes(), &vec![0; LONGEST_LINE + 9], b.as_bytes()].concat(), &a),
    ] {
        for bytes in [bytes.clone(), gzip_of(&bytes)] {
            let folder = folder();
            let output = load(folder.path(), &["-"], &bytes);
            let expected = (Some(1), "1 loaded, 0 unchanged, 0 older, 1 refused");
            assert_eq!((output.status.code(), summary(&output)), expected, "{name}");
            assert!(text(&output.stderr).contains("refused: zeros stand in it"), "{name}: {output:?}");
            assert_eq!(exported(folder.path()), *kept, "{name}");
        }
    }
    for bytes in [zeros.clone(), gzip_of(&zeros)] {
        let folder = folder();
        let output = load(folder.path(), &["-"], &bytes);
        assert_eq!((output.status.code(), summary(&output)), (Some(1), "0 loaded, 0 unchanged, 0 older, 0 refused"));
        assert!(text(&output.stderr).starts_with("coffer: standard input: it has only zeros"), "{output:?}");
    }
}

#[test]
fn what_follows_a_member_of_gzip_and_is_none_ends_the_load() {
    let folder = folder();
    let output = load(folder.path(), &["-"], &[gzip(&lines(3)), vec![0; 9], b"more".to_vec()].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_file_of_another_format_ends_the_load_with_what_to_do() {
    let wide = |text: &str, big: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let document = document("a", 1);
    let pretty = "{\n  \"id\": \"a\",\n  \"synced\": \"2020-01-01T00:00:00Z\"\n}\n";
    let mut tar = vec![b'x'; 257];
    tar.extend_from_slice(b"ustar\x0000");
    tar.resize(1024, 0);
    for (bytes, words) in [
        (format!("[{document},{document}]").into_bytes(), "jq -c '.[]'"),
        (format!("[\n  {document},\n  {document}\n]\n").into_bytes(), "jq -c '.[]'"),
        (format!("\u{feff} \n# comment\n [ {document}\n]").into_bytes(), "jq -c '.[]'"),
        (gzip(&format!("[{document}]\n")), "jq -c '.[]'"),
        (format!("[{}]", vec![&*document; 200_000].join(",")).into_bytes(), "jq -c '.[]'"),
        (pretty.as_bytes().to_vec(), "jq -c . "),
        (pretty.replace('\n', "\r\n").into_bytes(), "jq -c . "),
        (pretty.replace("{\n ", "{").into_bytes(), "jq -c . "),
        (zstd(pretty), "jq -c . "),
        (b"{\"id\":\"a\"\n,\"synced\":\"2020-01-01T00:00:00Z\"}\n".to_vec(), "jq -c . "),
        (b"{ \"id\": \"a\", \"x\": { \"y\": 1 }\n\n}\n".to_vec(), "jq -c . "),
        (format!("{{\"id\":\"a\",\"x\":[\n{document}\n]}}\n").into_bytes(), "jq -c . "),
        (format!("[\n{document}\n]\n").into_bytes(), "jq -c '.[]'"),
        (format!("{document},\n{document},\n{document}\n").into_bytes(), "sed 's/,"),
        (format!("{document},\r\n\r\n{document},\r\n").into_bytes(), "sed 's/,"),
        (wide(&format!("\u{feff}{document}"), false), "iconv"),
        (wide(&format!("\u{feff}{document}"), true), "iconv"),
        (wide(&document, false), "iconv"),
        (wide(&document, true), "iconv"),
        (b"BZh91AY&SY\x01\x02\x03".to_vec(), "bzip2 -dc"),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "xz -dc"),
        (b"\x02\x21\x4c\x18{".to_vec(), "lz4 -dc"),
        (b"ARROW1\0\0".to_vec(), "one JSON document a line"),
        (b"PK\x03\x04\x14\0\0\0".to_vec(), "unzip -p"),
        (tar.clone(), "tar -xOf"),
        (format!("\u{1e}{document}\n").into_bytes(), "jq -c . "),
        (b"\x1f\x9d\x90{".to_vec(), "gzip -dc"),
        (b"Rar!\x1a\x07\x01\0".to_vec(), "unrar p"),
        (document.bytes().flat_map(|byte| [0, 0, 0, byte]).collect(), "iconv"),
        (gzip_of(&gzip(&document)), "compressed twice"),
        (gzip_of(&zstd(&document)), "compressed twice"),
        (zstd::encode_all(&*gzip(&document), 3).unwrap(), "compressed twice"),
        ([gzip(""), gzip(&String::from_utf8(tar).unwrap())].concat(), "tar -xOf"),
    ] {
        let folder = folder();
        let output = load(folder.path(), &["-"], &bytes);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{words}: {said}");
        assert!(
            ["it is ", "a document has several lines", "a comma stands after"]
                .iter()
                .any(|start| said.starts_with(&format!("coffer: standard input: {start}"))),
            "{words}: {said}"
        );
        assert!(said.contains(words) && !said.contains("go on with"), "{words}: {said}");
        assert!(!folder.path().join("roles-refused.jsonl").exists(), "{words}");
    }
}

#[test]
fn a_first_line_that_is_broken_is_refused_alone() {
    // The lines are longer than the head of a file that is read first.
    let good: String = (0..50).map(|number| long_document(&format!("{number:02}")) + "\n").collect();
    let comma = long_document("comma") + ",";
    for first in ["{", "{\"id\":", "{\"id\":\"x\",", "{\"x\":[", "[", "[{\"id\":", "[{\"id\":\"x\"}]", "{{", &comma] {
        for (between, after) in [("\n", &*good), ("\r\n\r\n", &*good), ("\n# version 1577836801000\n", &*good)] {
            let input = format!("{first}{between}{after}");
            for bytes in [gzip(&input), input.into_bytes()] {
                let folder = folder();
                let output = load(folder.path(), &["-"], &bytes);
                let expected = (Some(1), "50 loaded, 0 unchanged, 0 older, 1 refused");
                assert_eq!((output.status.code(), summary(&output)), expected, "{first}: {output:?}");
                let said = text(&output.stderr);
                assert!(said.starts_with("coffer: standard input, line 1: refused: "), "{said}");
                assert_eq!(said.contains("take the commas out: sed "), first == comma, "{said}");
                assert!(exported(folder.path()) == good, "{first}");
            }
        }
    }
    // One line after it is no part of it either, and a line without any is broken.
    for (after, loaded) in [(long_document("a"), 1), (String::new(), 0)] {
        for first in ["{", "{\"id\":", "{\"id\":\"x\","] {
            let folder = folder();
            let output = load(folder.path(), &["-"], format!("{first}\n{after}").as_bytes());
            assert_eq!(summary(&output), format!("{loaded} loaded, 0 unchanged, 0 older, 1 refused"), "{first}");
        }
    }
}

#[test]
fn lines_that_end_with_a_carriage_return_alone_are_refused_with_what_to_do() {
    let documents = [document("a", 1), document("b", 2)].join("\r");
    for input in [documents.clone(), format!("# comment\r{documents}\r"), format!("{documents}\r\n")] {
        let folder = folder();
        let output = load(folder.path(), &["-"], input.as_bytes());
        let expected = (Some(1), "0 loaded, 0 unchanged, 0 older, 1 refused");
        assert_eq!((output.status.code(), summary(&output)), expected, "{input:?}: {output:?}");
        assert!(text(&output.stderr).contains("tr '\\r' '\\n'"), "{output:?}");
    }
    // A comment may end with one.
    let folder = folder();
    let output = load(folder.path(), &["-"], format!("# comment\r\n{}\r\n", document("a", 1)).as_bytes());
    assert_eq!(summary(&output), "1 loaded, 0 unchanged, 0 older, 0 refused");
}

#[test]
fn each_command_that_goes_on_has_a_file_of_its_own_for_refused_lines() {
    let folder = folder();
    let cut = |name: &str| {
        let bytes = gzip(&lines(20_000));
        fs::write(folder.path().join(name), &bytes[..bytes.len() / 2]).unwrap();
    };
    ["a", "b"].into_iter().for_each(cut);
    let output = load(folder.path(), &["--refused", "r", "a", "b"], b"");
    let said = text(&output.stderr);
    let files: Vec<_> = said.split("--refused ").skip(1).map(|rest| rest.split(' ').next().unwrap()).collect();
    assert_eq!(files.len(), 2, "{said}");
    assert_ne!(files[0], files[1], "{said}");
}

/// A document of more than 265 bytes.
fn long_document(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"modified\":\"2020-01-01T00:00:01Z\",\"x\":\"{}\"}}", "x".repeat(300))
}

#[test]
fn a_file_that_was_cut_off_is_no_whole_load() {
    let all = lines(20_000);
    for bytes in [gzip(&all), zstd(&all)] {
        let folder = folder();
        fs::write(folder.path().join("cut"), &bytes[..bytes.len() - 9]).unwrap();
        let output = load(folder.path(), &["cut"], b"");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(said.contains("coffer: cut, line ") && said.contains("go on with: coffer load roles "), "{said}");
    }
}

#[test]
fn an_error_right_after_the_first_document_is_no_end() {
    let first = document("first", 1) + "\n";
    let more: Vec<u8> = (0..200).flat_map(|number| gzip(&(document(&format!("{number:06}"), 1) + "\n"))).collect();
    let mut damaged = gzip(&first);
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 0xff;
    let (packed, packed_zstd) = (gzip(&first), zstd(&first));
    // Without the checksum at its end.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(first.as_bytes()).unwrap();
    let checked = encoder.finish().unwrap();
    let cut = checked[..checked.len() - 4].to_vec();
    for (name, bytes, resumes) in [
        ("damaged", damaged.clone(), false),
        ("damaged and more", [damaged, more.clone()].concat(), false),
        ("gzip and a line", [packed.clone(), first.clone().into_bytes()].concat(), false),
        ("gzip and garbage", [packed.clone(), vec![0xa5; 50]].concat(), false),
        ("gzip, zeros and more", [packed.clone(), vec![0; 50], first.clone().into_bytes()].concat(), false),
        ("gzip and zstd", [packed.clone(), packed_zstd.clone()].concat(), false),
        ("a header that was cut", [&packed[..], &packed[..5]].concat(), true),
        ("zstd that was cut", cut, true),
        ("zstd and a line", [packed_zstd.clone(), first.clone().into_bytes()].concat(), false),
        ("zstd and gzip", [packed_zstd.clone(), more].concat(), false),
        ("a frame that was cut", [&packed_zstd[..], &packed_zstd[..9]].concat(), true),
    ] {
        let folder = folder();
        fs::write(folder.path().join("file"), &bytes).unwrap();
        for (from, said) in [("file", "coffer: file, line 2: "), ("-", "coffer: standard input, line 2: ")] {
            let output = load(folder.path(), &[from], &bytes);
            let complaint = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
            assert!(complaint.starts_with(said), "{name}: {complaint}");
            assert_eq!(complaint.contains("go on with: "), resumes, "{name}: {complaint}");
            // It was unpacked before the error.
            assert_eq!(exported(folder.path()), first, "{name}");
        }
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
    let mut kept_lines = kept.split(|byte| *byte == b'\n');
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
        let line = said.lines().nth(number - 2).unwrap();
        let start = format!("coffer: standard input, line {number}: refused: ");
        assert!(line.starts_with(&start) && line.contains(reason), "{line}");
        let comment = text(kept_lines.next().unwrap());
        assert!(comment.starts_with(&format!("# standard input, line {number}: ")) && comment.contains(reason));
        // A line is kept as it came, up to the length that is read of one.
        let line = lines[number - 1];
        assert!(kept_lines.next() == Some(&line[..line.len().min(LONGEST_LINE)]), "line {number}");
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

#[test]
fn a_refused_line_is_kept_once_however_often_a_load_is_stopped() {
    let folder = folder();
    fs::write(folder.path().join("after"), "[\"after\"]\n").unwrap();
    let mut all = String::new();
    for (number, line) in lines(9_000).lines().enumerate() {
        all += line;
        all += "\n";
        if number % 1_000 == 999 {
            all += &format!("[\"bad {number}\"]\n");
        }
    }
    let piped = Piped::start(folder.path(), &all);
    let started = Instant::now();
    while exported(folder.path()).is_empty() {
        assert!(started.elapsed() < PATIENCE, "nothing is loaded");
    }
    let output = piped.stop("INT");
    let command = text(&output.stderr).split_once("go on with: coffer ").unwrap().1.to_owned();
    fs::remove_file(folder.path().join("the pipe")).unwrap();
    fs::write(folder.path().join("the pipe"), &all).unwrap();
    let script = format!("'{}' {command}", env!("CARGO_BIN_EXE_coffer"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let mut kept: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("roles-refused") {
            let text = fs::read_to_string(path).unwrap();
            kept.extend(text.lines().filter(|line| line.starts_with('[')).map(str::to_owned));
        }
    }
    kept.sort();
    let mut expected: Vec<_> = (0..9).map(|part| format!("[\"bad {}\"]", part * 1_000 + 999)).collect();
    expected.push("[\"after\"]".to_owned());
    expected.sort();
    assert_eq!(kept, expected);
}

/// A load of a pipe that others write to and that has no end yet.
struct Piped {
    child: Child,
    pipe: File,
}

impl Piped {
    /// Starts a load of the pipe and a file after it, and writes these lines.
    fn start(folder: &Path, input: &str) -> Self {
        let path = folder.join("the pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let child = coffer(&folder.join("data"))
            .current_dir(folder)
            .args(["load", "roles", "--version-field", "modified", "the pipe", "after"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, receiver) = mpsc::channel();
        let input = input.to_owned();
        thread::spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
            pipe.write_all(input.as_bytes()).unwrap();
            sender.send(pipe).unwrap();
        });
        let pipe = receiver.recv_timeout(PATIENCE).expect("the load reads the pipe");
        Self { child, pipe }
    }

    fn stop(self, signal: &str) -> Output {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = self.child.wait_with_output().unwrap();
        drop(self.pipe);
        output
    }
}

fn a_load_that_is_stopped_goes_on_where_it_says(signal: &str) {
    let folder = folder();
    let all = lines(9_000);
    fs::write(folder.path().join("after"), document("after", 1)).unwrap();
    let piped = Piped::start(folder.path(), &all);
    let started = Instant::now();
    while exported(folder.path()).is_empty() {
        assert!(started.elapsed() < PATIENCE, "nothing is loaded");
    }
    let output = piped.stop(signal);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let command =
        said.trim_end().strip_prefix("coffer: stopped; go on with: coffer ").unwrap_or_else(|| panic!("{said}"));
    let from: usize = command.split_once("--from-line ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    // All that comes before is there; whole batches are.
    let before = exported(folder.path());
    assert!(from > 1 && before.starts_with(&lines(from - 1)), "{command}");
    let loaded = before.lines().count();
    assert_eq!(summary(&output), format!("{loaded} loaded, 0 unchanged, 0 older, 0 refused"));
    assert!(loaded < 9_000, "it was stopped before the end");

    fs::remove_file(folder.path().join("the pipe")).unwrap();
    fs::write(folder.path().join("the pipe"), &all).unwrap();
    assert!(command.ends_with(" 'the pipe' after") && command.contains("--version-field modified"), "{command}");
    let script = format!("'{}' {command}", env!("CARGO_BIN_EXE_coffer"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(exported(folder.path()) == all + &document("after", 1) + "\n");
}

#[test]
fn on_ctrl_c_a_load_stops_and_goes_on_where_it_says() {
    a_load_that_is_stopped_goes_on_where_it_says("INT");
}

#[test]
fn on_sigterm_a_load_stops_and_goes_on_where_it_says() {
    a_load_that_is_stopped_goes_on_where_it_says("TERM");
}

#[test]
fn a_long_load_says_how_far_it_is_in_plain_lines() {
    let folder = folder();
    fs::write(folder.path().join("after"), "x".repeat(1_000)).unwrap();
    let mut piped = Piped::start(folder.path(), &lines(3_000));
    let mut first = String::new();
    BufReader::new(piped.child.stderr.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("roles: 2000 documents, ") && first.ends_with("/s\n"), "{first}");
    piped.stop("INT");
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
