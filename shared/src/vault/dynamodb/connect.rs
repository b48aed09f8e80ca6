//! The connection to the table, before the first request needs it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_types::body::SdkBody;

use super::DynamoDbVault;

impl DynamoDbVault {
    /// Opens the connection that the first call will use, while the function starts and has the whole processor. What
    /// fails is left to that call.
    pub async fn connect(&self) {
        // `GET /` is how DynamoDB tells load balancers that it is well. It is no action: it needs no permission, and
        // is charged nothing. The SDK sends it, so that the connection is one of the SDK's own.
        let once = Client::config(&self.client).to_builder().retry_config(RetryConfig::disabled());
        let health = self.client.describe_endpoints().customize().config_override(once).mutate_request(|request| {
            let _ = request.set_method("GET");
            *request.body_mut() = SdkBody::empty();
            for header in ["x-amz-target", "content-type", "content-length"] {
                request.headers_mut().remove(header);
            }
        });
        // The answer isn't one of the action that the SDK believes it asked for: an error either way.
        let _ = health.send().await;
    }
}
