//! Tokens with a wrong signature or key, one defect a test: made with another key, for another algorithm, or with a key
//! that a set holds but that no token may be signed with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use crate::support::{Claims, Gate, TestKey, expect_vault_401, refused, secret_path, secrets_path};

const ALGORITHM: &str = "JWT algorithm is not accepted";
const UNKNOWN_KEY: &str = "JWT key is unknown";
const SIGNATURE: &str = "JWT signature is invalid";

fn good(key: &TestKey) -> String {
    key.sign(&Claims::good())
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// The token with its signature `change`d.
fn with_signature(token: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let [header, claims, signature] = parts(token);
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(change(URL_SAFE_NO_PAD.decode(signature).unwrap())))
}

/// The token with one of its parts replaced, under the signature that it had.
fn with_part(token: &str, index: usize, text: &Value) -> String {
    let encoded = URL_SAFE_NO_PAD.encode(text.to_string());
    let mut parts = parts(token);
    assert_ne!(parts[index], encoded);
    parts[index] = &encoded;
    parts.join(".")
}

refused! {
    a_signature_with_a_bit_flipped_is_refused: SIGNATURE, |key| with_signature(&good(key), |mut bytes| {
        bytes[20] ^= 1;
        bytes
    });
    a_signature_with_its_last_bit_flipped_is_refused: SIGNATURE, |key| with_signature(&good(key), |mut bytes| {
        bytes[63] ^= 0x80;
        bytes
    });
    a_signature_without_its_last_byte_is_refused: SIGNATURE,
        |key| with_signature(&good(key), |bytes| bytes[..63].to_vec());
    half_a_signature_is_refused: SIGNATURE, |key| with_signature(&good(key), |bytes| bytes[..32].to_vec());
    a_signature_of_one_byte_is_refused: SIGNATURE, |key| with_signature(&good(key), |_| vec![0]);
    a_signature_with_a_byte_more_is_refused: SIGNATURE,
        |key| with_signature(&good(key), |bytes| [&bytes[..], &[0]].concat());
    a_signature_twice_is_refused: SIGNATURE, |key| with_signature(&good(key), |bytes| bytes.repeat(2));
    a_signature_of_zeros_is_refused: SIGNATURE, |key| with_signature(&good(key), |_| vec![0; 64]);
    the_signature_of_another_token_is_refused: SIGNATURE, |key| {
        let other = key.sign(&Claims::good().with("sub", json!("bob")));
        with_signature(&good(key), |_| URL_SAFE_NO_PAD.decode(parts(&other)[2]).unwrap())
    };
    claims_that_were_changed_after_signing_are_refused: SIGNATURE,
        |key| with_part(&key.sign(&Claims::good().with("sub", json!("bob"))), 1, &Claims::good().0);
    a_header_that_was_changed_after_signing_is_refused: SIGNATURE,
        |key| with_part(&good(key), 0, &key.header_with("typ", Value::Null));
    the_signature_of_another_key_of_this_id_is_refused: SIGNATURE, |_| good(&TestKey::ed25519("key"));
    the_signature_of_another_key_without_an_id_is_refused: SIGNATURE, |_| {
        let other = TestKey::ed25519("key");
        other.sign_header(&other.header_with("kid", Value::Null))
    };
    // The signature is looked at first: the claims of a made-up token are nobody's business.
    an_expired_token_with_a_wrong_signature_is_refused_for_the_signature: SIGNATURE,
        |_| TestKey::ed25519("key").sign(&Claims::good().with("exp", json!(1)));
    claims_that_are_no_json_with_a_wrong_signature_are_refused_for_the_signature: SIGNATURE,
        |_| TestKey::ed25519("key").sign_claims("no JSON");
    an_unknown_key_id_is_refused: UNKNOWN_KEY, |key| key.sign_header(&key.header_with("kid", json!("other")));
    an_empty_key_id_is_refused: UNKNOWN_KEY, |key| key.sign_header(&key.header_with("kid", json!("")));
    a_key_id_in_another_case_is_refused: UNKNOWN_KEY, |key| key.sign_header(&key.header_with("kid", json!("KEY")));
    a_key_id_that_is_a_path_is_refused: UNKNOWN_KEY,
        |key| key.sign_header(&key.header_with("kid", json!("../../../dev/null")));
    a_key_id_with_a_null_byte_is_refused: UNKNOWN_KEY, |key| key.sign_header(&key.header_with("kid", json!("key\0")));
}

