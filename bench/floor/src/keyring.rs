//! Secrets Manager, and one action, on a thread of its own.

use std::error::Error;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustls::ClientConfig;

use crate::environment::variable;
use crate::service::Service;

/// The keyring on its way.
pub(crate) struct Keyring(JoinHandle<Result<String, String>>);

impl Keyring {
    /// Connects and asks.
    pub(crate) fn read(config: Arc<ClientConfig>) -> Self {
        Self(thread::spawn(move || answer(config).map_err(|error| error.to_string())))
    }

    /// Waits for it.
    pub(crate) fn arrived(self) -> Result<String, Box<dyn Error>> {
        Ok(self.0.join().map_err(|_| "the keyring's thread panicked")??)
    }
}

fn answer(config: Arc<ClientConfig>) -> Result<String, Box<dyn Error>> {
    let mut service = Service::connect(config, "COFFER_SECRETS_MANAGER_URL", "secretsmanager", "1.1")?;
    let id = variable("COFFER_KEYRING_SECRET")?;
    service.ask("secretsmanager.GetSecretValue", &format!("{{\"SecretId\":\"{id}\"}}"))
}
