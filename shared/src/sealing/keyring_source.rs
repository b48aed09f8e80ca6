//! Sources of the keyring.

use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use crate::error_chain;

/// JSON of the keyring, zeroized when dropped.
pub type KeyringText = Zeroizing<String>;

/// Source of a keyring.
pub trait KeyringSource: Send + Sync {
    /// Reads the keyring's JSON. The error is for the log, and holds nothing of the keyring.
    fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>>;
}

/// A keyring that is one secret of AWS Secrets Manager.
pub struct SecretsManagerKeyring {
    client: aws_sdk_secretsmanager::Client,
    secret_id: String,
}

impl SecretsManagerKeyring {
    /// The secret of this name or ARN.
    #[must_use]
    pub fn new(client: aws_sdk_secretsmanager::Client, secret_id: String) -> Self {
        Self { client, secret_id }
    }
}

impl KeyringSource for SecretsManagerKeyring {
    fn read(&self) -> BoxFuture<'_, Result<KeyringText, String>> {
        Box::pin(async {
            let answer = self
                .client
                .get_secret_value()
                .secret_id(&self.secret_id)
                .send()
                .await
                .map_err(|error| error_chain::of_call("GetSecretValue", &error))?;
            let text = answer.secret_string.ok_or("the keyring secret holds no text")?;
            Ok(Zeroizing::new(text))
        })
    }
}