/// As `refused!`, with any key; its good token is accepted first.
macro_rules! refused_for {
    ($($name:ident: $key:expr, $reason:expr, $token:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = $key;
            let token: fn(&TestKey) -> String = $token;
            let gate = Gate::of(&[&key]).await;
            gate.accepts(&good(&key)).await;
            gate.refuses(&token(&key), $reason).await;
        }
    )+};
}

fn p256() -> TestKey {
    TestKey::ec("key", Algorithm::ES256)
}

fn p384() -> TestKey {
    TestKey::ec("key", Algorithm::ES384)
}

fn rsa(algorithm: Algorithm) -> TestKey {
    TestKey::rsa("key", algorithm)
}

/// A token that the key signs with another algorithm than the one it was made for.
fn signed_as(key: &TestKey, algorithm: Algorithm) -> String {
    good(&TestKey { id: key.id.clone(), algorithm, private: key.private.clone(), public: Value::Null })
}

/// A token with a header that names another algorithm than it is signed with.
fn saying(key: &TestKey, algorithm: &str) -> String {
    key.sign_header(&key.header_with("alg", json!(algorithm)))
}

/// An ECDSA signature as ASN.1 has it, rather than as both numbers in a row (RFC 7518, section 3.4).
fn to_asn1(signature: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let bytes: Vec<_> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = if bytes[0] & 0x80 == 0 { &[][..] } else { &[0][..] };
        [&[2, u8::try_from(bytes.len() + sign.len()).unwrap()], sign, &bytes].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let numbers = [number(r), number(s)].concat();
    [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat()
}

refused_for! {
    an_ecdsa_signature_of_zeros_is_refused: p256(), SIGNATURE, |key| with_signature(&good(key), |_| vec![0; 64]);
    an_ecdsa_signature_of_zeros_on_p384_is_refused: p384(), SIGNATURE,
        |key| with_signature(&good(key), |_| vec![0; 96]);
    an_ecdsa_signature_whose_s_is_zero_is_refused: p256(), SIGNATURE,
        |key| with_signature(&good(key), |bytes| [&bytes[..32], &[0; 32]].concat());
    an_ecdsa_signature_of_ones_is_refused: p256(), SIGNATURE, |key| with_signature(&good(key), |_| vec![0xff; 64]);
    an_ecdsa_signature_in_asn1_is_refused: p256(), SIGNATURE,
        |key| with_signature(&good(key), |bytes| to_asn1(&bytes));
    an_ecdsa_signature_of_asn1_zeros_is_refused: p256(), SIGNATURE,
        |key| with_signature(&good(key), |_| vec![0x30, 6, 2, 1, 0, 2, 1, 0]);
    the_ecdsa_signature_of_another_key_is_refused: p256(), SIGNATURE, |_| good(&p256());
    es384_for_a_p256_key_is_refused: p256(), ALGORITHM, |key| saying(key, "ES384");
    es256_for_a_p384_key_is_refused: p384(), ALGORITHM, |key| saying(key, "ES256");
    es512_is_refused: p256(), ALGORITHM, |key| saying(key, "ES512");
    rs256_for_a_p256_key_is_refused: p256(), ALGORITHM, |key| saying(key, "RS256");
    eddsa_for_a_p256_key_is_refused: p256(), ALGORITHM, |key| saying(key, "EdDSA");
    es256_for_an_rsa_key_is_refused: rsa(Algorithm::RS256), ALGORITHM, |key| saying(key, "ES256");
    eddsa_for_an_rsa_key_is_refused: rsa(Algorithm::RS256), ALGORITHM, |key| saying(key, "EdDSA");
    an_rsa_signature_for_another_hash_is_refused: rsa(Algorithm::RS256), SIGNATURE, |key| saying(key, "RS384");
    an_rsa_signature_with_another_padding_is_refused: rsa(Algorithm::RS256), SIGNATURE, |key| saying(key, "PS256");
    a_pss_signature_that_is_called_pkcs1_is_refused: rsa(Algorithm::PS256), SIGNATURE, |key| saying(key, "RS256");
    an_rsa_signature_of_zeros_is_refused: rsa(Algorithm::RS256), SIGNATURE,
        |key| with_signature(&good(key), |_| vec![0; 256]);
    an_rsa_signature_of_one_is_refused: rsa(Algorithm::RS256), SIGNATURE,
        |key| with_signature(&good(key), |_| [vec![0; 255], vec![1]].concat());
    an_rsa_signature_with_a_zero_before_it_is_refused: rsa(Algorithm::RS256), SIGNATURE,
        |key| with_signature(&good(key), |bytes| [&[0], &bytes[..]].concat());
    an_rs256_token_for_a_key_of_ps256_is_refused: rsa(Algorithm::PS256).publishing("alg", json!("PS256")), ALGORITHM,
        |key| signed_as(key, Algorithm::RS256);
    a_ps256_token_for_a_key_of_rs256_is_refused: rsa(Algorithm::RS256).publishing("alg", json!("RS256")), ALGORITHM,
        |key| signed_as(key, Algorithm::PS256);
    an_rs512_token_for_a_key_of_rs256_is_refused: rsa(Algorithm::RS256).publishing("alg", json!("RS256")), ALGORITHM,
        |key| signed_as(key, Algorithm::RS512);
    hs256_with_the_modulus_as_secret_is_refused: rsa(Algorithm::RS256), ALGORITHM, |key| {
        let header = URL_SAFE_NO_PAD.encode(key.header_with("alg", json!("HS256")).to_string());
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(Claims::good().0.to_string()));
        let secret = EncodingKey::from_secret(&key.public_bytes("n"));
        format!("{signed}.{}", crypto::sign(signed.as_bytes(), &secret, Algorithm::HS256).unwrap())
    };
}

