//! Tokens with a right signature that are refused for their claims, one defect a test, each at both APIs with the
//! documented 401.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

use crate::support::{Claims, Gate, TestKey, refused};

const MALFORMED: &str = "JWT is malformed";
const EXPIRED: &str = "JWT is expired";
const NOT_YET: &str = "JWT is not valid yet";
const ISSUER: &str = "JWT issuer is not accepted";
const AUDIENCE: &str = "JWT audience is not accepted";
const EXP: &str = "JWT exp claim is missing or invalid";
const NBF: &str = "JWT nbf claim is missing or invalid";
const IAT: &str = "JWT iat claim is missing or invalid";
const USER: &str = "JWT user claim is missing or invalid";
const SCOPES: &str = "JWT scopes claim is missing or invalid";
const ROLES: &str = "JWT roles claim is missing or invalid";
const AUTHORITIES: &str = "JWT authorities claim is missing or invalid";

fn in_seconds(seconds: i64) -> u64 {
    get_current_timestamp().saturating_add_signed(seconds)
}

/// A token of good claims but this one.
fn with(key: &TestKey, name: &str, value: Value) -> String {
    key.sign(&Claims::good().with(name, value))
}

/// A token of good claims, with `from` replaced in its text, for values that no JSON value of this process can hold.
fn replacing(key: &TestKey, from: &str, to: &str) -> String {
    let claims = Claims::good().with("exp", json!(4_000_000_000_u64)).0.to_string();
    assert!(claims.contains(from), "{claims}");
    key.sign_claims(&claims.replace(from, to))
}

const EXP_TEXT: &str = r#""exp":4000000000"#;
const SUB_TEXT: &str = r#""sub":"alice""#;

