//! A function behind a proxy for every call.

use crate::key_server::KeyServer;
use crate::proxy::Proxy;
use crate::sandbox::{Answer, Function};
use crate::stack::Stack;

/// A function with a proxy before each service, and before a key server of its own.
#[derive(Debug)]
pub struct Watched<'a> {
    pub function: Function<'a>,
    pub dynamodb: Proxy,
    pub secrets_manager: Proxy,
    pub opensearch: Proxy,
    pub key_server: Proxy,
    // Behind the proxy for as long as that is there.
    _keys: KeyServer,
}

impl<'a> Watched<'a> {
    /// Starts a function; it is cold, and nothing was called, until the first request.
    pub fn start(stack: &'a Stack, name: &str) -> Self {
        Self::start_with(stack, name, &[])
    }

    /// The same with some settings otherwise, as [`Function::start_with`] has them.
    pub fn start_with(stack: &'a Stack, name: &str, others: &[(&str, &str)]) -> Self {
        let before = |service: &str| Proxy::before(stack.runtime().handle(), service);
        let keys = KeyServer::start(stack);
        let (dynamodb, secrets_manager) = (before(&stack.dynamodb), before(&stack.secrets_manager));
        let (opensearch, key_server) = (before(&stack.opensearch), before(&keys.url()));
        let settings = [
            ("COFFER_DYNAMODB_URL", dynamodb.url()),
            ("COFFER_SECRETS_MANAGER_URL", secrets_manager.url()),
            ("COFFER_OPENSEARCH_URL", opensearch.url()),
            ("COFFER_JWT_KEYS", String::new()),
            ("COFFER_JWT_JWKS_URL", format!("{}/jwks.json", key_server.url())),
        ];
        let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
        let settings: Vec<_> = settings.chain(others.iter().copied()).collect();
        let function = Function::start_with(stack, name, &settings);
        Self { function, dynamodb, secrets_manager, opensearch, key_server, _keys: keys }
    }

    /// The function's answer to a user's request.
    pub fn call(&self, user: &str, method: &str, path: &str, body: &str) -> Answer {
        self.function.call(user, method, path, body.to_owned())
    }

    /// The proxies.
    pub fn proxies(&self) -> [&Proxy; 4] {
        [&self.dynamodb, &self.secrets_manager, &self.opensearch, &self.key_server]
    }

    /// Ends the connections to all of them.
    pub fn end_connections(&self) {
        for proxy in self.proxies() {
            proxy.end_connections();
        }
    }

    /// Forgets the calls that were made until now.
    pub fn forget_calls(&self) {
        for proxy in self.proxies() {
            proxy.take_calls();
        }
    }
}
