//! The Lambda function `get-document`.

use std::process::ExitCode;

use get_document::GetDocument;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run(|| async { Ok(GetDocument::new(start::search().await?)) }).await
}