refused! {
    claims_that_are_no_json_are_refused: MALFORMED, |key| key.sign_claims("alice");
    claims_that_are_an_array_are_refused: MALFORMED, |key| key.sign_claims(&json!([Claims::good().0]).to_string());
    claims_that_are_a_string_are_refused: MALFORMED, |key| key.sign_claims("\"alice\"");
    claims_that_are_null_are_refused: MALFORMED, |key| key.sign_claims("null");
    claims_that_are_another_token_are_refused: MALFORMED, |key| key.sign_claims(&key.sign(&Claims::good()));
    claims_that_are_cut_off_are_refused: MALFORMED,
        |key| key.sign_claims(Claims::good().0.to_string().trim_end_matches('}'));
    claims_with_text_behind_them_are_refused: MALFORMED, |key| key.sign_claims(&format!("{}x", Claims::good().0));
    claims_with_a_comment_are_refused: MALFORMED, |key| key.sign_claims(&format!("/**/{}", Claims::good().0));
    claims_that_are_no_utf8_are_refused: MALFORMED, |key| {
        let header = URL_SAFE_NO_PAD.encode(key.header().to_string());
        key.sign_parts(&header, &URL_SAFE_NO_PAD.encode(b"{\"sub\":\"alice\",\"x\":\"\xff\"}"))
    };
    two_users_are_refused: MALFORMED, |key| replacing(key, SUB_TEXT, r#""sub":"bob","sub":"alice""#);
    the_same_user_twice_is_refused: MALFORMED, |key| replacing(key, SUB_TEXT, r#""sub":"alice","sub":"alice""#);
    two_users_in_different_spelling_are_refused: MALFORMED,
        |key| replacing(key, SUB_TEXT, r#""sub":"alice","s\u0075b":"bob""#);
    two_expiries_are_refused: MALFORMED, |key| replacing(key, EXP_TEXT, r#""exp":4000000000,"exp":1"#);
    two_scopes_are_refused: MALFORMED, |key| replacing(key, SUB_TEXT, r#""sub":"alice","scope":"admin""#);
    two_members_that_nobody_reads_are_refused: MALFORMED,
        |key| replacing(key, SUB_TEXT, r#""sub":"alice","x":1,"x":2"#);

    an_expired_token_is_refused: EXPIRED, |key| with(key, "exp", json!(in_seconds(-3600)));
    a_token_that_expired_as_long_ago_as_the_leeway_is_refused: EXPIRED, |key| with(key, "exp", json!(in_seconds(-30)));
    a_token_that_expired_in_1970_is_refused: EXPIRED, |key| with(key, "exp", json!(0));
    a_token_without_an_expiry_is_refused: EXP, |key| with(key, "exp", Value::Null);
    an_expiry_that_is_null_is_refused: EXP, |key| replacing(key, EXP_TEXT, r#""exp":null"#);
    an_expiry_that_is_a_string_is_refused: EXP, |key| with(key, "exp", json!(in_seconds(600).to_string()));
    an_expiry_that_is_a_date_is_refused: EXP, |key| with(key, "exp", json!("2099-01-01T00:00:00Z"));
    an_expiry_that_is_a_boolean_is_refused: EXP, |key| with(key, "exp", json!(true));
    an_expiry_that_is_an_array_is_refused: EXP, |key| with(key, "exp", json!([in_seconds(600)]));
    an_expiry_below_zero_is_refused: EXP, |key| with(key, "exp", json!(-1));
    an_expiry_in_milliseconds_is_refused: EXP, |key| with(key, "exp", json!(in_seconds(600) * 1000));
    an_expiry_of_1e300_is_refused: EXP, |key| replacing(key, EXP_TEXT, r#""exp":1e300"#);
    an_expiry_of_1e400_is_refused: EXP, |key| replacing(key, EXP_TEXT, r#""exp":1e400"#);
    an_expiry_beyond_64_bits_is_refused: EXP, |key| replacing(key, EXP_TEXT, r#""exp":99999999999999999999"#);
    an_expiry_of_nan_is_refused: MALFORMED, |key| replacing(key, EXP_TEXT, r#""exp":NaN"#);
    an_expiry_of_infinity_is_refused: MALFORMED, |key| replacing(key, EXP_TEXT, r#""exp":Infinity"#);
    an_expiry_of_nan_as_text_is_refused: EXP, |key| with(key, "exp", json!("NaN"));
    an_expiry_in_another_case_does_not_count: EXP, |key| replacing(key, EXP_TEXT, r#""EXP":4000000000"#);

    a_token_for_later_is_refused: NOT_YET, |key| with(key, "nbf", json!(in_seconds(300)));
    a_start_that_is_a_string_is_refused: NBF, |key| with(key, "nbf", json!(in_seconds(-1).to_string()));
    a_start_below_zero_is_refused: NBF, |key| with(key, "nbf", json!(-1));
    a_start_of_1e300_is_refused: NBF, |key| with(key, "nbf", json!(1e300));
    a_time_of_issue_that_is_a_string_is_refused: IAT, |key| with(key, "iat", json!("now"));
    a_time_of_issue_below_zero_is_refused: IAT, |key| with(key, "iat", json!(-1));
    an_expired_token_with_a_good_start_is_refused: EXPIRED,
        |key| key.sign(&Claims::good().with("nbf", json!(in_seconds(-7200))).with("exp", json!(in_seconds(-3600))));

    a_token_without_a_user_is_refused: USER, |key| with(key, "sub", Value::Null);
    an_empty_user_is_refused: USER, |key| with(key, "sub", json!(""));
    a_user_that_is_null_is_refused: USER, |key| replacing(key, SUB_TEXT, r#""sub":null"#);
    a_user_that_is_a_number_is_refused: USER, |key| with(key, "sub", json!(1));
    a_user_that_is_an_array_is_refused: USER, |key| with(key, "sub", json!(["alice"]));
    a_user_that_is_an_object_is_refused: USER, |key| with(key, "sub", json!({ "id": "alice" }));
    a_user_of_257_bytes_is_refused: USER, |key| with(key, "sub", json!("u".repeat(257)));
    a_user_of_257_bytes_in_129_characters_is_refused: USER,
        |key| with(key, "sub", json!(format!("{}u", "ü".repeat(128))));
    a_user_with_a_null_byte_is_refused: USER, |key| with(key, "sub", json!("alice\0"));
    a_user_with_a_line_break_is_refused: USER, |key| with(key, "sub", json!("alice\nbob"));
    a_user_with_a_control_character_beyond_ascii_is_refused: USER, |key| with(key, "sub", json!("alice\u{85}"));
    a_user_with_half_a_surrogate_pair_is_refused: USER, |key| replacing(key, SUB_TEXT, r#""sub":"alice\ud800""#);
    a_user_that_is_a_dot_is_refused: USER, |key| with(key, "sub", json!("."));
    a_user_that_is_two_dots_is_refused: USER, |key| with(key, "sub", json!(".."));
    an_empty_first_user_claim_is_refused_beside_a_good_second: USER, |key| with(key, "userid", json!(""));
    a_first_user_claim_that_is_a_number_is_refused_beside_a_good_second: USER, |key| with(key, "userid", json!(1));
    a_first_user_claim_that_is_too_long_is_refused_beside_a_good_second: USER,
        |key| with(key, "userid", json!("u".repeat(257)));
    a_first_user_claim_with_a_control_character_is_refused_beside_a_good_second: USER,
        |key| with(key, "userid", json!("alice\u{7f}"));

    scopes_that_are_a_number_are_refused: SCOPES, |key| with(key, "scope", json!(1));
    scopes_that_are_a_boolean_are_refused: SCOPES, |key| with(key, "scope", json!(true));
    scopes_that_are_an_object_are_refused: SCOPES, |key| with(key, "scope", json!({ "user": true }));
    scopes_with_a_number_among_them_are_refused: SCOPES, |key| with(key, "scope", json!(["user", 1]));
    scopes_with_null_among_them_are_refused: SCOPES, |key| with(key, "scope", json!(["user", null]));
    scopes_in_an_array_of_arrays_are_refused: SCOPES, |key| with(key, "scope", json!([["user"]]));
    a_bad_claim_of_scopes_beside_a_good_one_is_refused: SCOPES, |key| with(key, "permissions", json!(7));
    // An object may say that a scope is not granted.
    scopes_that_are_objects_are_refused: SCOPES,
        |key| with(key, "permissions", json!([{ "id": "admin", "granted": false }]));
    a_scope_that_is_an_object_among_strings_is_refused: SCOPES,
        |key| with(key, "scp", json!(["user", { "id": "admin" }]));
    scopes_of_great_depth_are_refused: SCOPES,
        |key| replacing(key, SUB_TEXT, &format!(r#""sub":"alice","scp":{}{}"#, "[".repeat(3000), "]".repeat(3000)));
    roles_that_are_a_number_are_refused: ROLES, |key| with(key, "roles", json!(1));
    roles_that_are_an_object_are_refused: ROLES, |key| with(key, "roles", json!({ "id": "readers" }));
    roles_without_an_id_are_refused: ROLES, |key| with(key, "roles", json!([{ "name": "readers" }]));
    roles_whose_id_is_a_number_are_refused: ROLES, |key| with(key, "groups", json!([{ "id": 1 }]));
    a_role_whose_id_is_null_is_refused: ROLES, |key| with(key, "roles", json!([{ "id": null, "deleted": false }]));
    a_role_without_an_id_whose_deletion_is_null_is_refused: ROLES,
        |key| with(key, "roles", json!([{ "name": "readers", "deleted": null }]));
    a_deleted_role_with_two_ids_is_refused: ROLES,
        |key| replacing(key, SUB_TEXT, r#""sub":"alice","roles":[{"deleted":true,"id":1,"id":2}]"#);
    roles_in_an_array_of_arrays_are_refused: ROLES, |key| with(key, "roles", json!([["readers", null]]));
    a_role_with_two_ids_is_refused: ROLES,
        |key| replacing(key, SUB_TEXT, r#""sub":"alice","roles":[{"id":"a","id":"readers"}]"#);
    a_role_whose_deletion_is_a_string_is_refused: ROLES,
        |key| with(key, "roles", json!([{ "id": "readers", "deleted": "true" }]));
    user_levels_that_are_objects_are_refused: AUTHORITIES,
        |key| with(key, "authorities", json!([{ "id": "ORG_ADMIN", "granted": false }]));
    user_levels_that_are_a_boolean_are_refused: AUTHORITIES, |key| with(key, "authorities", json!(true));
    user_levels_that_are_an_object_are_refused: AUTHORITIES, |key| with(key, "authorities", json!({}));
}

/// With one setting, or one of each API, under which a token with the claim `good` is let in, one with `bad` is not; null is no claim.
macro_rules! refused_under {
    ($($name:ident: $($setting:literal)/+ = $value:literal, $reason:expr, $claim:literal, $good:expr, $bad:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let gate = Gate::with(&[&key], &[$(($setting, $value)),+]).await;
            gate.accepts(&with(&key, $claim, $good)).await;
            gate.refuses(&with(&key, $claim, $bad), $reason).await;
        }
    )+};
}

macro_rules! refused_issuer {
    ($($name:ident: $bad:expr;)+) => {
        refused_under! {
            $($name: "COFFER_VAULT_ISSUERS" / "COFFER_SEARCH_ISSUERS" = "https://a.example", ISSUER, "iss",
                json!("https://a.example"), $bad;)+
        }
    };
}

refused_issuer! {
    a_token_without_the_issuer_is_refused: Value::Null;
    another_issuer_is_refused: json!("https://b.example");
    an_empty_issuer_is_refused: json!("");
    an_issuer_in_another_case_is_refused: json!("https://A.example");
    an_issuer_with_a_slash_more_is_refused: json!("https://a.example/");
    an_issuer_that_only_starts_rightly_is_refused: json!("https://a.example.b.example");
    an_issuer_with_a_space_is_refused: json!(" https://a.example");
    an_issuer_in_an_array_is_refused: json!(["https://a.example"]);
    an_issuer_that_is_a_number_is_refused: json!(1);
}

macro_rules! refused_audience {
    ($($name:ident: $bad:expr;)+) => {
        refused_under! {
            $($name: "COFFER_VAULT_AUDIENCES" / "COFFER_SEARCH_AUDIENCES" = "coffer", AUDIENCE, "aud", json!("coffer"),
                $bad;)+
        }
    };
}

refused_audience! {
    a_token_without_the_audience_is_refused: Value::Null;
    another_audience_is_refused: json!("other");
    an_empty_audience_is_refused: json!("");
    no_audiences_are_refused: json!([]);
    other_audiences_are_refused: json!(["other", "Coffer", "coffer "]);
    audiences_in_one_string_are_refused: json!("other coffer");
    an_audience_that_is_a_number_is_refused: json!(1);
    an_audience_that_is_an_object_is_refused: json!({ "coffer": true });
    audiences_with_a_number_among_them_are_refused: json!(["coffer", 1]);
}

refused_under! {
    a_token_that_expired_before_a_longer_leeway_is_refused: "COFFER_JWT_LEEWAY_SECONDS" = "300", EXPIRED, "exp",
        json!(in_seconds(-200)), json!(in_seconds(-300));
    a_token_that_just_expired_is_refused_without_leeway: "COFFER_JWT_LEEWAY_SECONDS" = "0", EXPIRED, "exp",
        json!(in_seconds(60)), json!(in_seconds(0));
    a_token_that_starts_after_a_longer_leeway_is_refused: "COFFER_JWT_LEEWAY_SECONDS" = "200", NOT_YET, "nbf",
        json!(in_seconds(100)), json!(in_seconds(300));
    a_default_user_claim_does_not_count_where_another_is_configured: "COFFER_JWT_USER_CLAIMS" = "login", USER, "login",
        json!("alice"), Value::Null;
}

#[tokio::test]
async fn a_token_that_was_let_in_is_refused_once_it_has_expired() {
    let key = TestKey::ed25519("key");
    let gate = Gate::with(&[&key], &[("COFFER_JWT_LEEWAY_SECONDS", "0")]).await;
    let list = "/vault/api/v1/user/alice/secrets";
    // On a busy machine a short life may be over before the first answer.
    for life in [2, 4, 8, 16, 32] {
        let end = in_seconds(life);
        let token = with(&key, "exp", json!(end));
        let client = gate.client(&token);
        if client.get(list).await.status == 401 {
            continue;
        }
        while client.get(list).await.status == 200 {
            assert!(get_current_timestamp() < end + 60, "it never expires");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        return gate.refuses(&token, EXPIRED).await;
    }
    panic!("no token was let in");
}
