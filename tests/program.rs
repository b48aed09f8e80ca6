//! The program from outside, as a newcomer uses it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::program::{self, Program, coffer, run};
use crate::support::{secret_path, secrets_path};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn what_is_stored_is_still_there_after_a_restart() {
    let folder = folder();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "alice"]);
    let body = json!({ "name": "db", "data": { "k": 1 } }).to_string();
    let server = Program::serve(&data, &[]);
    server.client(&token).post(&secrets_path("alice"), body).await.expect_status(201);
    let before = server.client(&token).get(&secret_path("alice", "db")).await;
    assert!(server.stop().success);

    let server = Program::serve(&data, &[]);
    let after = server.client(&token).get(&secret_path("alice", "db")).await;
    assert_eq!(after.without_ids(), before.without_ids());
    assert_eq!(before.status, 200);
}

#[tokio::test]
async fn what_was_answered_is_still_there_after_a_kill() {
    let folder = folder();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "alice"]);
    let server = Program::serve(&data, &[]);
    let alice = server.client(&token);
    for i in 0..20 {
        let body = json!({ "name": format!("s{i:02}"), "data": {} }).to_string();
        alice.post(&secrets_path("alice"), body).await.expect_status(201);
    }
    server.signal("KILL");
    assert!(!server.end().success);

    let server = Program::serve(&data, &[]);
    let reply = server.client(&token).get(&secrets_path("alice")).await;
    assert_eq!(reply.json()["count"], 20);
}

#[test]
fn the_printed_lines_work_when_they_are_pasted() {
    let folder = folder();
    let server = Program::serve(&folder.path().join("data"), &[]);
    let script: String = server
        .welcome
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(|line| line.replace("curl ", "curl --disable --silent --show-error --fail "))
        .fold("set -e\n".to_owned(), |script, line| script + &line + "\n");
    let output = Command::new("sh").arg("-c").arg(&script).output().unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    assert!(text(&output.stdout).contains(r#""data":{"password":"correct horse"}"#), "{output:?}");
}

#[test]
fn the_readme_lists_every_setting_with_its_default() {
    let readme = include_str!("../README.md");
    for setting in shared::settings::SETTINGS {
        let default = setting.default.map_or_else(|| "–".to_owned(), |default| format!("`{default}`"));
        let row = format!("| `{}` | {} | {default} |", setting.name, setting.meaning);
        assert!(readme.contains(&row), "missing in README.md:\n{row}");
    }
    let rows = readme.lines().filter(|line| line.starts_with("| `COFFER_")).count();
    assert_eq!(rows, shared::settings::SETTINGS.len());
}

async fn a_request_under_way_is_answered(signal: &str) {
    let folder = folder();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "alice"]);
    let server = Program::serve(&data, &[]);
    let body = r#"{"name":"db","data":{}}"#;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        secrets_path("alice"),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body when the request is under way.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(text(&interim), "HTTP/1.1 100 Continue\r\n\r\n");

    server.signal(signal);
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let ended = server.end();
    assert!(ended.success && ended.stdout.ends_with("Stopped.\n"), "{}", ended.stdout);
}

#[tokio::test]
async fn on_sigterm_requests_under_way_are_answered_before_it_ends() {
    a_request_under_way_is_answered("TERM").await;
}

#[tokio::test]
async fn on_ctrl_c_requests_under_way_are_answered_before_it_ends() {
    a_request_under_way_is_answered("INT").await;
}

#[test]
fn after_a_stop_the_table_is_closed() {
    let folder = folder();
    let data = folder.path().join("data");
    assert!(Program::serve(&data, &[]).stop().success);
    let left: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with("-wal")), "{left:?}");
}

