//! Tokens that are refused for their shape, header, key or signature, one defect a test, each at both APIs with the
//! documented 401. Every test first shows that the same key's good token is let in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use crate::support::{Claims, Gate, TestKey, expect_vault_401, refused, secrets_path};

const MISSING: &str = "no authorization header";
const NOT_BEARER: &str = "authorization header is not a bearer token";
const MALFORMED: &str = "JWT is malformed";
const ALGORITHM: &str = "JWT algorithm is not accepted";
const HEADER: &str = "JWT header is not accepted";
const SIGNATURE: &str = "JWT signature is invalid";

/// The header, the claims and the signature of a token.
fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

fn good(key: &TestKey) -> String {
    key.sign(&Claims::good())
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A good token with a `change`d signature.
fn with_signature(token: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let [header, claims, signature] = parts(token);
    format!("{header}.{claims}.{}", encode(change(URL_SAFE_NO_PAD.decode(signature).unwrap())))
}

/// A token signed with HMAC and this secret.
fn hmac(key: &TestKey, algorithm: Algorithm, secret: &[u8]) -> String {
    let header = key.header_with("alg", serde_json::to_value(algorithm).unwrap());
    let signed = format!("{}.{}", encode(header.to_string()), encode(Claims::good().0.to_string()));
    let signature = crypto::sign(signed.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap();
    format!("{signed}.{signature}")
}

mod authorization_header {
    use super::*;

    macro_rules! refused_header {
        ($($name:ident: $reason:expr, $value:expr;)+) => {$(
            #[tokio::test]
            async fn $name() {
                let key = TestKey::ed25519("key");
                let value: fn(&str) -> String = $value;
                let gate = Gate::of(&[&key]).await;
                gate.accepts(&good(&key)).await;
                gate.refuses_header(&value(&good(&key)), $reason).await;
            }
        )+};
    }

    refused_header! {
        an_empty_one_is_refused: NOT_BEARER, |_| String::new();
        basic_authentication_is_refused: NOT_BEARER, |_| "Basic YWxpY2U6cGFzc3dvcmQ=".to_owned();
        a_token_under_another_scheme_is_refused: NOT_BEARER, |token| format!("DPoP {token}");
        a_scheme_that_only_starts_like_bearer_is_refused: NOT_BEARER, |token| format!("BearerX {token}");
        the_scheme_alone_is_refused: NOT_BEARER, |_| "Bearer".to_owned();
        the_scheme_and_spaces_are_refused: NOT_BEARER, |_| "Bearer   ".to_owned();
        a_token_without_a_scheme_is_refused: NOT_BEARER, str::to_owned;
        a_tab_after_the_scheme_is_refused: NOT_BEARER, |token| format!("Bearer\t{token}");
        a_colon_after_the_scheme_is_refused: NOT_BEARER, |token| format!("Bearer: {token}");
        two_tokens_are_refused: MALFORMED, |token| format!("Bearer {token} {token}");
        two_tokens_with_a_comma_are_refused: MALFORMED, |token| format!("Bearer {token},{token}");
        two_credentials_in_one_header_are_refused: MALFORMED, |token| format!("Bearer {token}, Basic YTpi");
        a_quoted_token_is_refused: MALFORMED, |token| format!("Bearer \"{token}\"");
    }

    #[tokio::test]
    async fn none_at_all_is_refused() {
        let gate = Gate::of(&[&TestKey::ed25519("key")]).await;
        gate.refuses_client(&gate.server.anonymous(), MISSING).await;
    }

    #[tokio::test]
    async fn a_token_in_the_query_does_not_count() {
        let key = TestKey::ed25519("key");
        let gate = Gate::of(&[&key]).await;
        let path = format!("{}?access_token={}", secrets_path("alice"), good(&key));
        expect_vault_401(&gate.server.anonymous().get(&path).await, MISSING);
    }

    #[tokio::test]
    async fn a_token_in_a_cookie_or_another_header_does_not_count() {
        let key = TestKey::ed25519("key");
        let gate = Gate::of(&[&key]).await;
        let token = good(&key);
        let client = gate.server.anonymous().header("cookie", &format!("access_token={token}"));
        let client = client.header("proxy-authorization", &format!("Bearer {token}"));
        gate.refuses_client(&client.header("x-authorization", &format!("Bearer {token}")), MISSING).await;
    }

    /// Refusals of the gateway itself: 400 or 413 in the shape of either API.
    async fn refused_by_the_gateway(gate: &Gate, client: &crate::support::Client, vault: (u16, Value), code: &str) {
        let (of_vault, of_search) = gate.ask(client).await;
        of_vault.expect(vault.0, &vault.1);
        assert_eq!(of_search.status, vault.0);
        assert_eq!(of_search.json()["detailCode"], json!(code));
        assert_eq!(of_search.header("x-request-id"), of_search.json()["trackingId"].as_str().unwrap());
    }

    #[tokio::test]
    async fn a_second_one_is_a_bad_request() {
        let key = TestKey::ed25519("key");
        let gate = Gate::of(&[&key]).await;
        let client = gate.client(&good(&key)).header("authorization", &format!("Bearer {}", good(&key)));
        let body = json!({
            "error_code": "INVALID_REQUEST_DATA", "property": "request",
            "error_message": "The header authorization is there more than once",
        });
        refused_by_the_gateway(&gate, &client, (400, body), "400.1 Bad Request Content").await;
    }

    #[tokio::test]
    async fn one_that_is_not_ascii_is_a_bad_request() {
        let key = TestKey::ed25519("key");
        let gate = Gate::of(&[&key]).await;
        let client = gate.server.anonymous().header("authorization", &format!("Bearer {}ä", good(&key)));
        let body = json!({
            "error_code": "INVALID_REQUEST_DATA", "property": "request",
            "error_message": "The header authorization is not ASCII text",
        });
        refused_by_the_gateway(&gate, &client, (400, body), "400.1 Bad Request Content").await;
    }

    #[tokio::test]
    async fn a_token_above_the_limit_of_the_gateway_is_too_large() {
        let key = TestKey::ed25519("key");
        let gate = Gate::of(&[&key]).await;
        let body = json!({
            "error_code": "VALUE_OUT_OF_BOUNDS", "error_message": "The request has more than 10240 bytes",
        });
        // Rightly signed: one just above the gateway's 10,240 bytes, and one beyond the limit of a token.
        for length in [7_600, 16 * 1024] {
            let client = gate.client(&key.sign(&Claims::good().with("padding", json!("p".repeat(length)))));
            refused_by_the_gateway(&gate, &client, (413, body.clone()), "413 Request too large").await;
        }
    }

    #[tokio::test]
    async fn a_long_token_below_the_limit_of_the_gateway_is_let_in() {
        let key = TestKey::ed25519("key");
        let gate = Gate::of(&[&key]).await;
        gate.accepts(&key.sign(&Claims::good().with("padding", json!("p".repeat(7_000))))).await;
    }
}

mod shape {
    use super::*;

    refused! {
        one_part_is_refused: MALFORMED, |key| parts(&good(key))[0].to_owned();
        two_parts_are_refused: MALFORMED, |key| parts(&good(key))[..2].join(".");
        four_parts_are_refused: MALFORMED, |key| format!("{}.e30", good(key));
        five_parts_are_refused: MALFORMED, |key| format!("{}.e30.e30", good(key));
        two_dots_alone_are_refused: MALFORMED, |_| "..".to_owned();
        a_dot_at_the_end_is_refused: MALFORMED, |key| format!("{}.", good(key));
        an_empty_header_is_refused: MALFORMED, |key| key.sign_parts("", parts(&good(key))[1]);
        empty_claims_are_refused: MALFORMED, |key| key.sign_parts(parts(&good(key))[0], "");
        an_empty_signature_is_refused: MALFORMED, |key| with_signature(&good(key), |_| Vec::new());
        padding_of_the_header_is_refused: MALFORMED, |key| {
            let header = (0..3).map(|n| URL_SAFE.encode(key.header_with("x", json!("x".repeat(n))).to_string()));
            key.sign_parts(&header.into_iter().find(|text| text.ends_with('=')).unwrap(), parts(&good(key))[1])
        };
        padding_of_the_claims_is_refused: MALFORMED, |key| {
            let claims = (0..3).map(|n| URL_SAFE.encode(Claims::good().with("x", json!("x".repeat(n))).0.to_string()));
            key.sign_parts(parts(&good(key))[0], &claims.into_iter().find(|text| text.ends_with('=')).unwrap())
        };
        padding_of_the_signature_is_refused: MALFORMED, |key| format!("{}==", good(key));
        characters_of_standard_base64_are_refused: MALFORMED, |key| {
            let claims = STANDARD_NO_PAD.encode(Claims::good().with("x", json!("???>>>???>>>~~~")).0.to_string());
            assert!(claims.contains(['+', '/']), "{claims}");
            key.sign_parts(parts(&good(key))[0], &claims)
        };
        // The same bytes in another spelling: a token must have one.
        spare_bits_of_the_signature_that_are_set_are_refused: MALFORMED, |key| {
            let mut token = good(key);
            let last = token.pop().unwrap();
            let next = match last { 'A' => 'B', 'Q' => 'R', 'g' => 'h', 'w' => 'x', _ => panic!("{last}") };
            format!("{token}{next}")
        };
        a_percent_encoded_token_is_refused: MALFORMED, |key| good(key).replace('.', "%2E");
        a_header_that_is_no_json_is_refused: MALFORMED, |key| key.sign_raw("alg=EdDSA", &Claims::good().0.to_string());
        a_header_that_is_an_array_is_refused: MALFORMED,
            |key| key.sign_raw(&json!([key.header()]).to_string(), &Claims::good().0.to_string());
        a_header_that_is_a_string_is_refused: MALFORMED, |key| key.sign_raw("\"EdDSA\"", &Claims::good().0.to_string());
        a_header_that_is_null_is_refused: MALFORMED, |key| key.sign_raw("null", &Claims::good().0.to_string());
        a_header_that_is_no_utf8_is_refused: MALFORMED,
            |key| key.sign_parts(&encode(b"{\"alg\":\"EdDSA\",\"x\":\"\xff\"}"), parts(&good(key))[1]);
        a_header_with_a_byte_order_mark_is_refused: MALFORMED,
            |key| key.sign_raw(&format!("\u{feff}{}", key.header()), &Claims::good().0.to_string());
        a_header_with_text_behind_it_is_refused: MALFORMED,
            |key| key.sign_raw(&format!("{} {{}}", key.header()), &Claims::good().0.to_string());
        two_algorithms_in_the_header_are_refused: MALFORMED,
            |key| key.sign_raw(r#"{"alg":"none","alg":"EdDSA","kid":"key"}"#, &Claims::good().0.to_string());
        two_algorithms_in_different_spelling_are_refused: MALFORMED,
            |key| key.sign_raw(r#"{"alg":"EdDSA","\u0061lg":"none","kid":"key"}"#, &Claims::good().0.to_string());
        two_key_ids_in_the_header_are_refused: MALFORMED,
            |key| key.sign_raw(r#"{"alg":"EdDSA","kid":"other","kid":"key"}"#, &Claims::good().0.to_string());
    }
}

mod header {
    use super::*;

    macro_rules! refused_member {
        ($($name:ident: $member:literal, $value:expr;)+) => {
            refused! { $($name: HEADER, |key| key.sign_header(&header($member, $value));)+ }
        };
    }

    /// A good header of the key `key` with another member, `null` or not.
    fn header(member: &str, value: Value) -> Value {
        let mut header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "key" });
        header[member] = value;
        header
    }

    refused_member! {
        critical_extensions_are_refused: "crit", json!(["exp"]);
        empty_critical_extensions_are_refused: "crit", json!([]);
        the_address_of_a_key_set_is_refused: "jku", json!("https://issuer.example/keys");
        an_embedded_key_is_refused: "jwk", TestKey::ed25519("key").public;
        an_embedded_key_that_is_null_is_refused: "jwk", Value::Null;
        the_address_of_a_certificate_is_refused: "x5u", json!("https://issuer.example/certificate");
        an_embedded_certificate_is_refused: "x5c", json!(["AAAA"]);
        compression_is_refused: "zip", json!("DEF");
        unencoded_claims_are_refused: "b64", json!(false);
        the_mention_of_encoded_claims_is_refused: "b64", json!(true);
        the_type_of_an_encrypted_token_is_refused: "typ", json!("JWE");
        the_type_of_a_logout_token_is_refused: "typ", json!("logout+jwt");
        the_type_of_a_proof_of_possession_is_refused: "typ", json!("dpop+jwt");
        an_empty_type_is_refused: "typ", json!("");
        a_type_that_is_no_string_is_refused: "typ", json!(["JWT"]);
        a_type_that_is_null_is_refused: "typ", Value::Null;
        a_key_id_that_is_a_number_is_refused: "kid", json!(1);
        a_key_id_that_is_null_is_refused: "kid", Value::Null;
        a_key_id_that_is_an_array_is_refused: "kid", json!(["key"]);
    }

    /// An embedded key with which the token is rightly signed.
    #[tokio::test]
    async fn a_token_that_brings_its_own_key_is_refused() {
        let (key, own) = (TestKey::ed25519("key"), TestKey::ed25519("key"));
        let gate = Gate::of(&[&key]).await;
        gate.refuses(&own.sign_header(&own.header_with("jwk", own.public.clone())), HEADER).await;
        gate.refuses(&own.sign_header(&own.header()), SIGNATURE).await;
    }
}

mod algorithm {
    use super::*;

    /// A token with this header, with the signature that the key makes of it.
    fn saying(key: &TestKey, algorithm: Value) -> String {
        key.sign_header(&key.header_with("alg", algorithm))
    }

    /// A token with this header, without a signature.
    fn unsigned(key: &TestKey, algorithm: &str) -> String {
        with_signature(&saying(key, json!(algorithm)), |_| Vec::new())
    }

    refused! {
        none_without_a_signature_is_refused: MALFORMED, |key| unsigned(key, "none");
        capital_none_without_a_signature_is_refused: MALFORMED, |key| unsigned(key, "None");
        all_capital_none_without_a_signature_is_refused: MALFORMED, |key| unsigned(key, "NONE");
        mixed_none_without_a_signature_is_refused: MALFORMED, |key| unsigned(key, "nOnE");
        eddsa_without_a_signature_is_refused: MALFORMED, |key| unsigned(key, "EdDSA");
        none_is_refused: ALGORITHM, |key| saying(key, json!("none"));
        capital_none_is_refused: ALGORITHM, |key| saying(key, json!("None"));
        all_capital_none_is_refused: ALGORITHM, |key| saying(key, json!("NONE"));
        mixed_none_is_refused: ALGORITHM, |key| saying(key, json!("nOnE"));
        no_algorithm_is_refused: ALGORITHM, |key| saying(key, Value::Null);
        an_empty_algorithm_is_refused: ALGORITHM, |key| saying(key, json!(""));
        an_algorithm_that_is_a_number_is_refused: ALGORITHM, |key| saying(key, json!(1));
        an_algorithm_that_is_an_array_is_refused: ALGORITHM, |key| saying(key, json!(["EdDSA"]));
        an_algorithm_in_another_case_is_refused: ALGORITHM, |key| saying(key, json!("eddsa"));
        an_algorithm_with_a_space_is_refused: ALGORITHM, |key| saying(key, json!("EdDSA "));
        an_unknown_algorithm_is_refused: ALGORITHM, |key| saying(key, json!("ES256K"));
        an_algorithm_of_another_curve_is_refused: ALGORITHM, |key| saying(key, json!("Ed448"));
        an_algorithm_of_encryption_is_refused: ALGORITHM, |key| saying(key, json!("RSA-OAEP"));
        rs256_for_an_ed25519_key_is_refused: ALGORITHM, |key| saying(key, json!("RS256"));
        es256_for_an_ed25519_key_is_refused: ALGORITHM, |key| saying(key, json!("ES256"));
        rs256_without_a_key_id_for_an_ed25519_key_is_refused: ALGORITHM,
            |key| key.sign_header(&json!({ "alg": "RS256" }));
        hs256_with_the_public_key_as_secret_is_refused: ALGORITHM,
            |key| hmac(key, Algorithm::HS256, &key.public_bytes("x"));
        hs384_with_the_public_key_as_secret_is_refused: ALGORITHM,
            |key| hmac(key, Algorithm::HS384, &key.public_bytes("x"));
        hs512_with_the_public_key_as_secret_is_refused: ALGORITHM,
            |key| hmac(key, Algorithm::HS512, &key.public_bytes("x"));
        hs256_with_the_published_text_as_secret_is_refused: ALGORITHM,
            |key| hmac(key, Algorithm::HS256, key.public["x"].as_str().unwrap().as_bytes());
        hs256_with_the_json_web_key_as_secret_is_refused: ALGORITHM,
            |key| hmac(key, Algorithm::HS256, key.public.to_string().as_bytes());
        hs256_with_an_empty_secret_is_refused: ALGORITHM, |key| hmac(key, Algorithm::HS256, b"");
    }

    /// The attack as it is usually made: the PEM text that everybody can download is the secret.
    macro_rules! refused_over_pem {
        ($($name:ident: $key:expr;)+) => {$(
            #[tokio::test]
            async fn $name() {
                let key = $key;
                let pem = key.public_pem();
                let gate = Gate::with_keys(&pem, &[]).await;
                gate.accepts(&good(&key)).await;
                for secret in [pem.as_str(), pem.trim()] {
                    gate.refuses(&hmac(&key, Algorithm::HS256, secret.as_bytes()), ALGORITHM).await;
                }
            }
        )+};
    }

    refused_over_pem! {
        a_token_signed_with_hmac_over_an_rsa_key_in_pem_is_refused: TestKey::rsa("key", Algorithm::RS256);
        a_token_signed_with_hmac_over_an_ec_key_in_pem_is_refused: TestKey::ec("key", Algorithm::ES256);
        a_token_signed_with_hmac_over_an_ed25519_key_in_pem_is_refused: TestKey::ed25519("key");
    }
}
