//! The functions behind the gateway as Lambda has them: a sandbox takes one event at a time, and another is started
//! when all are busy.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use local::gateway::routes::Operation;
use local::gateway::{Functions, GatewayError};

use crate::sandbox::Emulated;
use crate::stack::Stack;

/// Sandboxes of the six functions behind the gateway, with the same settings.
#[derive(Debug)]
pub struct Fleet {
    stack: &'static Stack,
    settings: Vec<(String, String)>,
    idle: Mutex<HashMap<&'static str, Vec<Arc<Emulated>>>>,
}

/// The name of an operation's function.
pub const fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::ListSecrets => "list-secrets",
        Operation::CreateSecret => "create-secret",
        Operation::GetSecret => "get-secret",
        Operation::UpdateSecret => "update-secret",
        Operation::DeleteSecret => "delete-secret",
        Operation::GetDocument => "get-document",
    }
}

impl Fleet {
    /// Functions with these settings, the later of two holding. Nothing is started yet.
    pub fn new(stack: &'static Stack, settings: Vec<(String, String)>) -> Self {
        Self { stack, settings, idle: Mutex::default() }
    }

    async fn sandbox(&self, name: &'static str) -> Arc<Emulated> {
        if let Some(sandbox) = self.idle.lock().unwrap().get_mut(name).and_then(Vec::pop) {
            return sandbox;
        }
        let (stack, settings) = (self.stack, self.settings.clone());
        let start = move || {
            let bootstrap = stack.function(name).display().to_string();
            Arc::new(Emulated::start(stack.emulator(), stack.folder(), name, &[&bootstrap], &settings))
        };
        tokio::task::spawn_blocking(start).await.expect("a sandbox that starts")
    }
}

impl Functions for Fleet {
    async fn invoke(&self, operation: Operation, event: String) -> Result<Vec<u8>, GatewayError> {
        let name = name(operation);
        let sandbox = self.sandbox(name).await;
        let answer = sandbox.invoke(event).await;
        // A sandbox with a lost caller or without an answer is not used again.
        let answer = answer.map_err(|error| GatewayError::NoAnswer(error.to_string()))?;
        self.idle.lock().unwrap().entry(name).or_default().push(sandbox);
        Ok(answer.into_bytes())
    }
}
