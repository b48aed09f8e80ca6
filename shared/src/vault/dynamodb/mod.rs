//! The vault's table in DynamoDB: partition key `owner`, sort key `name`.
//!
//! A secret is reached by both keys or not at all; nothing is read and then compared for ownership. Each write is one
//! conditional call. Its condition holds the id of the write itself, so that the SDK may repeat a call with a lost
//! answer. Names are listed from a keys-only index, so that the cost of a page is that of its own secrets.

mod error;
mod item;
mod read;
mod table;
mod write;

pub use table::create_table;

use aws_sdk_dynamodb::Client;

/// The keys-only local secondary index that names are listed from.
const NAMES_INDEX: &str = "names";

/// The vault's table.
#[derive(Debug, Clone)]
pub struct DynamoDbVault {
    client: Client,
    table: String,
}

impl DynamoDbVault {
    /// The table of this name, which must be there already.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}
