//! Key sets as real issuers publish them: members that are null or empty, numbers with zeros before them, keys that are
//! not for tokens, several keys of one id.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::{Claims, Gate, TestKey, secrets_path};

const SIGNATURE: &str = "JWT signature is invalid";

fn good(key: &TestKey) -> String {
    key.sign(&Claims::good())
}

fn rsa() -> TestKey {
    TestKey::rsa("key", Algorithm::RS256)
}

/// A key with this member in its published form, null or not.
fn saying(mut key: TestKey, member: &str, value: Value) -> TestKey {
    key.public[member] = value;
    key
}

/// An RSA key with zeros before one of its numbers.
fn zeros_before(member: &str, zeros: usize, key: TestKey) -> TestKey {
    let number = [vec![0; zeros], key.public_bytes(member)].concat();
    saying(key, member, json!(URL_SAFE_NO_PAD.encode(number)))
}

/// A key that a set holds in an unusual form, with tokens that are accepted all the same.
macro_rules! accepted_key {
    ($($name:ident: $key:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key: TestKey = $key;
            Gate::of(&[&key]).await.accepts(&good(&key)).await;
        }
    )+};
}

accepted_key! {
    a_modulus_with_a_zero_before_it_verifies: zeros_before("n", 1, rsa());
    a_modulus_with_many_zeros_before_it_verifies: zeros_before("n", 300, rsa());
    an_exponent_with_a_zero_before_it_verifies: zeros_before("e", 1, rsa());
    an_exponent_of_eight_bytes_verifies: zeros_before("e", 5, rsa());
    both_numbers_with_zeros_before_them_verify: zeros_before("n", 1, zeros_before("e", 1, rsa()));
    zeros_before_the_numbers_verify_for_pss:
        zeros_before("n", 2, zeros_before("e", 2, TestKey::rsa("key", Algorithm::PS512)));
    an_algorithm_that_is_null_is_absent: saying(rsa(), "alg", Value::Null);
    an_algorithm_that_is_empty_is_absent: saying(rsa(), "alg", json!(""));
    an_algorithm_of_an_ec_key_that_is_empty_is_absent:
        saying(TestKey::ec("key", Algorithm::ES384), "alg", json!(""));
    an_algorithm_of_an_ed25519_key_that_is_null_is_absent: saying(TestKey::ed25519("key"), "alg", Value::Null);
    a_use_that_is_null_is_absent: saying(rsa(), "use", Value::Null);
    a_use_that_is_empty_is_absent: saying(rsa(), "use", json!(""));
    operations_that_are_null_are_absent: saying(rsa(), "key_ops", Value::Null);
    operations_that_are_empty_are_absent: saying(rsa(), "key_ops", json!([]));
    operations_that_are_an_empty_text_are_absent: saying(rsa(), "key_ops", json!(""));
    operations_that_are_all_null_or_empty_are_absent: saying(rsa(), "key_ops", json!([null, ""]));
    verifying_counts_beside_operations_that_are_null: saying(rsa(), "key_ops", json!([null, "verify"]));
    a_use_and_an_algorithm_that_are_empty_arrays_are_absent: saying(saying(rsa(), "use", json!([])), "alg", json!([]));
    a_key_id_that_is_null_is_absent: saying(rsa(), "kid", Value::Null);
    a_key_id_that_is_empty_is_absent: saying(rsa(), "kid", json!(""));
    members_of_certificates_do_not_matter: {
        let key = saying(saying(rsa(), "x5c", Value::Null), "x5t", json!(""));
        saying(saying(key, "x5u", json!(7)), "x5t#S256", json!([]))
    };
    all_members_that_are_not_set_are_absent: {
        let key = ["alg", "use", "key_ops", "x", "y", "crv", "k", "d", "oth", "x5c"].into_iter();
        key.fold(rsa(), |key, member| saying(key, member, Value::Null))
    };
}

#[tokio::test]
async fn a_byte_order_mark_before_the_keys_of_a_setting_is_skipped() {
    let key = rsa();
    for text in [TestKey::key_set(&[&key]), key.public_pem()] {
        Gate::with_keys(&format!("\u{feff}{text}"), &[]).await.accepts(&good(&key)).await;
    }
}

#[tokio::test]
async fn a_key_that_is_left_out_is_logged_once_with_its_id_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let key = TestKey::ed25519("good");
    let modulus = |bytes: Vec<u8>| json!(URL_SAFE_NO_PAD.encode(bytes));
    let bad = [
        (json!({ "kty": "RSA", "kid": "enc", "use": "enc" }), "`use` is not `sig`"),
        (json!({ "kty": "OKP", "kid": "ops", "key_ops": ["sign"] }), "`key_ops` lacks `verify`"),
        (json!({ "kty": "oct", "kid": "oct", "k": "c2VjcmV0" }), "`kty` is none of RSA, EC and OKP"),
        (
            json!({ "kty": "RSA", "kid": "short", "n": modulus(vec![0xc1; 128]), "e": "AQAB" }),
            "its modulus has 1024 bits; accepted are 2048 to 8192",
        ),
        (
            json!({ "kty": "RSA", "kid": "even", "n": modulus(vec![0xc1; 256]), "e": "AAAA" }),
            "its exponent is not an odd number from 3 to 33 bits",
        ),
        (json!({ "kty": "EC", "kid": "curve", "crv": "P-521" }), "`crv` is neither P-256 nor P-384"),
        (
            json!({ "kty": "OKP", "kid": "alg", "crv": "Ed25519", "x": key.public["x"], "alg": "RS256" }),
            "`alg` is not an accepted one of this type of key",
        ),
    ];
    let number = json!(7);
    let keys: Vec<_> = bad.iter().map(|(key, _)| key).chain([&number, &key.public]).collect();
    let server =
        Program::serve(&folder.path().join("data"), &[("COFFER_JWT_KEYS", &json!({ "keys": keys }).to_string())]);
    for _ in 0..3 {
        server.client(&good(&key)).get(&secrets_path("alice")).await.expect_status(200);
    }
    let log = server.stop().log;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<_> = lines.iter().filter(|line| line["message"] == "a token key is left out").collect();
    assert_eq!(lines.len(), bad.len() + 1, "{log}");
    for (line, (key, reason)) in lines.iter().zip(&bad) {
        assert_eq!((&line["kid"], &line["reason"]), (&key["kid"], &json!(reason)), "{line}");
    }
    assert_eq!(lines[bad.len()]["kid"], Value::Null);
    assert!(!log.contains("c2VjcmV0"), "{log}");
}

