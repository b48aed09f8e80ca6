//! Wycheproof's vectors of JSON Web Signatures: an invalid one is never accepted, and a valid one is refused only for a
//! reason that is listed here.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::TokenError;
use super::key_set::KeySet;
use super::token::Token;
use super::verification_keys::KeySetError;

const VECTORS: &str = include_str!("../../../tests/vectors/wycheproof/json_web_signature_test.json");

/// Valid vectors that are refused, by their number, with the reason.
const REFUSED: &[(&[u32], &str)] = &[
    (&[1, 348, 352, 357, 358, 359, 372, 373, 376, 377], "HMAC: symmetric keys are not accepted"),
    (&[259, 264, 268, 272, 320, 325], "empty payload: a token has claims"),
    (&[346, 350], "PS384 for a key that says PS256: a key stands for its own algorithm alone"),
    (&[347, 351], "ES512: the curve P-521 is not accepted"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    public: Option<Value>,
    private: Option<Value>,
    tests: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: u32,
    jws: String,
    result: String,
}

fn verify(keys: &Result<KeySet, KeySetError>, jws: &str) -> Result<(), TokenError> {
    let token = Token::from_header(&format!("Bearer {jws}")).map(|token| match keys {
        Ok(keys) => keys.verify(&token),
        Err(_) => Err(TokenError::UnknownKey),
    });
    token?
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for who reads the test's output")]
fn no_invalid_signature_of_wycheproof_is_accepted_and_valid_ones_are_refused_for_listed_reasons_alone() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    let listed: BTreeMap<u32, &str> =
        REFUSED.iter().flat_map(|(ids, reason)| ids.iter().map(move |id| (*id, *reason))).collect();
    let (mut tried, mut accepted, mut refused) = (0, 0, BTreeMap::new());
    for group in &vectors.test_groups {
        // Symmetric groups have no public key.
        let key = group.public.as_ref().or(group.private.as_ref()).unwrap();
        let keys = KeySet::from_jwks(&json!({ "keys": [key] }).to_string());
        for vector in &group.tests {
            tried += 1;
            let result = verify(&keys, &vector.jws);
            if vector.result == "valid" && result.is_err() {
                refused.insert(vector.tc_id, listed.get(&vector.tc_id).copied().unwrap_or("not listed"));
            } else {
                assert_eq!(result.is_ok(), vector.result == "valid", "{}: {result:?}", vector.tc_id);
            }
            accepted += usize::from(result.is_ok());
        }
    }
    assert_eq!(refused, listed);
    assert_eq!((tried, accepted), (vectors.number_of_tests, 26));
    println!("Wycheproof JWS: {tried} tried, {accepted} accepted, {} refused", tried - accepted);
    for (ids, reason) in REFUSED {
        println!("  {} valid ones refused: {reason}", ids.len());
    }
}
