//! Writing: create, replace, delete, each one conditional call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::names::{SecretName, UserId};
use crate::random::RandomId;
use crate::vault::secret::{Revision, SealedSecret};
use crate::vault::store::{CreateSecret, Created, DeleteSecret, Deleted, ReplaceSecret, Replaced, SecretStoreError};

use super::DynamoDbVault;
use super::error::store_error;
use super::item;

impl DynamoDbVault {
    /// Puts the item if `condition` holds; whether it did. `:write` is the id of this write: a put that is repeated
    /// after a lost answer finds its own item, and is fine with that.
    async fn put_if(
        &self,
        condition: &str,
        secret: &SealedSecret,
        more: impl FnOnce(PutItemFluentBuilder) -> PutItemFluentBuilder,
    ) -> Result<bool, SecretStoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item::encode(secret)))
            .condition_expression(format!("{condition} OR #write = :write"))
            .expression_attribute_names("#write", item::WRITE_ID)
            .expression_attribute_values(":write", item::binary(secret.record.write_id.as_bytes()));
        match more(put).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(false)
            }
            Err(error) => Err(store_error("PutItem", &error)),
        }
    }
}

impl CreateSecret for DynamoDbVault {
    async fn create(&self, secret: &SealedSecret) -> Result<Created, SecretStoreError> {
        let stored = self
            .put_if("attribute_not_exists(#name)", secret, |put| put.expression_attribute_names("#name", item::NAME))
            .await?;
        Ok(if stored { Created::Stored } else { Created::NameTaken })
    }
}

impl ReplaceSecret for DynamoDbVault {
    async fn replace(&self, secret: &SealedSecret, expected: RandomId) -> Result<Replaced, SecretStoreError> {
        let stored = self
            .put_if("#write = :expected", secret, |put| {
                put.expression_attribute_values(":expected", item::binary(expected.as_bytes()))
            })
            .await?;
        Ok(if stored { Replaced::Stored } else { Replaced::MovedOn })
    }
}

impl DeleteSecret for DynamoDbVault {
    async fn delete(
        &self,
        owner: &UserId,
        name: &SecretName,
        expected: Option<&[Revision]>,
    ) -> Result<Deleted, SecretStoreError> {
        let attempts = Attempts::default();
        let mut call = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(item::key(owner, name)))
            .expression_attribute_names("#name", item::NAME)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut condition = "attribute_exists(#name)".to_owned();
        if let Some(revisions) = expected {
            // No acceptable revision at all is a condition that nothing meets.
            let mut any = "attribute_not_exists(#name)".to_owned();
            for (i, revision) in revisions.iter().enumerate() {
                any.push_str(&format!(" OR (#id = :id{i} AND #version = :version{i})"));
                call = call
                    .expression_attribute_names("#id", item::SECRET_ID)
                    .expression_attribute_names("#version", item::VERSION)
                    .expression_attribute_values(format!(":id{i}"), item::binary(revision.secret_id.as_bytes()))
                    .expression_attribute_values(format!(":version{i}"), item::number(revision.version));
            }
            condition.push_str(&format!(" AND ({any})"));
        }
        call = call.condition_expression(condition);
        let error = match call.customize().interceptor(attempts.clone()).send().await {
            Ok(done) => return Ok(Deleted::Gone(done.attributes.as_ref().and_then(item::secret_id))),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(failed)) => Ok(if failed.item.is_some() {
                Deleted::MovedOn
            } else if attempts.unknown() > 0 {
                // An earlier attempt of this very call was sent and its answer lost; the secret is gone, as asked.
                Deleted::Gone(None)
            } else {
                Deleted::NotFound
            }),
            _ => Err(store_error("DeleteItem", &error)),
        }
    }
}

/// Counts the attempts of a call that may have done their work without saying so: all but those that were answered
/// with a refusal.
#[derive(Debug, Clone, Default)]
struct Attempts(Arc<AtomicU32>);

impl Attempts {
    fn unknown(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !context.response().is_some_and(|response| response.status().is_client_error()) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