/// A set with a good key and one with tokens that are refused although they are rightly signed.
macro_rules! refused_beside {
    ($($name:ident: $bad:expr, $reason:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (key, bad): (_, TestKey) = (TestKey::ed25519("key"), $bad);
            let gate = Gate::of(&[&bad, &key]).await;
            gate.accepts(&good(&key)).await;
            gate.refuses(&good(&bad), $reason).await;
        }
    )+};
}

fn bad() -> TestKey {
    TestKey::ed25519("bad")
}

/// An RSA key with a modulus of this length, with as many zeros before it. Its tokens are signed with another: nobody
/// gets as far as looking.
fn short_rsa(bytes: usize, zeros: usize) -> TestKey {
    let modulus = [vec![0; zeros], vec![0xc1; bytes]].concat();
    TestKey::rsa("bad", Algorithm::RS256).publishing("n", json!(URL_SAFE_NO_PAD.encode(modulus)))
}

/// An RSA key with another number in its published form.
fn rsa_number(member: &str, number: Vec<u8>) -> TestKey {
    TestKey::rsa("bad", Algorithm::RS256).publishing(member, json!(URL_SAFE_NO_PAD.encode(number)))
}

/// A symmetric key in a set that is meant for public ones.
fn symmetric() -> TestKey {
    let secret = b"a secret that everybody knows!!!";
    let public = json!({ "kty": "oct", "kid": "bad", "use": "sig", "k": URL_SAFE_NO_PAD.encode(secret) });
    TestKey { id: "bad".to_owned(), algorithm: Algorithm::HS256, private: EncodingKey::from_secret(secret), public }
}

