//! The connection to the table, before the first request needs it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use crate::clients::{Address, Connections};

use super::DynamoDbVault;
use super::item::{NAME, OWNER, text};

impl DynamoDbVault {
    /// Opens the connection that the first call will use, one of `connections`, while the function starts and has the
    /// whole processor. What fails is left to that call.
    pub async fn connect(&self, connections: &Connections) {
        // A read is made ready as one that will be sent, so that its code was run once; but it isn't sent. No user and
        // no secret has such a key.
        let address = Address::default();
        let note = Address::clone(&address);
        let once = Client::config(&self.client).to_builder().retry_config(RetryConfig::disabled());
        let read = self.client.get_item().table_name(&self.table).key(OWNER, text("\0")).key(NAME, text("\0"));
        let read = read.customize().config_override(once).mutate_request(move |request| {
            let _ = note.set(request.uri().to_owned());
        });
        connections.open(read.send(), &address).await;
    }
}
