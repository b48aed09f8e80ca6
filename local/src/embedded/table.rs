//! DynamoDB in this process: an HTTP client of the AWS SDK that hands each request to an embedded engine instead of
//! the network. The SDK above it serialises, signs, retries and parses as it does on AWS.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::{Response, StatusCode};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::clients::timeouts;

/// The name of the vault's table.
pub const TABLE: &str = "coffer";

/// Prefix of an operation's name in the header `x-amz-target`.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";

/// An embedded DynamoDB.
#[derive(Clone)]
pub struct EmbeddedTable(Database);

impl std::fmt::Debug for EmbeddedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedTable")
    }
}

impl EmbeddedTable {
    /// Opens the database in this file, made if it isn't there.
    pub fn open(file: &Path) -> Result<Self, DynoxideError> {
        let database = Database::new(&file.to_string_lossy())?;
        // The one way to set `synchronous` to NORMAL: a write waits for the operating system and not for the disk,
        // which takes some hundred times as long. The end of this process loses nothing. A power cut may lose the last
        // moments, and leaves the file whole, for the engine keeps a write-ahead log.
        database.disable_bulk_loading()?;
        Ok(Self(database))
    }
}

/// A client that speaks to DynamoDB through `http`: an [`EmbeddedTable`], or a test's own client around one.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "no network is behind this client; its time limits are those of the others"
)]
pub fn client(http: impl HttpClient + 'static) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(SharedHttpClient::new(http))
        .region(Region::from_static("local"))
        .endpoint_url("http://dynamodb.invalid")
        // Without credentials nothing is signed: no server would check it.
        .allow_no_auth()
        // Requests and answers are there as a whole.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

impl HttpClient for EmbeddedTable {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedTable {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // It runs on the caller's thread: waking another thread takes longer than most work of the engine, which does
        // one thing at a time.
        HttpConnectorFuture::ready(self.answer(&request))
    }
}

impl EmbeddedTable {
    fn answer(&self, request: &HttpRequest) -> Result<Response, ConnectorError> {
        let failed = |what: &'static str| ConnectorError::user(what.into());
        let operation = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.strip_prefix(TARGET_PREFIX))
            .ok_or_else(|| failed("a request without an operation"))?;
        let body = request.body().bytes().ok_or_else(|| failed("a request with a streamed body"))?;
        // The engine's lock remembers a panic: every later call is refused.
        let answered = catch_unwind(AssertUnwindSafe(|| respond(&self.0, operation, body)));
        // The text of a panic may hold anything.
        let (status, answer) = answered.map_err(|_| failed("the embedded table failed"))?;
        let status = StatusCode::try_from(status).map_err(|_| failed("an answer without a status"))?;
        Ok(Response::new(status, SdkBody::from(answer)))
    }
}

fn respond(database: &Database, operation: &str, body: &[u8]) -> (u16, String) {
    match dispatch(database, operation, body) {
        Ok(answer) => (200, answer),
        Err(error) => (error.status_code(), error.to_json()),
    }
}

/// The operations that the vault uses, and those that make and show a table.
fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
    fn run<Q: DeserializeOwned, A: Serialize>(
        body: &[u8],
        call: impl FnOnce(Q) -> Result<A, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let request =
            serde_json::from_slice(body).map_err(|error| DynoxideError::ValidationException(error.to_string()))?;
        let answer = call(request)?;
        serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    }
    match operation {
        "CreateTable" => run(body, |request| database.create_table(request)),
        "DescribeTable" => run(body, |request| database.describe_table(request)),
        "GetItem" => run(body, |request| database.get_item(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "Query" => run(body, |request| database.query(request)),
        _ => Err(DynoxideError::ValidationException(format!("{operation} is not one of the vault's operations"))),
    }
}
