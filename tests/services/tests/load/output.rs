//! Broken output: the exit status and the documents in OpenSearch agree.

use std::process::{Command, Output, Stdio};

use devstack::broken_output::{closed, full, read_slowly};
use devstack::tools::Need;

use super::{Place, lines, said};
use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "a_result_that_can_not_be_written_is_a_failure_and_opensearch_has_the_work",
        &[Need::Services],
        a_result_that_can_not_be_written_is_a_failure,
    ),
    ("slow_output_and_complaints_that_can_not_be_printed_lose_nothing", &[Need::Services], slow_output_loses_nothing),
];

fn end(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
    output
}

fn a_result_that_can_not_be_written_is_a_failure(world: &World) {
    const DOCUMENTS: usize = 5_000;
    for broken in [full, closed] {
        let place = Place::without_index(world.stack());
        let output = end(prepare(&place).stdout(broken()));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("coffer: standard output: "), "{}", said(&output));
        let again = end(&mut prepare(&place));
        assert!(again.status.success(), "{}", said(&again));
        let told = String::from_utf8(again.stdout).unwrap();
        assert_eq!(told.lines().filter(|line| line.ends_with(": unchanged")).count(), 6, "{told}");

        std::fs::write(place.folder.path().join("file"), format!("[]\n{}", lines(DOCUMENTS))).unwrap();
        let load = end(place.command(&["load", "roles", "file"], None).stdout(broken()).stderr(broken()));
        assert_eq!(load.status.code(), Some(1));
        assert!(place.exported() == lines(DOCUMENTS));
        let output = end(place.command(&["export", "roles"], None).stdout(broken()));
        assert!(matches!(output.status.code(), Some(1 | 141)), "{output:?}");
        delete_indices(&place);
    }
}

fn slow_output_loses_nothing(world: &World) {
    const DOCUMENTS: usize = 5_000;
    let place = Place::without_index(world.stack());
    std::fs::write(place.folder.path().join("file"), lines(DOCUMENTS)).unwrap();
    let commands = || {
        let load = place.command(&["load", "roles", "file"], None);
        [prepare(&place), load, place.command(&["export", "roles"], None)]
    };
    let mut outputs = Vec::new();
    for mut command in commands() {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let read = read_slowly(child.stdout.take().unwrap());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        outputs.push(String::from_utf8(read).unwrap());
    }
    assert_eq!(outputs[0].lines().count(), 6, "{outputs:?}");
    assert_eq!(outputs[1], "roles: 5000 loaded, 0 unchanged, 0 older, 0 refused\n");
    assert!(outputs[2] == lines(DOCUMENTS));
    for broken in [full, closed] {
        let [prepare, load, export] = commands().map(|mut command| end(command.stderr(broken())));
        assert_eq!([prepare, load].map(|output| output.status.code()), [Some(0); 2]);
        assert_eq!(export.status.code(), Some(0));
        assert!(export.stdout == lines(DOCUMENTS).as_bytes());
    }
    delete_indices(&place);
}

/// `coffer prepare`, without the option of the other commands, which means nothing to it.
fn prepare(place: &Place<'_>) -> Command {
    let mut prepare = crate::program::coffer();
    prepare.arg("prepare").envs(place.command(&[], None).get_envs().filter_map(|(name, value)| Some((name, value?))));
    prepare
}

fn delete_indices(place: &Place<'_>) {
    for index in shared::names::IndexName::ALL {
        let path = format!("{}{index}-*", place.prefix);
        place.ask("DELETE", &path, "");
    }
}
