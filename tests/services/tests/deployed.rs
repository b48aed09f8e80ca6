//! Deployed artefacts: the template, and the binaries that are built for it.

use std::process::{Command, Stdio};

use devstack::artefacts::{self, Artefacts, FUNCTIONS, Processor};
use devstack::examples;
use devstack::queue;
use devstack::sandbox::{Answer, Emulated};
use devstack::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("the_sam_cli_finds_nothing_in_the_template", &[Need::Services], the_sam_cli_finds_nothing_in_the_template),
    ("cfn_lint_finds_nothing_in_the_template", &[Need::Services], cfn_lint_finds_nothing_in_the_template),
    (
        "each_function_is_built_for_both_processors_and_small",
        &[Need::Services],
        each_function_is_built_for_both_processors_and_small,
    ),
    ("each_function_needs_no_library_and_lies_anywhere", &[Need::Services], each_function_needs_no_library),
    (
        "each_function_answers_on_the_other_processor",
        &[Need::Services, Need::Emulation],
        each_function_answers_on_the_other_processor,
    ),
];

/// The largest zip of a function, in bytes. Larger ones take longer to be fetched at a cold start.
const MAX_ZIP_BYTES: u64 = 4_000_000;

fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{errors}");
    out.into_owned()
}

fn the_sam_cli_finds_nothing_in_the_template(_: &World) {
    succeeds(artefacts::sam().args(["validate", "--lint", "--template", "template.yaml"]));
}

fn cfn_lint_finds_nothing_in_the_template(_: &World) {
    let linter = artefacts::sam_cli().join("bin/cfn-lint");
    let findings = succeeds(Command::new(linter).arg("template.yaml").current_dir(devstack::root()));
    assert_eq!(findings.trim(), "");
}

fn each_function_is_built_for_both_processors_and_small(_: &World) {
    let folder = tempfile::tempdir().unwrap();
    let mut large = Vec::new();
    for processor in Processor::ALL {
        for (function, _) in FUNCTIONS {
            let binary = Artefacts::of(processor).binary(function);
            let machine = succeeds(Command::new("readelf").arg("--file-header").arg(&binary));
            let expected = if processor == Processor::Arm { "AArch64" } else { "X86-64" };
            assert!(machine.contains(expected), "{function} for {processor}: {machine}");
            let zip = folder.path().join(format!("{function}-{processor}.zip"));
            let python = artefacts::sam_cli().join("bin/python");
            succeeds(Command::new(python).args(["-m", "zipfile", "-c"]).arg(&zip).arg(&binary));
            let size = zip.metadata().unwrap().len();
            eprintln!("{function} for {processor}: a zip of {size} bytes");
            if size > MAX_ZIP_BYTES {
                large.push((function, processor, size));
            }
        }
    }
    assert!(large.is_empty(), "above {MAX_ZIP_BYTES} bytes: {large:?}");
}

/// A library would have to be found and linked at each cold start; a program that isn't relocatable lies at one address.
fn each_function_needs_no_library(_: &World) {
    for processor in Processor::ALL {
        for (function, _) in FUNCTIONS {
            let binary = Artefacts::of(processor).binary(function);
            let read = |what: &str| succeeds(Command::new("readelf").args([what, "--wide"]).arg(&binary));
            let header = read("--file-header");
            assert!(header.contains("DYN ("), "{function} for {processor}: {header}");
            let dynamic = read("--dynamic");
            assert!(dynamic.contains("PIE"), "{function} for {processor}: {dynamic}");
            assert!(!dynamic.contains("(NEEDED)"), "{function} for {processor}: {dynamic}");
            assert!(!read("--program-headers").contains("INTERP"), "{function} for {processor}");
        }
    }
}

fn each_function_answers_on_the_other_processor(world: &World) {
    let stack = world.stack();
    stack.runtime().block_on(examples::put(stack));
    let other = Processor::here().other();
    let emulator = format!("qemu-{}-static", other.rust());
    for (function, event) in examples::events(stack, "emulated") {
        let binary = Artefacts::of(other).binary(function).display().to_string();
        let bootstrap = [emulator.as_str(), &binary];
        let emulated = Emulated::start(stack.emulator(), stack.folder(), function, &bootstrap, &stack.settings());
        let answer = Answer::of(&stack.runtime().block_on(emulated.invoke(event)).unwrap());
        answer.expect_status(if function == "create-secret" { 201 } else { 200 });
    }
    let binary = Artefacts::of(other).binary("sync-documents").display().to_string();
    let bootstrap = [emulator.as_str(), &binary];
    let sync = Emulated::start(stack.emulator(), stack.folder(), "sync-documents", &bootstrap, &stack.settings());
    let change = examples::Change::of("changed-on-the-other-processor");
    let answer = stack.runtime().block_on(sync.invoke(change.event())).unwrap();
    assert_eq!(queue::failures(&answer), Some([].into()), "{answer}");
}