refused_beside! {
    a_key_for_encryption_is_not_used: bad().publishing("use", json!("enc")), UNKNOWN_KEY;
    a_key_for_another_use_is_not_used: bad().publishing("use", json!("tls")), UNKNOWN_KEY;
    a_key_whose_operations_lack_verifying_is_not_used: bad().publishing("key_ops", json!(["encrypt"])), UNKNOWN_KEY;
    a_key_for_signing_alone_is_not_used: bad().publishing("key_ops", json!(["sign"])), UNKNOWN_KEY;
    a_key_for_signing_and_nothing_is_not_used: bad().publishing("key_ops", json!(["sign", null, ""])), UNKNOWN_KEY;
    a_use_of_a_space_is_not_used: bad().publishing("use", json!(" ")), UNKNOWN_KEY;
    an_algorithm_in_an_array_is_not_used: bad().publishing("alg", json!(["EdDSA"])), UNKNOWN_KEY;
    a_key_that_says_another_algorithm_is_not_used: bad().publishing("alg", json!("RS256")), UNKNOWN_KEY;
    a_key_that_says_an_unknown_algorithm_is_not_used: bad().publishing("alg", json!("XS256")), UNKNOWN_KEY;
    a_key_that_says_an_hmac_is_not_used: bad().publishing("alg", json!("HS256")), UNKNOWN_KEY;
    a_key_of_another_type_is_not_used: bad().publishing("kty", json!("EC")), UNKNOWN_KEY;
    a_key_of_another_curve_is_not_used: bad().publishing("crv", json!("X25519")), UNKNOWN_KEY;
    a_key_that_is_cut_off_is_not_used: bad().publishing("x", json!("AAAA")), UNKNOWN_KEY;
    a_p384_key_that_says_p256_is_not_used:
        TestKey::ec("bad", Algorithm::ES384).publishing("crv", json!("P-256")), UNKNOWN_KEY;
    a_p521_key_is_not_used: TestKey::ec("bad", Algorithm::ES384).publishing("crv", json!("P-521")), UNKNOWN_KEY;
    an_rsa_key_of_1024_bits_is_not_used: short_rsa(128, 0), UNKNOWN_KEY;
    an_rsa_key_of_1024_bits_with_zeros_before_it_is_not_used: short_rsa(128, 128), UNKNOWN_KEY;
    an_rsa_key_of_2040_bits_is_not_used: short_rsa(255, 0), UNKNOWN_KEY;
    an_rsa_key_of_2040_bits_with_a_zero_before_it_is_not_used: short_rsa(255, 1), UNKNOWN_KEY;
    an_rsa_key_of_2047_bits_is_not_used: rsa_number("n", [vec![0x7f], vec![0xc1; 255]].concat()), UNKNOWN_KEY;
    an_rsa_key_of_8200_bits_is_not_used: short_rsa(1025, 0), UNKNOWN_KEY;
    an_rsa_key_without_a_modulus_is_not_used: short_rsa(0, 0), UNKNOWN_KEY;
    an_rsa_key_of_zeros_is_not_used: short_rsa(0, 256), UNKNOWN_KEY;
    an_exponent_of_zero_is_not_used: rsa_number("e", vec![0, 0]), UNKNOWN_KEY;
    an_exponent_of_one_is_not_used: rsa_number("e", vec![0, 1]), UNKNOWN_KEY;
    an_exponent_that_is_even_is_not_used: rsa_number("e", vec![1, 0, 0]), UNKNOWN_KEY;
    an_exponent_of_34_bits_is_not_used: rsa_number("e", vec![2, 0, 0, 0, 1]), UNKNOWN_KEY;
    a_symmetric_key_is_not_used: symmetric(), ALGORITHM;
    a_point_beside_the_curve_verifies_nothing: {
        let key = TestKey::ec("bad", Algorithm::ES256);
        let mut y = key.public_bytes("y");
        y[31] ^= 1;
        key.publishing("y", json!(URL_SAFE_NO_PAD.encode(y)))
    }, SIGNATURE;
}

