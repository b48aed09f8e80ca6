//! The two lists of blocks that don't simply run: those that serve, and those that can't run where this step does. Each
//! names its block by its whole text, so that a changed block is looked at again.

use std::collections::BTreeSet;

/// Treatment of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Run to its end.
    Run,
    /// Started, and interrupted at the end of its section.
    Serve {
        /// Part of the line that it prints when it is ready.
        ready: &'static str,
    },
    /// Not run.
    Leave {
        /// Why it can't be.
        reason: &'static str,
    },
}

const SERVE: &[(&str, &str)] = &[
    ("cargo run\n", "Stop with Ctrl-C."),
    ("cargo run --bin services\n", "The services run"),
    ("cargo lambda watch --env-file target/services/functions.env\n", "starting Runtime server"),
];

const ACCOUNT: &str = "it needs an AWS account";
const IMAGE: &str = "it needs Lambda's base image, which some networks don't reach; the services' tests run the same \
                     commands over an image of their own";
const MEASURES: &str = "it measures for minutes on a machine that does nothing else, some as root; the tests build it";

const CLUSTER: &str =
    "`https://…` stands for a cluster of the reader's own; the services' tests load into OpenSearch and export";

const LEAVE: &[(&str, &str)] = &[
    (
        r#"sam deploy --parameter-overrides 'VaultIssuers="https://issuer.example" VaultAudiences="coffer,web-app" SearchIssuers="https://issuer.example" SearchAudiences="any"'
"#,
        ACCOUNT,
    ),
    (
        r#"sam deploy --guided
"#,
        ACCOUNT,
    ),
    (
        r#"aws sqs send-message --queue-url "$QUEUE" --message-body '{"index":"roles","operation":"upsert","id":"r1","version":1,"document":{"id":"r1","name":"Auditor"}}'
aws sqs send-message --queue-url "$QUEUE" --message-body '{"index":"roles","operation":"delete","id":"r1","version":2}'
"#,
        ACCOUNT,
    ),
    (
        r#"aws sqs receive-message --queue-url "$DEAD" --max-number-of-messages 10 --visibility-timeout 60
"#,
        ACCOUNT,
    ),
    (
        r#"aws sqs start-message-move-task --source-arn "$(aws sqs get-queue-attributes --queue-url "$DEAD" --attribute-names QueueArn --query Attributes.QueueArn --output text)"
"#,
        ACCOUNT,
    ),
    (
        r#"sam local invoke ListSecrets --parameter-overrides Architecture=x86_64 --add-host host.docker.internal:host-gateway --env-vars target/services/functions.json --event target/services/events/list-secrets.json
sam local invoke SyncDocuments --parameter-overrides Architecture=x86_64 --add-host host.docker.internal:host-gateway --env-vars target/services/functions.json --event target/services/events/sync-documents.json
sam local invoke GetDocument --parameter-overrides Architecture=x86_64 --add-host host.docker.internal:host-gateway --env-vars target/services/functions.json --event target/services/events/get-document.json
sam local start-api --parameter-overrides Architecture=x86_64 --add-host host.docker.internal:host-gateway --env-vars target/services/functions.json
"#,
        IMAGE,
    ),
    (
        r#"export COFFER_OPENSEARCH_URL=https://… COFFER_OPENSEARCH_AUTH=sigv4
coffer load identities --opensearch identities.jsonl.zst
coffer export identities --opensearch | zstd > identities.jsonl.zst
"#,
        CLUSTER,
    ),
    (
        r#"cargo run --release -p bench -- cold
"#,
        MEASURES,
    ),
    (
        r#"cargo run --release -p bench -- cold
cargo run --release -p bench -- tunings
cargo run --release -p bench -- phases
cargo run --release -p bench -- warm
cargo run --release -p bench -- added
cargo run --release -p bench -- list
cargo run --release -p bench -- seal
cargo run --release -p bench -- scale
cargo build --release -p local
cargo run --release -p bench -- serve
cargo run --release -p bench -- load
cargo run --release -p bench -- report
"#,
        MEASURES,
    ),
];

/// Treatment of the block with this text.
pub(super) fn action(text: &str) -> Action {
    if let Some((_, ready)) = SERVE.iter().find(|(block, _)| *block == text) {
        return Action::Serve { ready };
    }
    LEAVE.iter().find(|(block, _)| *block == text).map_or(Action::Run, |(_, reason)| Action::Leave { reason })
}

/// Holds the lists against the blocks that are there.
///
/// # Errors
/// An entry without its block.
pub(super) fn check<'a>(blocks: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let blocks: BTreeSet<&str> = blocks.collect();
    let entries = SERVE.iter().chain(LEAVE).map(|(block, _)| *block);
    let gone: Vec<&str> = entries.filter(|entry| !blocks.contains(entry)).collect();
    if gone.is_empty() {
        return Ok(());
    }
    Err(format!("these blocks are listed in xtask/src/docs/lists.rs and stand on no page:\n{}", gone.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_not_listed_runs() {
        assert_eq!(action("cargo run --port 1\n"), Action::Run);
    }

    #[test]
    fn an_entry_whose_block_is_gone_is_an_error() {
        let blocks = || SERVE.iter().chain(LEAVE).map(|(block, _)| *block);
        check(blocks()).unwrap();
        assert!(check(blocks().skip(1)).unwrap_err().contains("cargo run\n"));
    }
}
