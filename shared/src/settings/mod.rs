//! Settings: one table, read once at start from the environment.
//!
//! A reader takes its function's settings and finds all errors at once. A setting that is empty counts as absent, for
//! that is how a template passes an optional parameter.

mod reader;
mod table;

use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use crate::auth::TokenRules;
use crate::search::SearchRules;
use crate::vault::Limits;

pub use reader::{SettingErrors, from_env};
pub use table::{Kind, SETTINGS, Setting};

use reader::Reader;

/// Settings of every function with tokens.
#[derive(Debug)]
pub struct TokenSettings {
    /// Where keys come from.
    pub keys: TokenKeys,
    /// Rules for tokens.
    pub rules: TokenRules,
}

/// Where token keys come from.
#[derive(Debug)]
pub enum TokenKeys {
    /// A setting.
    Fixed(crate::auth::KeySet),
    /// A key server.
    Url(Url),
}

/// Settings of every function of the vault, and all those of delete-secret.
#[derive(Debug)]
pub struct TableSettings {
    /// The table's name.
    pub table: String,
    /// Another address than AWS's for DynamoDB.
    pub dynamodb_url: Option<Url>,
    /// Tokens.
    pub tokens: TokenSettings,
}

/// Settings of the vault functions that read plaintext.
#[derive(Debug)]
pub struct VaultSettings {
    /// The table, and tokens.
    pub table: TableSettings,
    /// Name or ARN of the keyring in Secrets Manager.
    pub keyring_secret: String,
    /// Another address than AWS's for Secrets Manager.
    pub secrets_manager_url: Option<Url>,
    /// Longest time for which a keyring that was read seals secrets.
    pub keyring_max_age: Duration,
    /// Limits of requests.
    pub limits: Limits,
}

/// Settings of the search API's functions.
#[derive(Debug)]
pub struct SearchSettings {
    /// OpenSearch's address.
    pub url: Url,
    /// Authorization of requests to it.
    pub auth: SearchAuth,
    /// Alias prefix.
    pub alias_prefix: String,
    /// Time limit of a read.
    pub timeout: Duration,
    /// Rules for readers.
    pub rules: SearchRules,
    /// True if documents get a field `_type`.
    pub add_type: bool,
    /// Tokens.
    pub tokens: TokenSettings,
}

/// Authorization of requests to OpenSearch.
#[derive(Debug)]
pub enum SearchAuth {
    /// AWS Signature Version 4 with the function's credentials.
    SigV4,
    /// Basic authentication.
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: Zeroizing<String>,
    },
    /// None.
    None,
}

/// API of the tokens.
#[derive(Clone, Copy)]
enum Api {
    Vault,
    Search,
}

impl Api {
    fn issuers(self) -> &'static str {
        match self {
            Self::Vault => "COFFER_VAULT_ISSUERS",
            Self::Search => "COFFER_SEARCH_ISSUERS",
        }
    }

    fn audiences(self) -> &'static str {
        match self {
            Self::Vault => "COFFER_VAULT_AUDIENCES",
            Self::Search => "COFFER_SEARCH_AUDIENCES",
        }
    }
}

impl TokenSettings {
    fn read(reader: &mut Reader<'_>, api: Api) -> Option<Self> {
        let [rules] = token_rules(reader, [api]);
        token_keys(reader).map(|keys| Self { keys, rules })
    }
}

/// Reads the rules of tokens of these APIs. Issuers and audiences are each API's own: where the lists of one of the two
/// share no value, a token that one API accepts opens nothing of the other.
fn token_rules<const N: usize>(reader: &mut Reader<'_>, apis: [Api; N]) -> [TokenRules; N] {
    reader.replaced("COFFER_JWT_ISSUERS", &apis.map(Api::issuers).join(" and "));
    reader.replaced("COFFER_JWT_AUDIENCES", &apis.map(Api::audiences).join(" and "));
    let user_claims = reader.list("COFFER_JWT_USER_CLAIMS");
    let scope_claims = reader.list("COFFER_JWT_SCOPE_CLAIMS");
    let scope_prefix = reader.prefix("COFFER_JWT_SCOPE_PREFIX");
    let role_claims = reader.list("COFFER_JWT_ROLE_CLAIMS");
    let authority_claims = reader.list("COFFER_JWT_AUTHORITY_CLAIMS");
    let leeway_seconds = reader.number("COFFER_JWT_LEEWAY_SECONDS", 0..=300).unwrap_or_default();
    apis.map(|api| TokenRules {
        issuers: reader.accepted(api.issuers()),
        audiences: reader.accepted(api.audiences()),
        user_claims: user_claims.clone(),
        scope_claims: scope_claims.clone(),
        scope_prefix: scope_prefix.clone(),
        role_claims: role_claims.clone(),
        authority_claims: authority_claims.clone(),
        leeway_seconds,
    })
}

