//! The Lambda function `list-secrets`.

use std::process::ExitCode;

use list_secrets::ListSecrets;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run(|| async { Ok(ListSecrets::new(start::vault().await?)) }).await
}
