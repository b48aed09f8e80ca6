//! One function under the runtime interface emulator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use http::Request;
use local::gateway::event_json;
use local::gateway::routes::{self, Route};
use serde_json::Value;

use crate::frozen::Frozen;
use crate::process::{Process, free_port, listens};
use crate::queue::{self, Message};
use crate::stack::{Stack, http_client};

/// Answer of a function.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    /// Reads the event that a function answered with.
    pub fn of(text: &str) -> Self {
        let event: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let headers = event["multiValueHeaders"].as_object().unwrap_or_else(|| panic!("no answer: {text}"));
        Self {
            status: event["statusCode"].as_u64().unwrap(),
            headers: headers
                .iter()
                .map(|(name, values)| (name.clone(), values[0].as_str().unwrap().to_owned()))
                .collect(),
            body: event["body"].as_str().unwrap_or_default().to_owned(),
        }
    }

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

/// A function's process under the emulator.
#[derive(Debug)]
pub struct Emulated {
    process: Process,
    port: u16,
    runtime_port: u16,
    client: reqwest::Client,
}

impl Emulated {
    /// Starts the emulator with `bootstrap`, a command and its arguments, and just these variables.
    pub fn start(
        emulator: &Path,
        folder: &Path,
        name: &str,
        bootstrap: &[&str],
        settings: &[(String, String)],
    ) -> Self {
        // A port that another process looked at in the wrong moment ends the emulator; another pair is found then.
        let mut started = (0..5).filter_map(|_| {
            let [port, runtime_port] = [free_port(), free_port()];
            let mut command = Command::new(emulator);
            command
                .arg("--runtime-interface-emulator-address")
                .arg(format!("127.0.0.1:{port}"))
                .arg("--runtime-api-address")
                .arg(format!("127.0.0.1:{runtime_port}"))
                .args(bootstrap)
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("AWS_LAMBDA_FUNCTION_NAME", name)
                .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
                .envs(settings.iter().map(|(name, value)| (name, value)));
            let mut process = Process::start(&format!("{name}-{port}"), command, folder);
            process.wait_while_it_runs(|_| (listens(port) && listens(runtime_port)).then_some(()))?;
            Some(Self { process, port, runtime_port, client: http_client() })
        });
        started.next().unwrap_or_else(|| panic!("the emulator does not start for {name}"))
    }

    /// Hands any event to the function, and returns its text.
    pub async fn invoke(&self, event: String) -> Result<String, reqwest::Error> {
        let url = format!("http://127.0.0.1:{}/2015-03-31/functions/function/invocations", self.port);
        self.client.post(url).body(event).send().await?.text().await
    }

    /// Log of the function.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Stops the function's process, as Lambda does between two requests.
    fn freeze(&self) -> Frozen {
        // The kernel lists a child under the thread that has started it.
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let children: String = threads
            .flatten()
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
            .collect();
        Frozen::stop(children.trim().parse().unwrap_or_else(|_| panic!("processes of the emulator: {children:?}")))
    }
}

/// A function that a test calls on its own.
#[derive(Debug)]
pub struct Function<'a> {
    stack: &'a Stack,
    emulated: Emulated,
}

impl<'a> Function<'a> {
    /// Starts a function with the settings that a deployment would give it.
    pub fn start(stack: &'a Stack, name: &str) -> Self {
        Self::start_with(stack, name, &[])
    }

    /// Starts a function with some settings otherwise; an empty one counts as absent.
    pub fn start_with(stack: &'a Stack, name: &str, settings: &[(&str, &str)]) -> Self {
        let mut all = stack.settings();
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let bootstrap = stack.function(name).display().to_string();
        let emulated = Emulated::start(stack.emulator(), stack.folder(), name, &[&bootstrap], &all);
        Self { stack, emulated }
    }

    /// Sends the gateway's event for this request of a user.
    pub fn call(&self, user: &str, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        self.invoke(&event(self.stack, user, method, path, body))
    }

    /// Sends a request while the function is frozen, after something has happened that it couldn't notice, and thaws it
    /// when the event is there: it finds both at once.
    pub fn call_frozen(&self, user: &str, method: &str, path: &str, meanwhile: impl FnOnce()) -> Answer {
        let frozen = self.freeze();
        meanwhile();
        frozen.call(user, method, path, "")
    }

    /// Freezes the function, as Lambda does between two requests, until the value is used or dropped.
    pub fn freeze(&self) -> FrozenFunction<'_> {
        FrozenFunction { function: self, frozen: self.emulated.freeze() }
    }

    /// Hands any event to the function, and returns its answer, of any form.
    pub fn hand(&self, event: &str) -> String {
        let text = self.stack.runtime().block_on(self.emulated.invoke(event.to_owned()));
        text.unwrap_or_else(|error| panic!("{error:?}\n{:?}\n{}", self.emulated, self.log()))
    }

    /// Hands messages of a queue to the function; the ids of those that it wants again.
    pub fn deliver(&self, messages: &[Message]) -> BTreeSet<String> {
        let text = self.hand(&queue::event(messages));
        queue::failures(&text).unwrap_or_else(|| panic!("{text}\n{}", self.log()))
    }

    /// Hands the event of a gateway, or a stand-in for one, to the function.
    pub fn invoke(&self, event: &str) -> Answer {
        let text = self.hand(event);
        assert!(text.contains("multiValueHeaders"), "{text}\n{}", self.log());
        Answer::of(&text)
    }

    /// Log of the function.
    pub fn log(&self) -> String {
        self.emulated.log()
    }
}

/// A frozen function.
#[derive(Debug)]
pub struct FrozenFunction<'a> {
    function: &'a Function<'a>,
    frozen: Frozen,
}

impl FrozenFunction<'_> {
    /// Sends a request, and thaws the function when the event is there.
    pub fn call(self, user: &str, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let Self { function, frozen } = self;
        let body = body.into();
        std::thread::scope(|scope| {
            let answer = scope.spawn(|| function.call(user, method, path, body));
            frozen.wait_for_event(function.emulated.runtime_port);
            drop(frozen);
            answer.join().unwrap()
        })
    }
}

/// The event of a user's request.
pub fn event(stack: &Stack, user: &str, method: &str, path: &str, body: impl Into<Bytes>) -> String {
    event_with(&stack.token(user), method, path, body)
}

/// The event of a request with this token.
pub fn event_with(token: &str, method: &str, path: &str, body: impl Into<Bytes>) -> String {
    event_of(token, method, path, &[], body)
}

/// The event of a request with this token, and with these headers beside it.
pub fn event_of(token: &str, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> String {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "api.example")
        .header("authorization", format!("Bearer {token}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let Route::To(resource, _) = routes::find(&head.method, head.uri.path()) else { panic!("no route: {path}") };
    event_json(&head, &body.into(), resource.template, [192, 0, 2, 1].into()).unwrap()
}
