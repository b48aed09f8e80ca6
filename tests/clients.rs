//! Requests of published clients, recorded from runs of these clients and replayed byte for byte. A client works
//! unchanged as long as each of its requests gets an answer that it accepts. `clients/README.md` lists the clients.

use std::collections::BTreeMap;

use http::Uri;
use serde::Deserialize;

use crate::support::{Reply, Server};

mod search;
mod vault;

/// Recorded request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    /// Function of the client.
    call: String,
    /// Arguments of the call that the path was built from.
    arguments: BTreeMap<String, String>,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recording {
    /// Reads a file of recordings, one a line.
    fn read(file: &str) -> Vec<Self> {
        file.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    }

    /// An argument of the call.
    #[track_caller]
    fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).unwrap_or_else(|| panic!("{} has no argument {name}", self.call))
    }

    /// Sends the request with this token, on a connection of its own.
    async fn replay(&self, server: &Server, token: &str) -> Reply {
        // The HTTP library must not change the target.
        let uri: Uri = self.target.parse().unwrap();
        assert_eq!(uri.to_string(), self.target);
        let address = server.address().to_string();
        let filled = |value: &str| value.replace("{token}", token).replace("{host}", &address);
        let mut client = server.anonymous();
        for (name, value) in &self.headers {
            client = client.header(name.as_str(), &filled(value));
        }
        client.send(&self.method, &self.target, self.body.clone()).await
    }
}

/// Runs each promise for each client, in a module named after the client.
macro_rules! for_each_client {
    (($($client:ident: $file:literal;)*) $promises:tt) => {
        $(for_each_client! { @client $client $file $promises })*
    };
    (@client $client:ident $file:literal { $($promise:ident;)* }) => {
        mod $client {
            const RECORDINGS: &str = include_str!($file);
            $(
                #[tokio::test]
                async fn $promise() {
                    super::$promise(RECORDINGS).await;
                }
            )*
        }
    };
}
use for_each_client;
