//! The Lambda function `get-secret`.

use std::process::ExitCode;

use get_secret::GetSecret;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run(|| async { Ok(GetSecret::new(start::vault().await?)) }).await
}
