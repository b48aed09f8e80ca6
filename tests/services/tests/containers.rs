//! The functions in containers, behind the gateway that the SAM CLI has.

use std::process::Stdio;

use services::artefacts::{self, Artefacts, Processor};
use services::engine::Bridge;
use services::examples;
use services::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] = &[(
    "each_function_answers_its_event_in_a_container",
    &[Need::Services, Need::Engine],
    each_function_answers_its_event_in_a_container,
)];

fn each_function_answers_its_event_in_a_container(world: &World) {
    let (stack, engine) = (world.stack(), world.engine());
    let bridge = Bridge::new(stack, engine);
    stack.runtime().block_on(examples::put(stack));
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.json");
    std::fs::write(&settings, bridge.settings(stack)).unwrap();
    for (function, event) in examples::events(stack) {
        let file = folder.path().join("event.json");
        std::fs::write(&file, event).unwrap();
        let (_, resource) = artefacts::FUNCTIONS.iter().find(|(name, _)| *name == function).unwrap();
        let mut invoke = artefacts::sam();
        invoke
            .args(["local", "invoke", resource, "--skip-pull-image", "--template"])
            .arg(Artefacts::of(Processor::here()).template())
            .args(["--parameter-overrides", &format!("Architecture={}", Processor::here()), "--env-vars"])
            .arg(&settings)
            .arg("--event")
            .arg(&file)
            .args(Bridge::ADD_HOST)
            .envs(engine.variables())
            .stdin(Stdio::null());
        let output = invoke.output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        let answer: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {log}"));
        let expected = if function == "create-secret" { 201 } else { 200 };
        assert_eq!(answer["statusCode"], expected, "{function}: {answer}\n{log}");
    }
}
