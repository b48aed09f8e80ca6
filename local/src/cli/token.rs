//! `coffer token`: a token for the local server.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use shared::names::UserId;

use crate::data_dir::DataDir;
use crate::tokens::{Grant, SigningKey};

use super::duration;
use super::error::CommandError;
use super::output::say;

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The user's id
    #[arg(long, value_name = "ID")]
    user: String,
    /// A scope: user, admin, vaultAdd, vaultManage, sp:search:read, sp:scopes:all; '' for a token without scopes
    #[arg(long = "scope", value_name = "SCOPE", default_values = ["user", "sp:search:read"])]
    scopes: Vec<String>,
    /// The id of a role that the user holds
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// A user level, such as ORG_ADMIN, which readers of documents need; '' for none
    #[arg(long = "authority", value_name = "AUTHORITY", default_values = ["ORG_ADMIN"])]
    authorities: Vec<String>,
    /// Lifetime of the token, such as 90s, 30m, 1h or 2d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration::parse)]
    lifetime: Duration,
}

pub(super) fn run(args: TokenArgs, data: &Path) -> Result<(), CommandError> {
    UserId::parse(args.user.as_str()).map_err(|error| format!("--user {error}"))?;
    let key = SigningKey::open(&DataDir::open(data)?)?;
    let without_empty = |words: Vec<String>| words.into_iter().filter(|word| !word.is_empty()).collect();
    let token = key.sign(&Grant {
        user: args.user,
        scopes: without_empty(args.scopes),
        roles: without_empty(args.roles),
        authorities: without_empty(args.authorities),
        lifetime: args.lifetime,
    })?;
    say(&token)
}
