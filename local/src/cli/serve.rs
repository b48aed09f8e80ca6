//! `coffer serve`: both APIs on one port.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use shared::settings::{LocalSettings, from_env, log_level};
use shared::telemetry;
use tokio::net::TcpListener;

use crate::app::Authenticators;
use crate::embedded::client;
use crate::local_stores::{self, LocalStores};
use crate::server;
use crate::tokens::{Grant, SigningKey};

use super::error::CommandError;
use super::output::say;
use super::shutdown::shutdown_signal;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The port on 127.0.0.1; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
}

pub(super) fn run(args: &ServeArgs, data: &Path) -> Result<ExitCode, CommandError> {
    let level = log_level(&from_env)?;
    telemetry::start(level, tracing_subscriber::fmt::writer::BoxMakeWriter::new(std::io::stderr));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, data))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &ServeArgs, data: &Path) -> Result<(), CommandError> {
    let stop = shutdown_signal()?;
    let local = LocalStores::open(data)?;
    let LocalSettings { requests, tokens } = local.settings(&from_env)?;
    let documents = local.documents().clone();
    let app = local.app(client(local.table().clone()), documents, Authenticators::new(tokens)?, requests).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|error| {
        format!("port {} of 127.0.0.1: {error}; choose another with --port N, or --port 0 for any free one", args.port)
    })?;
    let address = format!("http://{}", listener.local_addr()?);
    welcome(&address, local_stores::has_no_keys(&from_env).then_some(local.signing_key()))?;
    server::run(listener, app, stop).await?;
    // All that was answered is stored, whether or not somebody still reads this.
    let _ = say("Stopped.");
    Ok(())
}

/// Prints the address, a token and lines to paste, in one write: a reader that goes after the first line has it all.
fn welcome(address: &str, key: Option<&SigningKey>) -> Result<(), CommandError> {
    let mut lines = vec![format!("Coffer listens on {address}"), format!("API reference: {address}/docs/")];
    let Some(key) = key else {
        lines.push("Tokens are those of the configured issuer.".to_owned());
        return say(&lines.join("\n"));
    };
    let token = key.sign(&Grant {
        user: "alice".to_owned(),
        scopes: vec!["user".to_owned(), "sp:search:read".to_owned()],
        roles: Vec::new(),
        authorities: vec!["ORG_ADMIN".to_owned()],
        lifetime: Duration::from_secs(60 * 60),
    })?;
    lines.extend([
        String::new(),
        "In another terminal, as the user alice for an hour:".to_owned(),
        String::new(),
        format!("  URL={address}"),
        format!("  TOKEN={}", *token),
        String::new(),
    ]);
    for (method, body) in [("POST", " -d '{\"name\":\"db\",\"data\":{\"password\":\"correct horse\"}}'"), ("GET", "")] {
        let path = if method == "POST" { "secrets" } else { "secrets/db" };
        lines.push(format!(
            "  curl -X {method} -H \"Authorization: Bearer $TOKEN\" $URL/vault/api/v1/user/alice/{path}{body}"
        ));
    }
    lines.extend([String::new(), "Stop with Ctrl-C.".to_owned()]);
    say(&lines.join("\n"))
}
