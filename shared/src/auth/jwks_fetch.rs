//! Fetch of a key set over HTTP.

use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Limited};
use url::Url;

use crate::clients::{Connections, Issuer};
use crate::error_chain::error_chain;

use super::key_set::KeySet;

/// Fetches a key set's text; the error is for the log.
pub type FetchKeys = Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// Time limit of the fetch of a key set.
const KEY_SET: Duration = Duration::from_secs(2);
/// Fetches the key set at this address, with the HTTP client of the SDK.
pub(super) fn fetch_from(url: &Url) -> Result<FetchKeys, BoxError> {
    // Connections of its own: its certificate says nothing of the services'.
    let connector = Connections::new(Issuer::of(url), [url])?.connector()?;
    // A query may hold a key to the server: it is sent, but not logged.
    let shown = url.origin().ascii_serialization() + url.path();
    let url = url.to_string();
    Ok(Box::new(move || {
        let (connector, url, shown) = (connector.clone(), url.clone(), shown.clone());
        Box::pin(async move {
            let fetched = tokio::time::timeout(KEY_SET, fetch(&connector, &url)).await;
            let fetched = fetched.unwrap_or_else(|_| Err(format!("no answer within {KEY_SET:?}")));
            fetched.map_err(|error| format!("{shown}: {error}"))
        })
    }))
}

async fn fetch(connector: &SharedHttpConnector, url: &str) -> Result<String, String> {
    let request = Request::get(url).map_err(|error| error.to_string())?;
    let answer = connector.call(request).await.map_err(|error| error_chain(&error))?;
    if answer.status().as_u16() != 200 {
        return Err(format!("answered {}", answer.status().as_u16()));
    }
    let body: SdkBody = answer.into_body();
    let body = Limited::new(body, KeySet::MAX_BYTES).collect().await.map_err(|error| error.to_string())?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| "answered what is no UTF-8".to_owned())
}
