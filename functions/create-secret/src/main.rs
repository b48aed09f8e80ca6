//! The Lambda function `create-secret`.

use std::process::ExitCode;

use create_secret::CreateSecret;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run(|| async { Ok(CreateSecret::new(start::vault().await?)) }).await
}
