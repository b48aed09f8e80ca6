//! A call that isn't made, before the first request makes one.

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use super::DynamoDbVault;
use super::item::{NAME, OWNER, text};

impl DynamoDbVault {
    /// Makes a read ready as one that will be sent, and doesn't send it: what runs for the first time runs while the
    /// function starts and has the whole processor.
    pub async fn rehearse(&self) {
        let once = aws_sdk_dynamodb::config::Builder::default().retry_config(RetryConfig::disabled());
        let read = self.client.get_item().table_name(&self.table).key(OWNER, text("\0")).key(NAME, text("\0"));
        let _ = read.customize().config_override(once).interceptor(Unsent).send().await;
    }
}

/// Keeps a signed request from being sent.
#[derive(Debug)]
struct Unsent;

impl Intercept for Unsent {
    fn name(&self) -> &'static str {
        "Unsent"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Err("a rehearsal".into())
    }
}
