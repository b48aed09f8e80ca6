//! Upload of the answer to CloudFormation, with a PUT to the address that the event gives.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use shared::clients::{Connections, Issuer};
use shared::error_chain::error_chain;
use url::{Position, Url};

/// Time limit of a PUT.
const PUT: Duration = Duration::from_secs(3);

/// Sends a text with PUT and without a content type. The query of the address holds a signature, so the address is sent
/// unchanged. Returns the status of the answer. `Err` says why there is none.
pub(crate) async fn put(address: &str, text: &str) -> Result<u16, String> {
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    let request = http::Request::builder()
        .method(http::Method::PUT)
        .uri(address)
        .header(http::header::HOST, &url[Position::BeforeHost..Position::BeforePath])
        .body(SdkBody::from(text))
        .map_err(|error| error.to_string())?;
    let request = Request::try_from(request).map_err(|error| error_chain(&error))?;
    // It is S3 that CloudFormation gives an address of.
    let connector = Connections::new(Issuer::Amazon, [&url]).and_then(|connections| connections.connector());
    let connector = connector.map_err(|error| error_chain(error.as_ref()))?;
    let sent = tokio::time::timeout(PUT, connector.call(request)).await;
    let answer = sent.map_err(|_| format!("no answer within {PUT:?}"))?.map_err(|error| error_chain(&error))?;
    Ok(answer.status().as_u16())
}