#[tokio::test]
async fn a_token_that_names_another_key_of_the_set_is_refused() {
    let (a, b) = (TestKey::ed25519("a"), TestKey::ed25519("b"));
    let gate = Gate::of(&[&a, &b]).await;
    gate.accepts(&good(&a)).await;
    gate.refuses(&a.sign_header(&b.header()), SIGNATURE).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_refused_where_none_of_two_keys_verifies_it() {
    let (a, b) = (TestKey::ed25519("a"), TestKey::ed25519("b"));
    let gate = Gate::of(&[&a, &b]).await;
    gate.accepts(&good(&a)).await;
    let stranger = TestKey::ed25519("stranger");
    gate.refuses(&stranger.sign_header(&stranger.header_with("kid", Value::Null)), SIGNATURE).await;
}

#[tokio::test]
async fn a_key_with_an_id_is_not_tried_for_a_token_that_names_another() {
    let (named, nameless) = (TestKey::ed25519("named"), TestKey::ed25519("any").publishing("kid", Value::Null));
    let gate = Gate::of(&[&named, &nameless]).await;
    gate.accepts(&good(&named)).await;
    gate.accepts(&good(&nameless)).await;
    gate.refuses(&named.sign_header(&named.header_with("kid", json!("other"))), SIGNATURE).await;
}

#[tokio::test]
async fn every_operation_of_the_vault_refuses_a_made_up_token_before_it_reads_the_request() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    gate.client(&good(&key)).create("alice", &json!({ "name": "db", "data": { "k": 1 } })).await;
    let mallory = gate.client(&good(&TestKey::ed25519("key")));
    let (list, secret) = (secrets_path("alice"), secret_path("alice", "db"));
    for (method, path) in [("GET", &list), ("POST", &list), ("GET", &secret), ("PUT", &secret), ("DELETE", &secret)] {
        expect_vault_401(&mallory.send(method, path, "{ no JSON").await, SIGNATURE);
        expect_vault_401(&mallory.send(method, &format!("{path}?offset=x"), "").await, SIGNATURE);
    }
    let kept = gate.client(&good(&key)).get(&secret).await;
    assert_eq!(kept.expect_status(200).json()["data"], json!({ "k": 1 }));
}

#[tokio::test]
async fn a_refusal_tells_nothing_of_what_exists() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    gate.client(&good(&key)).create("alice", &json!({ "name": "db", "data": {} })).await;
    let mallory = gate.client(&good(&TestKey::ed25519("key")));
    let vault = |name: &str| secret_path("alice", name);
    assert_eq!(mallory.get(&vault("db")).await.without_ids(), mallory.get(&vault("none")).await.without_ids());
    let known = mallory.get("/search/identities/one").await.without_ids();
    for path in ["/search/identities/none", "/search/nothing/one", "/v3/search/roles/%00"] {
        assert_eq!(known, mallory.get(path).await.without_ids(), "{path}");
    }
}

#[test]
fn an_rsa_key_in_pem_of_less_than_2048_bits_is_not_taken() {
    /// A DER element of a length from 128 to 65,535 bytes, or of less.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length = if content.len() < 128 { vec![length[1]] } else { vec![0x82, length[0], length[1]] };
        [&[tag], &length[..], content].concat()
    }
    let of_bytes = |bytes: usize| {
        let modulus = element(2, &[vec![0], vec![0xc1; bytes]].concat());
        let der = element(0x30, &[modulus, element(2, &[1, 0, 1])].concat());
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{text}\n-----END RSA PUBLIC KEY-----\n");
        shared::auth::KeySet::from_pem(&pem).map(drop)
    };
    // The DER form has more bytes than the modulus in it.
    assert_eq!(of_bytes(250), Err(shared::auth::KeySetError::NotPem));
    assert_eq!(of_bytes(255), Err(shared::auth::KeySetError::NotPem));
    assert_eq!(of_bytes(256), Ok(()));
}

#[test]
fn a_private_key_is_not_taken_for_a_token_key() {
    let private = TestKey::rsa_private_pem();
    let relabelled = private.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    for pem in [private, &relabelled] {
        assert_eq!(shared::auth::KeySet::from_pem(pem).unwrap_err(), shared::auth::KeySetError::NotPem);
    }
    assert!(shared::auth::KeySet::from_pem(&TestKey::rsa("key", Algorithm::RS256).public_pem()).is_ok());
}