fn token_keys(reader: &mut Reader<'_>) -> Option<TokenKeys> {
    match (reader.keys("COFFER_JWT_KEYS"), reader.url("COFFER_JWT_JWKS_URL")) {
        (Some(_), Some(_)) => {
            reader.error("COFFER_JWT_KEYS", "is set together with COFFER_JWT_JWKS_URL: set one of the two");
            None
        }
        (Some(keys), None) => Some(TokenKeys::Fixed(keys)),
        (None, Some(url)) => Some(TokenKeys::Url(url)),
        (None, None) => {
            if !reader.has_fault("COFFER_JWT_KEYS") && !reader.has_fault("COFFER_JWT_JWKS_URL") {
                reader.error(
                    "COFFER_JWT_KEYS",
                    "is missing, and so is COFFER_JWT_JWKS_URL: set one of the two, a JSON Web Key Set or a PEM \
                     public key, or the https address of a key set",
                );
            }
            None
        }
    }
}

impl TableSettings {
    /// Reads the settings of delete-secret; `lookup` finds a variable of the environment.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingErrors> {
        let mut reader = Reader::new(lookup);
        let settings = Self::read_from(&mut reader);
        reader.finish(settings)
    }

    fn read_from(reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.text("COFFER_TABLE");
        let dynamodb_url = reader.url("COFFER_DYNAMODB_URL");
        let tokens = TokenSettings::read(reader, Api::Vault);
        Some(Self { table: table?, dynamodb_url, tokens: tokens? })
    }
}

impl VaultSettings {
    /// Reads the settings of the vault; `lookup` finds a variable of the environment.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingErrors> {
        let mut reader = Reader::new(lookup);
        let table = TableSettings::read_from(&mut reader);
        let keyring_secret = reader.text("COFFER_KEYRING_SECRET");
        let secrets_manager_url = reader.url("COFFER_SECRETS_MANAGER_URL");
        let keyring_max_age = keyring_max_age(&mut reader);
        let limits = limits(&mut reader);
        reader.finish((|| {
            Some(Self {
                table: table?,
                keyring_secret: keyring_secret?,
                secrets_manager_url,
                keyring_max_age: keyring_max_age?,
                limits: limits?,
            })
        })())
    }
}

impl SearchSettings {
    /// Reads the settings of the search API; `lookup` finds a variable of the environment.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingErrors> {
        let mut reader = Reader::new(lookup);
        let url = reader.required_url("COFFER_OPENSEARCH_URL");
        let auth = search_auth(&mut reader);
        let alias_prefix = reader.optional("COFFER_OPENSEARCH_ALIAS_PREFIX").unwrap_or_default();
        let timeout = reader.number("COFFER_OPENSEARCH_TIMEOUT_MS", 100..=20_000);
        let (rules, add_type) = document_rules(&mut reader);
        let tokens = TokenSettings::read(&mut reader, Api::Search);
        reader.finish((|| {
            Some(Self {
                url: url?,
                auth: auth?,
                alias_prefix,
                timeout: Duration::from_millis(timeout?),
                rules,
                add_type: add_type?,
                tokens: tokens?,
            })
        })())
    }
}

/// Settings of the local server: all that isn't about services it doesn't need.
#[derive(Debug)]
pub struct LocalSettings {
    /// Limits and rules of requests.
    pub requests: RequestSettings,
    /// Tokens.
    pub tokens: LocalTokenSettings,
}

/// Tokens of both APIs.
#[derive(Debug)]
pub struct LocalTokenSettings {
    /// Where keys come from.
    pub keys: TokenKeys,
    /// Rules for tokens at the vault.
    pub vault: TokenRules,
    /// Rules for tokens at the search API.
    pub search: TokenRules,
}

/// Limits and rules of requests.
#[derive(Debug, Clone)]
pub struct RequestSettings {
    /// Limits of requests.
    pub limits: Limits,
    /// Rules for readers of documents.
    pub rules: SearchRules,
    /// True if documents get a field `_type`.
    pub add_type: bool,
    /// Longest time for which a keyring that was read seals secrets.
    pub keyring_max_age: Duration,
}

impl LocalSettings {
    /// Reads the settings of the local server; `lookup` finds a variable of the environment.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingErrors> {
        let mut reader = Reader::new(lookup);
        let limits = limits(&mut reader);
        let keyring_max_age = keyring_max_age(&mut reader);
        let (rules, add_type) = document_rules(&mut reader);
        let [vault, search] = token_rules(&mut reader, [Api::Vault, Api::Search]);
        let keys = token_keys(&mut reader);
        reader.finish((|| {
            let requests =
                RequestSettings { limits: limits?, rules, add_type: add_type?, keyring_max_age: keyring_max_age? };
            Some(Self { requests, tokens: LocalTokenSettings { keys: keys?, vault, search } })
        })())
    }
}

