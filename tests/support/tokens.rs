//! Tokens of any make, for servers that accept a test's own key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto, get_current_timestamp};
use serde_json::{Value, json};

/// Claims that the default settings accept, to be spoilt by a test.
pub struct Claims(pub Value);

impl Claims {
    /// Good claims of alice with the scopes of both APIs.
    pub fn good() -> Self {
        let now = get_current_timestamp();
        Self(json!({
            "sub": "alice", "iat": now, "exp": now + 600,
            "scope": "user sp:search:read", "authorities": ["ORG_ADMIN"],
        }))
    }

    /// With another claim, or none if `value` is null.
    pub fn with(mut self, name: &str, value: Value) -> Self {
        let claims = self.0.as_object_mut().unwrap();
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.to_owned(), value);
        }
        self
    }
}

/// A key pair with tokens that a server can be told to accept.
pub struct TestKey {
    pub id: String,
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    /// The public key as a JSON Web Key.
    pub public: Value,
}

impl TestKey {
    /// A new Ed25519 key.
    pub fn ed25519(id: &str) -> Self {
        use aws_lc_rs::encoding::AsDer;
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::generate().unwrap();
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Self {
            id: id.to_owned(),
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(der.as_ref()),
            public: json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "x": x }),
        }
    }

    /// The public keys as a JSON Web Key Set.
    pub fn key_set(keys: &[&TestKey]) -> String {
        json!({ "keys": keys.iter().map(|key| &key.public).collect::<Vec<_>>() }).to_string()
    }

    /// A good header.
    pub fn header(&self) -> Value {
        let algorithm = serde_json::to_value(self.algorithm).unwrap();
        json!({ "alg": algorithm, "typ": "JWT", "kid": self.id })
    }

    /// A token of these claims with a good header.
    pub fn sign(&self, claims: &Claims) -> String {
        self.sign_raw(&self.header().to_string(), &claims.0.to_string())
    }

    /// A token of these very texts as header and claims, JSON or not, rightly signed.
    pub fn sign_raw(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{signed}.{signature}")
    }
}
