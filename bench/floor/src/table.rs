//! DynamoDB, and one action.

use std::error::Error;
use std::sync::Arc;

use rustls::ClientConfig;

use crate::environment::variable;
use crate::service::Service;

/// The vault's table.
pub(crate) struct Table {
    service: Service,
    table: String,
}

impl Table {
    /// Connects.
    pub(crate) fn connect(config: Arc<ClientConfig>) -> Result<Self, Box<dyn Error>> {
        let service = Service::connect(config, "COFFER_DYNAMODB_URL", "dynamodb", "1.0")?;
        Ok(Self { service, table: variable("COFFER_TABLE")? })
    }

    /// A secret's item, as DynamoDB answers it.
    pub(crate) fn get_item(&mut self, owner: &str, name: &str) -> Result<String, Box<dyn Error>> {
        let table = &self.table;
        let body = format!(
            "{{\"TableName\":\"{table}\",\"ConsistentRead\":true,\
             \"Key\":{{\"owner\":{{\"S\":\"{owner}\"}},\"name\":{{\"S\":\"{name}\"}}}}}}"
        );
        self.service.ask("DynamoDB_20120810.GetItem", &body)
    }
}