#[test]
fn what_it_keeps_can_be_read_by_its_owner_alone() {
    let folder = folder();
    let data = folder.path().join("data");
    let server = Program::serve(&data, &[]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(server);
}

#[test]
fn a_data_folder_that_others_can_read_is_refused() {
    let folder = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let output = run(&data, &["serve", "--port", "0"]);
    assert_eq!(output.status.code(), Some(1));
    let expected =
        format!("coffer: {0} can be read by others than its owner; run: chmod go-rwx '{0}'\n", data.display());
    assert_eq!(text(&output.stderr), expected);
}

/// A library that answers for the system that hard links are not permitted, as a FAT volume does.
#[cfg(target_os = "linux")]
fn without_hard_links(folder: &Path) -> String {
    let (source, library) = (folder.join("links.c"), folder.join("links.so"));
    fs::write(
        &source,
        "#include <errno.h>
         int link(const char *a, const char *b) { errno = EPERM; return -1; }
         int linkat(int a, const char *b, int c, const char *d, int e) { errno = EPERM; return -1; }",
    )
    .unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status().unwrap();
    assert!(made.success());
    library.to_str().unwrap().to_owned()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_data_folder_on_a_volume_without_hard_links_starts() {
    let folder = folder();
    let library = without_hard_links(folder.path());
    let data = folder.path().join("data");
    let preload = [("LD_PRELOAD", &*library)];
    let server = Program::serve(&data, &preload);
    let token = program::token(&data, &["--user", "alice"]);
    let body = json!({ "name": "db", "data": { "k": 1 } }).to_string();
    server.client(&token).post(&secrets_path("alice"), body).await.expect_status(201);
    assert!(server.stop().success);
    // With the key and the keyring of the first start.
    let server = Program::serve(&data, &preload);
    server.client(&token).get(&secret_path("alice", "db")).await.expect_status(200);
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{name}");
        assert_eq!(name.matches('.').count(), 1, "nothing is left aside: {name}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn programs_that_start_at_once_without_hard_links_use_one_key() {
    let folder = folder();
    let library = without_hard_links(folder.path());
    let data = folder.path().join("data");
    let started: Vec<_> = (0..8)
        .map(|_| {
            let mut command = coffer(&data);
            command.args(["token", "--user", "alice"]).env("LD_PRELOAD", &library);
            command.stdout(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let tokens: Vec<_> = started.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let server = Program::serve(&data, &[]);
    for output in tokens {
        assert!(output.status.success(), "{output:?}");
        server.client(text(&output.stdout).trim_end()).get(&secrets_path("alice")).await.expect_status(200);
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_a_way_out() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&folder.path().join("data"), &["serve", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains(&format!("port {port}")) && said.contains("--port 0"), "{said}");
}

#[test]
fn a_wrong_setting_stops_the_start_with_a_line_that_names_it() {
    let folder = folder();
    let output = coffer(&folder.path().join("data"))
        .args(["serve", "--port", "0"])
        .env("COFFER_MAX_DATA_BYTES", "lots")
        .env("COFFER_JWT_LEEWAY_SECONDS", "9000")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "coffer: COFFER_MAX_DATA_BYTES is \"lots\": it must be a whole number from 1 to 262144\n\
         coffer: COFFER_JWT_LEEWAY_SECONDS is \"9000\": it must be a whole number from 0 to 300\n"
    );
}

/// An upgrade would otherwise stop checking them without a word.
#[test]
fn issuers_and_audiences_of_an_earlier_version_stop_the_start_with_the_names_of_the_new_settings() {
    let folder = folder();
    let mut command = coffer(&folder.path().join("data"));
    command.args(["serve", "--port", "0"]).env("COFFER_JWT_ISSUERS", "a").env("COFFER_JWT_AUDIENCES", "b");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "coffer: COFFER_JWT_ISSUERS is no longer read: set COFFER_VAULT_ISSUERS and COFFER_SEARCH_ISSUERS instead, and \
         remove COFFER_JWT_ISSUERS\n\
         coffer: COFFER_JWT_AUDIENCES is no longer read: set COFFER_VAULT_AUDIENCES and COFFER_SEARCH_AUDIENCES \
         instead, and remove COFFER_JWT_AUDIENCES\n"
    );
}

#[test]
fn a_token_is_printed_alone() {
    let folder = folder();
    let output = run(&folder.path().join("data"), &["token", "--user", "alice", "--lifetime", "2d"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let printed = text(&output.stdout);
    assert_eq!(printed.lines().count(), 1);
    assert_eq!(printed.trim_end().split('.').count(), 3);
}

#[test]
fn a_token_for_nobody_or_for_no_time_is_refused() {
    let folder = folder();
    let data = folder.path().join("data");
    let output = run(&data, &["token", "--user", ""]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "coffer: --user must not be empty\n");
    let output = run(&data, &["token", "--user", "alice", "--lifetime", "soon"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a duration such as 90s, 30m, 1h or 2d"), "{output:?}");
}

#[tokio::test]
async fn a_token_says_what_it_was_asked_to_say() {
    let folder = folder();
    let data = folder.path().join("data");
    let owner = program::token(&data, &["--user", "alice"]);
    let reader = program::token(&data, &["--user", "bob", "--scope", "user", "--role", "readers", "--role", "more"]);
    let no_reader = program::token(&data, &["--user", "bob", "--scope", "sp:search:read", "--authority", ""]);
    let server = Program::serve(&data, &[]);
    let body = json!({ "name": "db", "data": {}, "read_roles": [{ "id": "readers" }] }).to_string();
    server.client(&owner).post(&secrets_path("alice"), body).await.expect_status(201);
    server.client(&reader).get(&secret_path("alice", "db")).await.expect_status(200);
    server.client(&no_reader).get(&secret_path("alice", "db")).await.expect_status(403);
    server.client(&no_reader).get("/search/roles/x").await.expect_status(403);
    server.client(&owner).get("/search/roles/x").await.expect_status(404);
}

#[tokio::test]
async fn a_token_of_another_data_folder_is_not_accepted() {
    let (folder, other) = (folder(), folder());
    let token = program::token(&other.path().join("data"), &["--user", "alice"]);
    let server = Program::serve(&folder.path().join("data"), &[]);
    server.client(&token).get(&secrets_path("alice")).await.expect_status(401);
}

#[tokio::test]
async fn documents_are_loaded_while_the_server_runs() {
    let folder = folder();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "alice"]);
    let server = Program::serve(&data, &[]);
    let file = folder.path().join("roles.jsonl");
    fs::write(&file, "{\"id\":\"r1\", \"n\":1e400}\r\n\n {\"id\":\"r2\"} ").unwrap();
    let output = run(&data, &["load", "roles", "--version", "1", file.to_str().unwrap()]);
    let said = "roles: 2 loaded, 0 unchanged, 0 older, 0 refused\n";
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), said));
    let reply = server.client(&token).get("/search/roles/r1").await;
    assert_eq!((reply.status, reply.text()), (200, "{\"id\":\"r1\", \"n\":1e400}"));
    let reply = server.client(&token).get("/search/roles/r2").await;
    assert_eq!((reply.status, reply.text()), (200, " {\"id\":\"r2\"} "));
}

#[test]
fn an_unknown_index_and_a_missing_file_are_named() {
    let folder = folder();
    let data = folder.path().join("data");
    let output = run(&data, &["load", "people", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("accessprofiles, accountactivities, entitlements, events, identities, roles")
    );
    let output = run(&data, &["load", "roles", "no-such-file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("coffer: no-such-file: "), "{output:?}");
}

#[test]
fn every_command_answers_to_help() {
    let folder = folder();
    let commands = ["serve", "token", "load", "export", "prepare"];
    let asked: Vec<_> = commands.iter().map(|command| vec![*command, "--help"]).chain([vec!["--help"]]).collect();
    for args in &asked {
        let output = run(folder.path(), args);
        assert!(output.status.success() && text(&output.stdout).contains("Usage: coffer"), "{args:?}");
    }
    assert_eq!(run(folder.path(), &["--nonsense"]).status.code(), Some(2));
}

#[tokio::test]
async fn keys_of_an_issuer_take_the_place_of_the_development_key() {
    let folder = folder();
    let data = folder.path().join("data");
    let development = program::token(&data, &["--user", "alice"]);
    let key = crate::support::TestKey::ed25519("issuer's");
    let keys = crate::support::TestKey::key_set(&[&key]);
    let server = Program::serve(&data, &[("COFFER_JWT_KEYS", &keys)]);
    assert!(!server.welcome.contains("TOKEN="), "{}", server.welcome);
    let good = key.sign(&crate::support::Claims::good());
    server.client(&good).get(&secrets_path("alice")).await.expect_status(200);
    server.client(&development).get(&secrets_path("alice")).await.expect_status(401);
}

#[tokio::test]
async fn a_request_leaves_one_line_that_says_who_did_what_with_which_secret() {
    let folder = folder();
    let data = folder.path().join("data");
    let token = program::token(&data, &["--user", "bob", "--scope", "admin"]);
    let server = Program::serve(&data, &[]);
    let bob = server.client(&token);
    let mut replies = vec![bob.post(&secrets_path("alice"), r#"{"name":"db","data":{}}"#).await];
    let secret_id = replies[0].header("etag").trim_matches('"').split_once('-').unwrap().1.to_owned();
    replies.push(bob.get(&secret_path("alice", "db")).await);
    replies.push(bob.delete(&secret_path("alice", "db")).await);
    replies.push(bob.get(&secret_path("alice", "db")).await);
    let log = server.stop().log;
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        ("create-secret", 201, "request answered"),
        ("get-secret", 200, "request answered"),
        ("delete-secret", 200, "request answered"),
        ("get-secret", 404, "request refused"),
    ];
    assert_eq!(lines.len(), expected.len(), "{log}");
    for ((line, reply), (operation, status, message)) in lines.iter().zip(&replies).zip(expected) {
        assert_eq!(line["tracking_id"], reply.header("x-request-id"), "{line}");
        assert_eq!(
            (&line["operation"], &line["status"], &line["message"]),
            (&json!(operation), &json!(status), &json!(message))
        );
        assert_eq!((&line["caller"], &line["owner"]), (&json!("bob"), &json!("alice")), "{line}");
        assert!(line["duration_ms"].as_f64().is_some_and(|time| time > 0.0), "{line}");
        let touched = if status == 404 { json!(null) } else { json!(secret_id) };
        assert_eq!(line["secret_id"], touched, "{line}");
    }
    assert_eq!(lines[3]["error"], "secret not found");
}
