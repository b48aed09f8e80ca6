//! Development tokens: signed with a key of the data folder, accepted by the local server alone.

use std::io;
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, DataDirError};

/// Issuer of the tokens.
pub const ISSUER: &str = "coffer-local";

const FILE: &str = "signing-key.pem";

/// The key that development tokens are signed with.
pub struct SigningKey {
    key: EncodingKey,
    public: Jwk,
    id: String,
}

/// Error of the signing key or of a token.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The data folder.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The key file holds something else.
    #[error("{FILE} in the data folder holds no Ed25519 key; remove it, and a new one is made")]
    Key(#[from] jsonwebtoken::errors::Error),
}

/// Claims of a token about its holder.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user's id.
    pub user: String,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Role ids.
    pub roles: Vec<String>,
    /// User levels.
    pub authorities: Vec<String>,
    /// Lifetime of the token.
    pub lifetime: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    iat: u64,
    exp: u64,
    scope: String,
    roles: &'a [String],
    authorities: &'a [String],
}

impl SigningKey {
    /// The data folder's key, made if it isn't there.
    ///
    /// # Errors
    /// [`SigningError`] if it can't be read or made.
    pub fn open(data: &DataDir) -> Result<Self, SigningError> {
        let pem = data.secret_file(FILE, make_pem)?;
        let key = EncodingKey::from_ed_pem(pem.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(id.clone());
        Ok(Self { key, public, id })
    }

    /// The public key as a JSON Web Key Set.
    #[must_use]
    pub fn key_set(&self) -> String {
        serde_json::json!({ "keys": [self.public] }).to_string()
    }

    /// Signs a token.
    ///
    /// # Errors
    /// [`SigningError::Key`] if the key can't sign.
    pub fn sign(&self, grant: &Grant) -> Result<Zeroizing<String>, SigningError> {
        let now = get_current_timestamp();
        let claims = Claims {
            iss: ISSUER,
            sub: &grant.user,
            iat: now,
            exp: now.saturating_add(grant.lifetime.as_secs()),
            scope: grant.scopes.join(" "),
            roles: &grant.roles,
            authorities: &grant.authorities,
        };
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(Zeroizing::new(encode(&header, &claims, &self.key)?))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// A new Ed25519 key in PKCS#8 PEM.
fn make_pem() -> io::Result<Zeroizing<String>> {
    let failed = |_| io::Error::other("no key could be made");
    let pair = Ed25519KeyPair::generate().map_err(failed)?;
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let text = Zeroizing::new(STANDARD.encode(der.as_ref()));
    Ok(Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *text)))
}
