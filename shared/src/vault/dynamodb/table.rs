//! The table's shape. On AWS the template makes it; here it is made for embedded and test tables, of the same shape.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection, ProjectionType,
    ScalarAttributeType,
};

use crate::error_chain::error_chain;
use crate::vault::store::SecretStoreError;

use super::NAMES_INDEX;
use super::item::{NAME, OWNER};

/// Makes the table unless it is there.
///
/// # Errors
/// [`SecretStoreError::Failed`] if DynamoDB refuses.
pub async fn create_table(client: &Client, table: &str) -> Result<(), SecretStoreError> {
    let failed =
        |error: &dyn std::error::Error| SecretStoreError::Failed(format!("CreateTable: {}", error_chain(error)));
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(|error| failed(&error))
    };
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(|error| failed(&error))
    };
    let keys = vec![key(OWNER, KeyType::Hash)?, key(NAME, KeyType::Range)?];
    let names = LocalSecondaryIndex::builder()
        .index_name(NAMES_INDEX)
        .set_key_schema(Some(keys.clone()))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .map_err(|error| failed(&error))?;
    let made = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(OWNER)?)
        .attribute_definitions(attribute(NAME)?)
        .set_key_schema(Some(keys))
        .local_secondary_indexes(names)
        .send()
        .await;
    match made {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(refused))
            if matches!(refused.err(), CreateTableError::ResourceInUseException(_)) =>
        {
            Ok(())
        }
        Err(error) => Err(failed(&error)),
    }
}
