//! The description of both APIs against the server, by Schemathesis: requests that keep it and requests that break it,
//! and the permitted answers to either.

use std::process::{Command, Stdio};

use devstack::fetch;
use devstack::process::{Process, free_port, listens};
use devstack::random::Random;
use devstack::tools::Need;
use local::data_dir::DataDir;
use local::tokens::{Grant, SigningKey};

use crate::program::coffer;
use crate::{Test, World};

pub const TESTS: &[Test] =
    &[("schemathesis_finds_nothing_in_the_description", &[Need::Services], schemathesis_finds_nothing)];

/// Test cases an operation.
const EXAMPLES: &str = "200";

fn schemathesis_finds_nothing(_: &World) {
    let python = fetch::python("schemathesis", "4.32.5");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Every scope, so that a request gets as far as its syntax and the table.
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let grant = Grant {
        user: "alice".to_owned(),
        scopes: words(&["user", "admin", "vaultManage", "vaultAdd", "sp:search:read"]),
        roles: Vec::new(),
        authorities: words(&["ORG_ADMIN"]),
        lifetime: std::time::Duration::from_secs(3600),
    };
    let token = SigningKey::open(&DataDir::open(&data).unwrap()).unwrap().sign(&grant).unwrap();
    let port = free_port();
    let mut server = coffer();
    server.args(["serve", "--port", &port.to_string(), "--data"]).arg(&data);
    let mut server = Process::start("coffer", server, folder.path());
    server.wait_for(|_| listens(port).then_some(()));

    let seed = Random::for_test("schemathesis").below(1 << 32).to_string();
    let rules = devstack::root().join("tests/services/schemathesis");
    let mut run = Command::new(python.join("bin/schemathesis"));
    run.args(["--no-color", "--config-file"])
        .arg(rules.join("schemathesis.toml"))
        .args(["run", &format!("http://127.0.0.1:{port}/openapi.json"), "--checks", "all", "--max-examples", EXAMPLES])
        .args(["--seed", &seed, "--header", &format!("Authorization: Bearer {}", *token)])
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", rules)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder.path())
        .stdin(Stdio::null());
    let output = run.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = |start: &str| text.lines().find(|line| line.trim_start().starts_with(start)).unwrap_or_default().trim();
    eprintln!(
        "schemathesis: {}, seed {seed}",
        text.lines().find(|line| line.contains("generated")).unwrap_or_default()
    );
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said("Selected:"), "Selected: 12/12", "{text}");
    assert_eq!(said("Tested:"), "Tested: 12", "{text}");
}
