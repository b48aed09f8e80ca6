//! Wire between the SDK and the table, for tests that watch or change the calls on it.

use std::fmt;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use local::embedded::EmbeddedTable;
use serde_json::{Value, json};

/// Outcome of a call.
pub type Outcome = Result<HttpResponse, ConnectorError>;

/// A call on its way to the table.
pub struct Call {
    /// The operation, such as `GetItem`.
    pub operation: String,
    request: HttpRequest,
    table: EmbeddedTable,
}

impl Call {
    /// The request.
    pub fn body(&self) -> Value {
        serde_json::from_slice(self.request.body().bytes().unwrap()).unwrap()
    }

    /// With another request.
    pub fn with_body(mut self, body: &Value) -> Self {
        *self.request.body_mut() = SdkBody::from(body.to_string());
        self
    }

    /// Hands the call on to the table.
    pub async fn send(self) -> Outcome {
        self.table.call(self.request).await
    }
}

/// An answer as the table gives one.
pub fn answer(status: u16, body: &Value) -> Outcome {
    Ok(HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body.to_string())))
}

/// A refusal as the table gives one.
pub fn refusal(status: u16, kind: &str) -> Outcome {
    answer(status, &json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "no" }))
}

/// The body of an answer.
pub fn body_of(answer: &HttpResponse) -> Value {
    serde_json::from_slice(answer.body().bytes().unwrap()).unwrap()
}

type Rule = dyn Fn(Call) -> BoxFuture<'static, Outcome> + Send + Sync;

/// An HTTP client of the SDK that treats each call as a test says.
#[derive(Clone)]
pub struct Wire {
    table: EmbeddedTable,
    rule: Arc<Rule>,
}

impl Wire {
    /// A way to `table` that follows `rule`.
    pub fn new<F>(table: EmbeddedTable, rule: impl Fn(Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { table, rule: Arc::new(move |call| rule(call).boxed()) }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.rsplit('.').next().unwrap().to_owned();
        HttpConnectorFuture::new((self.rule)(Call { operation, request, table: self.table.clone() }))
    }
}

/// The operations that were called since the last look.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    /// Takes down a call.
    pub fn note(&self, call: &Call) {
        self.0.lock().unwrap().push(call.operation.clone());
    }

    /// Notes so far, which are cleared.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
