//! One function under the runtime interface emulator.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use http::Request;
use local::gateway::event_json;
use local::gateway::routes::{self, Route};
use serde_json::Value;

use crate::process::{Process, free_port, listens};
use crate::stack::{KEYRING, Stack, TABLE};

/// What a function answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Holds the status.
    #[track_caller]
    pub fn expect_status(&self, status: u64) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Holds status and JSON body.
    #[track_caller]
    pub fn expect(&self, status: u64, body: &Value) -> &Self {
        assert_eq!((self.status, &self.json()), (status, body), "{self:?}");
        self
    }
}

/// A function's process.
pub struct Function<'a> {
    stack: &'a Stack,
    process: Process,
    port: u16,
}

impl<'a> Function<'a> {
    /// Starts a function with the settings that a deployment would give it.
    pub fn start(stack: &'a Stack, name: &str) -> Self {
        Self::start_with(stack, name, &[])
    }

    /// Starts a function with some settings otherwise; an empty one counts as absent.
    pub fn start_with(stack: &'a Stack, name: &str, settings: &[(&str, &str)]) -> Self {
        let port = free_port();
        let mut command = Command::new(&stack.emulator);
        command
            .arg("--runtime-interface-emulator-address")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--runtime-api-address")
            .arg(format!("127.0.0.1:{}", free_port()))
            .arg(binary(name))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs([("AWS_LAMBDA_FUNCTION_NAME", name), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")])
            .envs([("COFFER_TABLE", TABLE), ("COFFER_KEYRING_SECRET", KEYRING)])
            .env("COFFER_DYNAMODB_URL", &stack.dynamodb)
            .env("COFFER_SECRETS_MANAGER_URL", &stack.secrets_manager)
            .env("COFFER_OPENSEARCH_URL", &stack.opensearch)
            .env("COFFER_OPENSEARCH_AUTH", "none")
            .env("COFFER_JWT_KEYS", stack.key.key_set())
            .envs(settings.iter().copied());
        let mut process = Process::start(&format!("{name}-{port}"), command, stack.folder.path());
        process.wait_for(|_| listens(port).then_some(()));
        Self { stack, process, port }
    }

    /// Sends what a gateway would send for this request of a user.
    pub fn call(&self, user: &str, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "api.example")
            .header("authorization", format!("Bearer {}", self.stack.token(user)))
            .body(())
            .unwrap();
        let (head, ()) = request.into_parts();
        let Route::To(resource, _) = routes::find(&head.method, head.uri.path()) else { panic!("no route: {path}") };
        let event = event_json(&head, &body.into(), resource.template, [192, 0, 2, 1].into()).unwrap();
        self.invoke(&event)
    }

    /// Hands an event to the function, whatever it is.
    pub fn invoke(&self, event: &str) -> Answer {
        let url = format!("http://127.0.0.1:{}/2015-03-31/functions/function/invocations", self.port);
        let text = self.stack.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            client.post(url).body(event.to_owned()).send().await.unwrap().text().await.unwrap()
        });
        let answer: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{}", self.log()));
        let headers = answer["multiValueHeaders"].as_object().unwrap_or_else(|| panic!("{text}\n{}", self.log()));
        Answer {
            status: answer["statusCode"].as_u64().unwrap(),
            headers: headers
                .iter()
                .map(|(name, values)| (name.clone(), values[0].as_str().unwrap().to_owned()))
                .collect(),
            body: answer["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// What the function has logged.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// The function's binary, beside this test's own.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join(name)
}
