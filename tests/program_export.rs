//! `coffer export` from outside.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use devstack::random::Random;

use crate::support::program::{coffer, run_in};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn expect(output: &Output, said: &str) {
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), said), "{}", text(&output.stderr));
}

/// Documents with odd ids and odd spellings, each a line.
fn documents(random: &Random, count: usize) -> Vec<(String, String)> {
    let mut documents = Vec::new();
    for number in 0..count {
        let mut random = random.part(number);
        let odd: String = (0..random.below(8)).map(|_| random.character()).collect();
        let id = format!("{odd}{number}");
        let space = " \t".repeat(random.below(3));
        let size = if number % 50 == 0 { 100_000 } else { random.below(500) };
        let document = format!(
            "{space}{{\"n\":{}e400,{space}\"id\" : {},\"modified\":\"2020-01-01T00:00:00Z\",\"t\":\"\\u00fc\\/{}\"}}{space}",
            random.below(10),
            serde_json::to_string(&id).unwrap(),
            "ü".repeat(size)
        );
        documents.push((id, document));
    }
    documents
}

#[test]
fn documents_are_exported_byte_for_byte_in_the_order_of_their_ids_and_load_into_the_same_state() {
    let random = Random::for_test("documents_are_exported_byte_for_byte_in_the_order_of_their_ids");
    let mut documents = documents(&random, 300);
    let lines: String = documents.iter().map(|(_, document)| format!("{document}\n")).collect();
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let loaded = "events: 300 loaded, 0 unchanged, 0 older, 0 refused\n";
    expect(&run_in(from.path(), &["load", "events", "-"], lines.as_bytes()), loaded);

    let exported = run_in(from.path(), &["export", "events"], b"");
    documents.sort();
    let expected: String = documents.iter().map(|(_, document)| format!("{document}\n")).collect();
    // Not `assert_eq!`, which would print it all.
    assert!(exported.status.success() && text(&exported.stdout) == expected, "{}", text(&exported.stderr));

    expect(&run_in(to.path(), &["load", "events", "-"], &exported.stdout), loaded);
    assert!(run_in(to.path(), &["export", "events"], b"").stdout == exported.stdout);
}

#[test]
fn documents_whose_versions_are_counted_go_on_being_counted_after_an_export_and_a_load() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let counted = "{\"id\":\"a\",\"n\":3,\"synced\":\"2020-01-01T00:00:00Z\"}";
    let timed = "{\"id\":\"b\",\"synced\":\"2020-01-01T00:00:00Z\"}";
    let unread = "{\"id\":\"c\",\"synced\":\"soon\",\"modified\":\"2020-01-01T00:00:00Z\"}";
    let without = "{\"id\":\"d\"}";
    let exported =
        format!("# version 3\n{counted}\n{timed}\n# version 9223372036854775807\n{unread}\n# version 0\n{without}\n");
    let loaded = "roles: 4 loaded, 0 unchanged, 0 older, 0 refused\n";
    expect(&run_in(from.path(), &["load", "roles", "-"], exported.as_bytes()), loaded);
    expect(&run_in(from.path(), &["export", "roles"], b""), &exported);
    expect(&run_in(to.path(), &["load", "roles", "-"], exported.as_bytes()), loaded);
    expect(&run_in(to.path(), &["export", "roles"], b""), &exported);
    // Again it changes nothing, and the next version counts.
    let unchanged = "roles: 0 loaded, 4 unchanged, 0 older, 0 refused\n";
    expect(&run_in(to.path(), &["load", "roles", "-"], exported.as_bytes()), unchanged);
    let next = "roles: 1 loaded, 0 unchanged, 0 older, 0 refused\n";
    expect(&run_in(to.path(), &["load", "roles", "-"], format!("# version 4\n{counted}").as_bytes()), next);
}

#[test]
fn an_index_without_documents_is_exported_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    expect(
        &run_in(folder.path(), &["load", "roles", "-"], b"{\"id\":\"1\",\"synced\":\"2020-01-01T00:00:00Z\"}"),
        "roles: 1 loaded, 0 unchanged, 0 older, 0 refused\n",
    );
    expect(&run_in(folder.path(), &["export", "events"], b""), "");
}

#[test]
fn who_reads_only_the_start_of_an_export_hears_no_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let random = Random::for_test("who_reads_only_the_start_of_an_export_hears_no_complaint");
    let lines: String = documents(&random, 500).into_iter().map(|(_, document)| document + "\n").collect();
    assert!(run_in(folder.path(), &["load", "events", "-"], lines.as_bytes()).status.success());
    let mut export = coffer(&folder.path().join("data"))
        .args(["export", "events"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // More than a pipe holds is still to come.
    let mut first = String::new();
    BufReader::with_capacity(1, export.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = export.wait_with_output().unwrap();
    // As of a program that SIGPIPE ended: the output is incomplete.
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(141), ""));
}
