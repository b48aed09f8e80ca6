//! The Lambda function `delete-secret`.

use std::process::ExitCode;

use delete_secret::DeleteSecret;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run(|| async { Ok(DeleteSecret::new(start::table().await?)) }).await
}
