//! Broken output: the exit status and the documents in OpenSearch agree.

use std::fs::OpenOptions;
use std::process::{Command, Output, Stdio};

use devstack::tools::Need;

use super::{Place, lines, said};
use crate::{Test, World};

pub const TESTS: &[Test] = &[(
    "a_result_that_can_not_be_written_is_a_failure_and_opensearch_has_the_work",
    &[Need::Services],
    a_result_that_can_not_be_written_is_a_failure,
)];

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// A pipe with a closed reader.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn end(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
    output
}

fn a_result_that_can_not_be_written_is_a_failure(world: &World) {
    const DOCUMENTS: usize = 5_000;
    for broken in [full, closed] {
        let place = Place::without_index(world.stack());
        let prepare = || {
            // The option of the other commands means nothing to this one.
            let mut prepare = crate::program::coffer();
            prepare
                .arg("prepare")
                .envs(place.command(&[], None).get_envs().filter_map(|(name, value)| Some((name, value?))));
            prepare
        };
        let output = end(prepare().stdout(broken()));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("coffer: standard output: "), "{}", said(&output));
        let again = end(&mut prepare());
        assert!(again.status.success(), "{}", said(&again));
        let told = String::from_utf8(again.stdout).unwrap();
        assert_eq!(told.lines().filter(|line| line.ends_with(": unchanged")).count(), 6, "{told}");

        std::fs::write(place.folder.path().join("file"), format!("[]\n{}", lines(DOCUMENTS))).unwrap();
        let load = end(place.command(&["load", "roles", "file"], None).stdout(broken()).stderr(broken()));
        assert_eq!(load.status.code(), Some(1));
        assert!(place.exported() == lines(DOCUMENTS));
        let output = end(place.command(&["export", "roles"], None).stdout(broken()));
        assert!(matches!(output.status.code(), Some(1 | 141)), "{output:?}");
        for index in shared::names::IndexName::ALL {
            let path = format!("{}{index}-*", place.prefix);
            place.ask("DELETE", &path, "");
        }
    }
}