/// Settings of a writer of documents.
#[derive(Debug)]
pub struct WriteSettings {
    /// OpenSearch's address.
    pub url: Url,
    /// Authorization of requests to it.
    pub auth: SearchAuth,
    /// Alias prefix.
    pub alias_prefix: String,
    /// Time limit of a write.
    pub timeout: Duration,
}

impl WriteSettings {
    /// Reads the settings of sync-documents; `lookup` finds a variable of the environment.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingErrors> {
        let mut reader = Reader::new(lookup);
        let url = reader.required_url("COFFER_OPENSEARCH_URL");
        let auth = search_auth(&mut reader);
        let alias_prefix = reader.optional("COFFER_OPENSEARCH_ALIAS_PREFIX").unwrap_or_default();
        let timeout = write_timeout(&mut reader);
        reader.finish((|| Some(Self { url: url?, auth: auth?, alias_prefix, timeout: timeout? }))())
    }
}

/// Where a cluster is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterPlace {
    /// At this address.
    Url(Url),
    /// It is the domain of this name in Amazon OpenSearch Service; its address has to be looked up.
    Domain(String),
}

/// Settings of the programs that prepare indices, load and export.
#[derive(Debug)]
pub struct ClusterSettings {
    /// Where it is.
    pub place: ClusterPlace,
    /// Authorization of requests to it.
    pub auth: SearchAuth,
    /// Alias prefix.
    pub alias_prefix: String,
    /// Time limit of a write.
    pub timeout: Duration,
}

impl ClusterSettings {
    /// Reads the settings; `lookup` finds a variable of the environment.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingErrors> {
        let mut reader = Reader::new(lookup);
        let place = match (reader.url("COFFER_OPENSEARCH_URL"), reader.optional("COFFER_OPENSEARCH_DOMAIN")) {
            (Some(_), Some(_)) => {
                reader.error(
                    "COFFER_OPENSEARCH_DOMAIN",
                    "is set together with COFFER_OPENSEARCH_URL: set one of the two",
                );
                None
            }
            (Some(url), None) => Some(ClusterPlace::Url(url)),
            (None, Some(domain)) => Some(ClusterPlace::Domain(domain)),
            (None, None) => {
                if !reader.has_fault("COFFER_OPENSEARCH_URL") {
                    reader.error(
                        "COFFER_OPENSEARCH_URL",
                        "is missing, and so is COFFER_OPENSEARCH_DOMAIN: set one of the two, OpenSearch's address or \
                         the name of its domain",
                    );
                }
                None
            }
        };
        let auth = search_auth(&mut reader);
        let alias_prefix = reader.optional("COFFER_OPENSEARCH_ALIAS_PREFIX").unwrap_or_default();
        let timeout = write_timeout(&mut reader);
        reader.finish((|| Some(Self { place: place?, auth: auth?, alias_prefix, timeout: timeout? }))())
    }
}

fn write_timeout(reader: &mut Reader<'_>) -> Option<Duration> {
    reader.number("COFFER_OPENSEARCH_WRITE_TIMEOUT_MS", 1_000..=120_000).map(Duration::from_millis)
}

fn search_auth(reader: &mut Reader<'_>) -> Option<SearchAuth> {
    match reader.choice("COFFER_OPENSEARCH_AUTH", &["sigv4", "basic", "none"])? {
        "basic" => {
            let user = reader.text("COFFER_OPENSEARCH_USER");
            let password = reader.text("COFFER_OPENSEARCH_PASSWORD").map(Zeroizing::new);
            user.zip(password).map(|(user, password)| SearchAuth::Basic { user, password })
        }
        "none" => Some(SearchAuth::None),
        _ => Some(SearchAuth::SigV4),
    }
}

fn limits(reader: &mut Reader<'_>) -> Option<Limits> {
    let max_data_bytes = usize::try_from(reader.number("COFFER_MAX_DATA_BYTES", 1..=256 * 1024)?).ok()?;
    Some(Limits { max_data_bytes })
}

fn keyring_max_age(reader: &mut Reader<'_>) -> Option<Duration> {
    reader.duration("COFFER_KEYRING_MAX_AGE", Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60))
}

fn document_rules(reader: &mut Reader<'_>) -> (SearchRules, Option<bool>) {
    let mut authorities = reader.list("COFFER_SEARCH_AUTHORITIES");
    if authorities == ["none"] {
        authorities.clear();
    }
    let add_type = reader.choice("COFFER_SEARCH_ADD_TYPE", &["false", "true"]).map(|choice| choice == "true");
    (SearchRules { authorities }, add_type)
}

/// The level of the log.
///
/// # Errors
/// [`SettingErrors`] if it is none.
pub fn log_level(lookup: &dyn Fn(&str) -> Option<String>) -> Result<tracing::Level, SettingErrors> {
    let mut reader = Reader::new(lookup);
    let level = reader.choice("COFFER_LOG_LEVEL", &["error", "warn", "info", "debug"]);
    reader.finish(level.and_then(|level| level.parse().ok()))
}
