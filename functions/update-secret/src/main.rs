//! The Lambda function `update-secret`.

use std::process::ExitCode;

use shared::start;
use update_secret::UpdateSecret;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run(|| async { Ok(UpdateSecret::new(start::vault().await?)) }).await
}
