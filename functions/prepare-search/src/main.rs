//! The Lambda function `prepare-search`.

use std::process::ExitCode;

use prepare_search::PrepareSearch;
use shared::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::run_task(|| async { Ok(PrepareSearch) }).await
}
