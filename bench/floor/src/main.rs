//! The floor: the least that a Rust program does to answer a get-secret event with an item read over TLS. One thread,
//! no SDK, no async runtime; it opens its connection in init, and gives back the item as the table holds it: no token
//! is verified, nothing is opened. A function's cost beyond this is the cost of its frameworks and of its own work.
//!
//! With `--keyring` it also reads the keyring from Secrets Manager, on a second thread, and has it before it answers: the
//! floor of a function that has to make both calls.

mod environment;
mod http;
mod keyring;
mod service;
mod signature;
mod table;

use std::error::Error;
use std::net::TcpStream;

use environment::variable;
use http::Exchange;
use keyring::Keyring;
use table::Table;

fn main() -> Result<(), Box<dyn Error>> {
    let config = service::tls()?;
    let mut keyring = std::env::args().any(|word| word == "--keyring").then(|| Keyring::read(config.clone()));
    let mut table = Table::connect(config)?;
    let runtime = variable("AWS_LAMBDA_RUNTIME_API")?;
    let mut exchange = Exchange::new(TcpStream::connect(&runtime)?);
    loop {
        let next = "/2018-06-01/runtime/invocation/next";
        let event = exchange.ask(&format!("GET {next} HTTP/1.1\r\nhost: {runtime}\r\n\r\n"), "")?;
        let id = event.header("lambda-runtime-aws-request-id").ok_or("an event without an id")?;
        let (owner, name) = secret_of(&event.body).ok_or("an event of another operation")?;
        let answer = answer(&table.get_item(owner, name)?);
        keyring.take().map(Keyring::arrived).transpose()?;
        let head = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {runtime}\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        exchange.ask(&head, &answer)?;
    }
}

/// Owner and name of the secret that an event asks for. The path is found as text: the benchmark's ids need no decoding.
fn secret_of(event: &str) -> Option<(&str, &str)> {
    let (_, rest) = event.split_once("\"path\":\"/vault/api/v1/user/")?;
    rest.split_once('"')?.0.split_once("/secrets/")
}

/// The event that a gateway makes an answer of.
fn answer(item: &str) -> String {
    let escaped = item.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{{\"statusCode\":200,\"headers\":{{\"content-type\":\"application/json\"}},\"body\":\"{escaped}\"}}")
}
