//! The Lambda function `sync-documents`.

use std::process::ExitCode;

use shared::start;
use sync_documents::SyncDocuments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run_task(|| async { Ok(SyncDocuments::new(start::writer().await?)) }).await
}
