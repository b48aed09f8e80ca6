//! Common setup of the tests of tokens: keys of all kinds, and a server that judges a token at both APIs.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::{Builder, Client, Reply, Server, TestKey};

/// The document that every gate has.
const DOCUMENT: &str = r#"{"id":"one","name":"document"}"#;
const DOCUMENT_PATH: &str = "/search/identities/one";

/// A server that accepts tokens of the test's keys.
pub struct Gate {
    pub server: Server,
}

impl Gate {
    /// A server with default settings but for the keys.
    pub async fn of(keys: &[&TestKey]) -> Self {
        Self::with(keys, &[]).await
    }

    /// A server with these keys and settings.
    pub async fn with(keys: &[&TestKey], settings: &[(&'static str, &str)]) -> Self {
        Self::with_keys(&TestKey::key_set(keys), settings).await
    }

    /// A server with keys of this text.
    pub async fn with_keys(keys: &str, settings: &[(&'static str, &str)]) -> Self {
        let builder = Server::builder().setting("COFFER_JWT_KEYS", keys);
        Self::start(settings.iter().fold(builder, |builder, (name, value)| builder.setting(name, *value))).await
    }

    /// A server that is started otherwise.
    pub async fn start(builder: Builder) -> Self {
        let server = builder.start().await;
        server.store_document("identities", "one", DOCUMENT).await;
        Self { server }
    }

    /// A client with this token.
    pub fn client(&self, token: &str) -> Client {
        self.server.client(Some(token.to_owned()))
    }

    /// Asks both APIs for alice's objects: her list, and the document.
    pub async fn ask(&self, client: &Client) -> (Reply, Reply) {
        (client.get("/vault/api/v1/user/alice/secrets").await, client.get(DOCUMENT_PATH).await)
    }

    /// Both APIs let alice in with this token.
    pub async fn accepts(&self, token: &str) {
        self.accepts_client(&self.client(token)).await;
    }

    /// Both APIs let this client in.
    pub async fn accepts_client(&self, client: &Client) {
        let (vault, search) = self.ask(client).await;
        vault.expect(200, &json!({ "count": 0, "items": [] }));
        assert_eq!((search.status, search.text()), (200, DOCUMENT));
    }

    /// Both APIs refuse the token for this reason, in their own words.
    pub async fn refuses(&self, token: &str, reason: &str) {
        self.refuses_client(&self.client(token), reason).await;
    }

    /// Both APIs refuse a request with this Authorization header for this reason.
    pub async fn refuses_header(&self, value: &str, reason: &str) {
        self.refuses_client(&self.server.anonymous().header("authorization", value), reason).await;
    }

    /// Both APIs refuse this client for this reason.
    pub async fn refuses_client(&self, client: &Client, reason: &str) {
        let (vault, search) = self.ask(client).await;
        expect_vault_401(&vault, reason);
        expect_search_401(&search, reason);
    }
}

/// Holds the documented 401 of the vault.
#[track_caller]
pub fn expect_vault_401(reply: &Reply, reason: &str) {
    let message = format!("Unauthorized: {reason}");
    reply.expect(401, &json!({ "error_code": "PERMISSION_DENIED", "error_message": message }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

/// Holds the documented 401 of the search API.
#[track_caller]
pub fn expect_search_401(reply: &Reply, reason: &str) {
    reply.expect(401, &json!({ "error": format!("JWT validation failed: {reason}") }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

/// Holds that a request can't be answered for want of keys: a fault of the service, not of the token.
#[track_caller]
pub fn expect_no_keys(vault: &Reply, search: &Reply) {
    let message = "A service behind this one failed";
    vault.expect(500, &json!({ "error_code": "INTRA_SERVICE_COMMUNICATION_ERROR", "error_message": message }));
    let text = json!({ "locale": "en-US", "localeOrigin": "DEFAULT", "text": "An internal fault occurred." });
    search.expect_search_error(500, &json!({ "detailCode": "500.0 Internal Fault", "messages": [text] }));
}

/// An RSA key in PEM, private and public. There is one for the whole process, for it takes long to make.
fn rsa_pem() -> &'static (String, String) {
    static PEM: OnceLock<(String, String)> = OnceLock::new();
    PEM.get_or_init(|| {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        (pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref()))
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl TestKey {
    /// The process's RSA key, to sign with this algorithm; as a JSON Web Key it is for any.
    pub fn rsa(id: &str, algorithm: Algorithm) -> Self {
        Self::from_private(id, algorithm, EncodingKey::from_rsa_pem(rsa_pem().0.as_bytes()).unwrap())
    }

    /// A new key on the curve of ES256 or ES384.
    pub fn ec(id: &str, algorithm: Algorithm) -> Self {
        let curve = match algorithm {
            Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            _ => &ECDSA_P384_SHA384_FIXED_SIGNING,
        };
        let der = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap();
        Self::from_private(id, algorithm, EncodingKey::from_ec_der(der.as_ref()))
    }

    fn from_private(id: &str, algorithm: Algorithm, private: EncodingKey) -> Self {
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&private, algorithm).unwrap()).unwrap();
        let members = public.as_object_mut().unwrap();
        members.remove("alg");
        members.insert("kid".to_owned(), json!(id));
        members.insert("use".to_owned(), json!("sig"));
        Self { id: id.to_owned(), algorithm, private, public }
    }

    /// With another member in the public key, or none if `value` is null.
    pub fn publishing(mut self, member: &str, value: Value) -> Self {
        let members = self.public.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(member);
        } else {
            members.insert(member.to_owned(), value);
        }
        self
    }

    /// A member of the public key, decoded.
    pub fn public_bytes(&self, member: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(self.public[member].as_str().unwrap()).unwrap()
    }

    /// The private key of every RSA [`TestKey`], in PEM.
    pub fn rsa_private_pem() -> &'static str {
        &rsa_pem().0
    }

    /// The public key in PEM.
    pub fn public_pem(&self) -> String {
        // Bytes before the key itself in a SubjectPublicKeyInfo (RFC 5480, RFC 8410).
        const ED25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
        const P256: &[u8] =
            b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
            \x03\x42\x00\x04";
        const P384: &[u8] =
            b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04";
        let point = |prefix: &[u8]| [prefix, &self.public_bytes("x"), &self.public_bytes("y")].concat();
        match self.algorithm {
            Algorithm::EdDSA => pem("PUBLIC KEY", &[ED25519, &self.public_bytes("x")].concat()),
            Algorithm::ES256 => pem("PUBLIC KEY", &point(P256)),
            Algorithm::ES384 => pem("PUBLIC KEY", &point(P384)),
            _ => rsa_pem().1.clone(),
        }
    }

    /// A good header with another member, or without it if `value` is null.
    pub fn header_with(&self, member: &str, value: Value) -> Value {
        let mut header = self.header();
        if value.is_null() {
            header.as_object_mut().unwrap().remove(member);
        } else {
            header[member] = value;
        }
        header
    }

    /// A token of good claims and this header, rightly signed.
    pub fn sign_header(&self, header: &Value) -> String {
        self.sign_raw(&header.to_string(), &super::Claims::good().0.to_string())
    }

    /// A token of these claims, JSON or not, with a good header.
    pub fn sign_claims(&self, claims: &str) -> String {
        self.sign_raw(&self.header().to_string(), claims)
    }

    /// A token of parts that are encoded already, or wrongly; the signature covers them as they are.
    pub fn sign_parts(&self, header: &str, claims: &str) -> String {
        let signed = format!("{header}.{claims}");
        let signature = crypto::sign(signed.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{signed}.{signature}")
    }
}

/// One test a line: the defect as its name, the reason, and the token, made with the key that the server accepts. A
/// token of the same key without the defect is let in, so it is the defect that is refused.
macro_rules! refused {
    ($($name:ident: $reason:expr, $token:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = $crate::support::TestKey::ed25519("key");
            let token: fn(&$crate::support::TestKey) -> String = $token;
            let gate = $crate::support::Gate::of(&[&key]).await;
            gate.accepts(&key.sign(&$crate::support::Claims::good())).await;
            gate.refuses(&token(&key), $reason).await;
        }
    )+};
}
pub(crate) use refused;
