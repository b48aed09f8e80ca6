//! The table of settings. The README's is tested against it.

/// Visibility of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It may.
    Plain,
    /// It must not.
    Secret,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// Default value; `None` if nothing does.
    pub default: Option<&'static str>,
    /// True if its value may be shown.
    pub kind: Kind,
    /// Meaning.
    pub meaning: &'static str,
}

const fn setting(name: &'static str, default: Option<&'static str>, meaning: &'static str) -> Setting {
    Setting { name, default, kind: Kind::Plain, meaning }
}

/// All settings there are.
pub const SETTINGS: &[Setting] = &[
    setting("COFFER_TABLE", None, "name of the vault's DynamoDB table; required by the vault's functions"),
    setting(
        "COFFER_KEYRING_SECRET",
        None,
        "name or ARN of the keyring in Secrets Manager; required by the vault's functions but delete-secret",
    ),
    setting(
        "COFFER_KEYRING_MAX_AGE",
        Some("10m"),
        "longest time for which a keyring that was read seals secrets, 1s to 1d: seconds, or a number and one of `s`, `m`, `h` and `d`",
    ),
    setting("COFFER_MAX_DATA_BYTES", Some("65536"), "largest `data` of a secret in bytes as sent, 1 to 262144"),
    setting("COFFER_DYNAMODB_URL", None, "another address than AWS's for DynamoDB"),
    setting("COFFER_SECRETS_MANAGER_URL", None, "another address than AWS's for Secrets Manager"),
    setting("COFFER_OPENSEARCH_URL", None, "address of OpenSearch; required by get-document and sync-documents"),
    setting(
        "COFFER_OPENSEARCH_DOMAIN",
        None,
        "name of an Amazon OpenSearch Service domain, whose address prepare-search and the program look up; instead of COFFER_OPENSEARCH_URL",
    ),
    setting("COFFER_OPENSEARCH_AUTH", Some("sigv4"), "`sigv4`, `basic` or `none`"),
    setting("COFFER_OPENSEARCH_USER", None, "user for `basic`"),
    Setting { kind: Kind::Secret, ..setting("COFFER_OPENSEARCH_PASSWORD", None, "password for `basic`") },
    setting("COFFER_OPENSEARCH_ALIAS_PREFIX", None, "what stands before an index's name in its alias"),
    setting("COFFER_OPENSEARCH_TIMEOUT_MS", Some("3000"), "longest read of a document in milliseconds, 100 to 20000"),
    setting(
        "COFFER_OPENSEARCH_WRITE_TIMEOUT_MS",
        Some("20000"),
        "longest write of a batch of documents in milliseconds, 1000 to 120000",
    ),
    setting(
        "COFFER_SEARCH_AUTHORITIES",
        Some("ORG_ADMIN,CERT_ADMIN,REPORT_ADMIN,SOURCE_ADMIN,SOURCE_SUBADMIN,ROLE_ADMIN,ROLE_SUBADMIN"),
        "user levels of which a reader of documents must have one; `none` asks for none",
    ),
    setting("COFFER_SEARCH_ADD_TYPE", Some("false"), "`true` adds the field `_type` to documents"),
    setting(
        "COFFER_JWT_KEYS",
        None,
        "keys that tokens are verified with: a JSON Web Key Set, or one public key in PEM; this or COFFER_JWT_JWKS_URL is required",
    ),
    setting("COFFER_JWT_JWKS_URL", None, "https address of a JSON Web Key Set"),
    setting(
        "COFFER_VAULT_ISSUERS",
        None,
        "accepted values of `iss` at the vault, separated by commas; `any` alone accepts every issuer; required by the vault's functions",
    ),
    setting(
        "COFFER_VAULT_AUDIENCES",
        None,
        "accepted values of `aud` at the vault, or of `client_id` or `azp` in tokens without `aud`, separated by commas; `any` alone accepts every audience; required by the vault's functions",
    ),
    setting(
        "COFFER_SEARCH_ISSUERS",
        None,
        "accepted values of `iss` at the search API, as COFFER_VAULT_ISSUERS; required by get-document",
    ),
    setting(
        "COFFER_SEARCH_AUDIENCES",
        None,
        "accepted audiences at the search API, as COFFER_VAULT_AUDIENCES; required by get-document",
    ),
    setting(
        "COFFER_JWT_USER_CLAIMS",
        Some("userid,sub"),
        "claims that may hold the user's id; the first that is there counts",
    ),
    setting("COFFER_JWT_SCOPE_CLAIMS", Some("permissions,scope,scp"), "claims that may hold scopes; all count"),
    setting(
        "COFFER_JWT_SCOPE_PREFIX",
        None,
        "prefix of scopes, such as `coffer/` where tokens say `coffer/user`; with it, only scopes that have it count",
    ),
    setting("COFFER_JWT_ROLE_CLAIMS", Some("roles,groups"), "claims that may hold role ids; all count"),
    setting("COFFER_JWT_AUTHORITY_CLAIMS", Some("authorities"), "claims that may hold user levels; all count"),
    setting("COFFER_JWT_LEEWAY_SECONDS", Some("30"), "how far clocks may be apart, 0 to 300"),
    setting("COFFER_LOG_LEVEL", Some("info"), "`error`, `warn`, `info` or `debug`"),
];