#[tokio::test]
async fn a_set_of_many_keys_that_are_left_out_does_not_flood_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let key = TestKey::ed25519("good");
    let mut keys = vec![json!({ "kid": "k".repeat(2000) }); 25];
    keys.push(key.public.clone());
    let server =
        Program::serve(&folder.path().join("data"), &[("COFFER_JWT_KEYS", &json!({ "keys": keys }).to_string())]);
    server.client(&good(&key)).get(&secrets_path("alice")).await.expect_status(200);
    let log = server.stop().log;
    assert_eq!(log.matches("a token key is left out").count(), 20, "{log}");
    let more: Vec<_> = log.lines().filter(|line| line.contains("more token keys are left out")).collect();
    assert!(matches!(more[..], [line] if line.contains(r#""keys":5"#)), "{log}");
    assert!(!log.contains(&"k".repeat(129)), "{log}");
}

/// Two keys of one id, in both orders of the set: the tokens of each are accepted.
macro_rules! one_id {
    ($($name:ident: $a:expr, $b:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let (a, b): (TestKey, TestKey) = ($a, $b);
            for set in [[&a, &b], [&b, &a]] {
                let gate = Gate::of(&set).await;
                for key in set {
                    let without_id = key.sign_header(&key.header_with("kid", Value::Null));
                    // The second time it is remembered.
                    for token in [good(key), without_id.clone(), good(key), without_id] {
                        gate.accepts(&token).await;
                    }
                }
            }
        }
    )+};
}

fn rsa_for(algorithm: Algorithm) -> TestKey {
    TestKey::rsa("key", algorithm).publishing("alg", serde_json::to_value(algorithm).unwrap())
}

one_id! {
    an_rsa_key_may_be_there_once_for_each_algorithm: rsa_for(Algorithm::RS256), rsa_for(Algorithm::PS384);
    an_ec_and_an_rsa_key_may_have_one_id: TestKey::ec("key", Algorithm::ES256), rsa();
    two_curves_may_have_one_id: TestKey::ec("key", Algorithm::ES256), TestKey::ec("key", Algorithm::ES384);
    two_keys_of_one_type_may_have_one_id: TestKey::ed25519("key"), TestKey::ed25519("key");
    two_keys_may_have_no_id:
        TestKey::ed25519("key").publishing("kid", Value::Null), TestKey::ed25519("key").publishing("kid", Value::Null);
    a_token_without_an_id_is_tried_with_keys_that_have_one: TestKey::ed25519("a"), TestKey::ed25519("b");
}

#[tokio::test]
async fn a_key_for_encryption_may_have_the_id_of_one_for_signatures() {
    let (encryption, key) = (saying(rsa(), "use", json!("enc")), rsa());
    for set in [[&encryption, &key], [&key, &encryption]] {
        Gate::of(&set).await.accepts(&good(&key)).await;
    }
}

#[tokio::test]
async fn an_algorithm_that_no_key_of_the_id_has_is_refused() {
    let (a, b) = (rsa_for(Algorithm::RS256), rsa_for(Algorithm::PS256));
    let gate = Gate::of(&[&a, &b]).await;
    gate.refuses(&good(&rsa_for(Algorithm::RS512)), "JWT algorithm is not accepted").await;
    gate.refuses(&good(&TestKey::ec("key", Algorithm::ES256)), "JWT algorithm is not accepted").await;
}

/// The cost of a made-up token is bounded; the set's order decides.
#[tokio::test]
async fn at_most_four_keys_are_tried_in_the_order_of_the_set() {
    let other = TestKey::ec("key", Algorithm::ES256);
    let keys: Vec<_> = (0..5).map(|_| TestKey::ed25519("key")).collect();
    // One of another type doesn't count.
    let set: Vec<_> = [&other].into_iter().chain(&keys).collect();
    let gate = Gate::of(&set).await;
    for key in &keys[..4] {
        gate.accepts(&good(key)).await;
        gate.accepts(&key.sign_header(&key.header_with("kid", Value::Null))).await;
    }
    gate.refuses(&good(&keys[4]), SIGNATURE).await;
    gate.refuses(&keys[4].sign_header(&keys[4].header_with("kid", Value::Null)), SIGNATURE).await;
}
