//! Numbers of tests, by suite, from the output of `cargo test`, held against a floor: a suite that silently stops
//! running fails.

use std::collections::BTreeMap;
use std::path::Path;

/// File of the floors: `SUITE NUMBER` a line.
const FLOORS: &str = "tests/floors.txt";

/// Prefix of the line with which the services' tests report the black-box suite that they run over real services.
const CONTRACT: &str = "the contract on real services: ";

/// Numbers of tests that passed, by suite.
///
/// Cargo announces each suite on standard error and its result follows on standard output, both in the same order, so
/// the n-th of one belongs to the n-th of the other.
pub(crate) fn count(stdout: &str, stderr: &str) -> Result<BTreeMap<String, u64>, String> {
    let suites: Vec<String> = stderr.lines().filter_map(suite).collect();
    let results: Vec<u64> = stdout.lines().filter_map(passed).collect();
    if suites.len() != results.len() {
        return Err(format!("{} suites were started and {} gave a result", suites.len(), results.len()));
    }
    let mut counts = BTreeMap::new();
    let contract = stderr.lines().filter_map(|line| line.strip_prefix(CONTRACT)).filter_map(first_number);
    for (suite, passed) in suites.into_iter().zip(results).chain(contract.map(|n| ("services contract".to_owned(), n)))
    {
        *counts.entry(suite).or_insert(0) += passed;
    }
    Ok(counts)
}

/// Name of the suite that a line of cargo announces: package or target, as the file in `deps` is called.
fn suite(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(package) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{package} doc-tests"));
    }
    let (_, file) = line.strip_prefix("Running ")?.rsplit_once('(')?;
    let file = file.strip_suffix(')')?.rsplit(['/', '\\']).next()?;
    file.rsplit_once('-').map(|(name, _)| name.to_owned())
}

/// Number of the tests that passed, from the line that ends a suite.
fn passed(line: &str) -> Option<u64> {
    first_number(line.strip_prefix("test result: ok. ")?)
}

fn first_number(text: &str) -> Option<u64> {
    text.split(' ').next()?.parse().ok()
}

/// Prints the counts beside their floors.
///
/// # Errors
/// A suite below its floor, missing, or without a floor.
pub(crate) fn check(root: &Path, counts: &BTreeMap<String, u64>) -> Result<(), String> {
    let path = root.join(FLOORS);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{FLOORS}: {error}"))?;
    let floors = floors(&text)?;
    println!("tests that passed, by suite (floor in {FLOORS}):");
    for (suite, count) in counts {
        let floor = floors.get(suite).map_or_else(|| "none".to_owned(), u64::to_string);
        println!("{count:>7}  {suite} ({floor})");
    }
    println!("{:>7}  together", counts.values().sum::<u64>());
    let mut errors: Vec<String> = Vec::new();
    for (suite, floor) in &floors {
        let count = counts.get(suite).copied().unwrap_or(0);
        if count < *floor {
            errors.push(format!("suite {suite}: {count} tests passed, at least {floor} have to"));
        }
    }
    let unknown = counts.iter().filter(|(suite, count)| **count > 0 && !floors.contains_key(*suite));
    errors
        .extend(unknown.map(|(suite, count)| format!("suite {suite} has no floor: add `{suite} {count}` to {FLOORS}")));
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

fn floors(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let (suite, floor) = line.rsplit_once(' ').ok_or_else(|| format!("{FLOORS}: {line:?} has no number"))?;
            let floor = floor.parse().map_err(|error| format!("{FLOORS}: {line:?}: {error}"))?;
            Ok((suite.to_owned(), floor))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDERR: &str = "   Compiling local v0.1.0\n     Running unittests src/lib.rs (target/debug/deps/local-0a1b)\n     \
                          Running ../tests/main.rs (target/debug/deps/suite-9f)\n\
                          the contract on real services: 855 tests passed\n   Doc-tests local\n";
    const STDOUT: &str = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored\n\
                          test result: ok. 1066 passed; 0 failed\ntest result: ok. 0 passed; 0 failed\n";

    fn folder(floors: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tests")).unwrap();
        std::fs::write(folder.path().join(FLOORS), floors).unwrap();
        folder
    }

    #[test]
    fn each_suite_gets_its_own_number() {
        let counts: Vec<_> = count(STDOUT, STDERR).unwrap().into_iter().collect();
        let expected = [("local", 2), ("local doc-tests", 0), ("services contract", 855), ("suite", 1066)];
        assert_eq!(counts, expected.map(|(suite, count)| (suite.to_owned(), count)));
    }

    #[test]
    fn a_suite_without_a_result_is_an_error() {
        let error = count("test result: ok. 2 passed; 0 failed\n", STDERR).unwrap_err();
        assert_eq!(error, "3 suites were started and 1 gave a result");
    }

    #[test]
    fn a_suite_below_its_floor_or_missing_fails() {
        let folder = folder("# floors\nlocal 2\nsuite 1067\nservices 342\nservices contract 855\n");
        let error = check(folder.path(), &count(STDOUT, STDERR).unwrap()).unwrap_err();
        assert!(error.contains("suite services: 0 tests passed, at least 342"), "{error}");
        assert!(error.contains("suite suite: 1066 tests passed, at least 1067"), "{error}");
        assert!(!error.contains("local"), "{error}");
    }

    #[test]
    fn a_suite_without_a_floor_fails() {
        let folder = folder("local 2\nservices contract 855\n");
        let error = check(folder.path(), &count(STDOUT, STDERR).unwrap()).unwrap_err();
        assert_eq!(error, "suite suite has no floor: add `suite 1066` to tests/floors.txt");
    }

    #[test]
    fn more_tests_than_the_floor_pass() {
        let folder = folder("local 1\nsuite 1000\nservices contract 1\n");
        check(folder.path(), &count(STDOUT, STDERR).unwrap()).unwrap();
    }
}
