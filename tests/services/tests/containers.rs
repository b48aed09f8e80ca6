//! The functions in containers of the SAM CLI: one event each, and both APIs behind its gateway.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use devstack::artefacts::{self, Artefacts, Processor};
use devstack::engine::{Bridge, Engine};
use devstack::examples::{self, Change};
use devstack::process::{Process, free_port, listens};
use devstack::sandbox::event;
use devstack::stack::Stack;
use devstack::tools::Need;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    (
        "each_function_answers_its_event_in_a_container",
        &[Need::Services, Need::Engine],
        each_function_answers_its_event_in_a_container,
    ),
    (
        "a_change_from_the_queue_is_read_in_another_container",
        &[Need::Services, Need::Engine],
        a_change_from_the_queue_is_read,
    ),
    (
        "a_secret_lives_and_documents_are_read_behind_the_sam_clis_gateway",
        &[Need::Services, Need::Engine],
        a_secret_lives_and_documents_are_read_behind_the_sam_clis_gateway,
    ),
];

/// Setup of `sam local` beside its command.
struct Containers<'a> {
    stack: &'a Stack,
    engine: &'a Engine,
    folder: TempDir,
    // Containers reach the services by it.
    _bridge: Bridge,
}

impl<'a> Containers<'a> {
    fn of(world: &'a World) -> Self {
        let (stack, engine) = (world.stack(), world.engine());
        stack.runtime().block_on(examples::put(stack));
        let folder = tempfile::tempdir().unwrap();
        let bridge = Bridge::new(stack, engine);
        std::fs::write(folder.path().join("settings.json"), bridge.settings(stack)).unwrap();
        Self { stack, engine, folder, _bridge: bridge }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A subcommand of `sam local` for the functions of this machine's processor.
    fn sam(&self, arguments: &[&str]) -> Command {
        let mut sam = artefacts::sam();
        sam.arg("local")
            .args(arguments)
            .args(["--skip-pull-image", "--parameter-overrides", &format!("Architecture={}", Processor::here())])
            .arg("--template")
            .arg(Artefacts::of(Processor::here()).template())
            .arg("--env-vars")
            .arg(self.file("settings.json"))
            .args(Bridge::ADD_HOST)
            .envs(self.engine.variables())
            .stdin(Stdio::null());
        sam
    }
}

fn each_function_answers_its_event_in_a_container(world: &World) {
    let containers = Containers::of(world);
    for (function, event) in examples::events(containers.stack, "container") {
        let (_, resource) = artefacts::FUNCTIONS.iter().find(|(name, _)| *name == function).unwrap();
        let file = containers.file("event.json");
        std::fs::write(&file, event).unwrap();
        let output = containers.sam(&["invoke", resource, "--event", text(&file)]).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {log}"));
        let expected = if function == "create-secret" { 201 } else { 200 };
        assert_eq!(answer["statusCode"], expected, "{function}: {answer}\n{log}");
    }
}

fn a_change_from_the_queue_is_read(world: &World) {
    let containers = Containers::of(world);
    let invoke = |resource: &str, event: &str| {
        let file = containers.file("event.json");
        std::fs::write(&file, event).unwrap();
        let output = containers.sam(&["invoke", resource, "--event", text(&file)]).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {log}"))
    };
    // Other tests put the example role itself at any moment.
    let change = Change::of("changed-in-a-container");
    let answer: Value = invoke("SyncDocuments", &change.event());
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    let get = event(containers.stack, "container", "GET", &format!("/search/roles/{}", change.id), "");
    let answer: Value = invoke("GetDocument", &get);
    assert_eq!((&answer["statusCode"], answer["body"].as_str()), (&json!(200), Some(&*change.document)));
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The SAM CLI's gateway, which is stopped so that it takes its containers with it.
struct Gateway(Process, u16);

impl Drop for Gateway {
    fn drop(&mut self) {
        self.0.ask_to_end("INT");
    }
}

fn a_secret_lives_and_documents_are_read_behind_the_sam_clis_gateway(world: &World) {
    let containers = Containers::of(world);
    let port = free_port();
    let start = containers.sam(&["start-api", "--warm-containers", "LAZY", "--port", &port.to_string()]);
    let mut gateway = Gateway(Process::start("start-api", start, containers.folder.path()), port);
    gateway.0.wait_for(|_| listens(port).then_some(()));

    let ask = |method: &str, path: &str, body: &str| {
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = request
            .request(method.parse().unwrap(), format!("http://127.0.0.1:{}{path}", gateway.1))
            .header("authorization", format!("Bearer {}", containers.stack.token("gateway")))
            .body(body.to_owned());
        containers.stack.runtime().block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    };
    let expect = |method: &str, path: &str, body: &str, status: u16| {
        let (got, text) = ask(method, path, body);
        assert_eq!(got, status, "{method} {path}: {text}\n{}", gateway.0.log());
        text
    };
    let secrets = "/vault/api/v1/user/gateway/secrets";
    let secret = format!("{secrets}/db");
    expect("POST", secrets, r#"{"name":"db","data":{"n" : 1}}"#, 201);
    expect("POST", secrets, r#"{"name":"db","data":{}}"#, 400);
    let page: Value = serde_json::from_str(&expect("GET", &format!("{secrets}?limit=1"), "", 200)).unwrap();
    assert_eq!((&page["count"], &page["items"][0]["name"]), (&json!(1), &json!("db")));
    assert!(expect("GET", &secret, "", 200).contains(r#""data":{"n" : 1}"#));
    expect("PUT", &secret, r#"{"data":{"n":2}}"#, 200);
    assert!(expect("GET", &secret, "", 200).contains(r#""data":{"n":2}"#));
    expect("DELETE", &secret, "", 200);
    expect("GET", &secret, "", 404);
    for (index, id, document) in examples::documents_of("gateway") {
        containers.stack.runtime().block_on(containers.stack.put_document(index, &id, &document));
        assert_eq!(expect("GET", &format!("/search/{index}/{id}"), "", 200), document);
        assert_eq!(expect("GET", &format!("/v2025/search/{index}/{id}"), "", 200), document);
    }
}
