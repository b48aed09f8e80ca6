//! Good tokens, as the issuers of both APIs' clients write them: other tests' refusals are for a defect, not for the
//! make.

use jsonwebtoken::{Algorithm, get_current_timestamp};
use serde_json::{Value, json};
use shared::auth::AcceptedValues;

use crate::support::{Claims, Gate, Server, TestKey, secret_path, secrets_path};

macro_rules! accepted {
    ($($name:ident: $key:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = $key;
            Gate::of(&[&key]).await.accepts(&key.sign(&Claims::good())).await;
        }
    )+};
}

accepted! {
    an_ed25519_key_is_accepted: TestKey::ed25519("key");
    an_ed25519_key_that_says_eddsa_is_accepted: TestKey::ed25519("key").publishing("alg", json!("EdDSA"));
    an_ed25519_key_that_says_ed25519_is_accepted: TestKey::ed25519("key").publishing("alg", json!("Ed25519"));
    an_rs256_token_is_accepted: TestKey::rsa("key", Algorithm::RS256);
    an_rs384_token_is_accepted: TestKey::rsa("key", Algorithm::RS384);
    an_rs512_token_is_accepted: TestKey::rsa("key", Algorithm::RS512);
    a_ps256_token_is_accepted: TestKey::rsa("key", Algorithm::PS256);
    a_ps384_token_is_accepted: TestKey::rsa("key", Algorithm::PS384);
    a_ps512_token_is_accepted: TestKey::rsa("key", Algorithm::PS512);
    a_ps256_token_for_a_key_of_that_algorithm_is_accepted:
        TestKey::rsa("key", Algorithm::PS256).publishing("alg", json!("PS256"));
    an_es256_token_is_accepted: TestKey::ec("key", Algorithm::ES256);
    an_es384_token_is_accepted: TestKey::ec("key", Algorithm::ES384);
    a_key_without_use_is_accepted: TestKey::ed25519("key").publishing("use", Value::Null);
    a_key_for_verifying_is_accepted: TestKey::ed25519("key").publishing("key_ops", json!(["verify"]));
    a_key_without_an_id_is_tried_for_a_token_that_names_one: TestKey::ed25519("key").publishing("kid", Value::Null);
}

macro_rules! accepted_in_pem {
    ($($name:ident: $key:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = $key;
            Gate::with_keys(&key.public_pem(), &[]).await.accepts(&key.sign(&Claims::good())).await;
        }
    )+};
}

accepted_in_pem! {
    an_ed25519_key_in_pem_is_accepted: TestKey::ed25519("key");
    an_rsa_key_in_pem_is_accepted_for_pkcs1: TestKey::rsa("key", Algorithm::RS256);
    an_rsa_key_in_pem_is_accepted_for_pss: TestKey::rsa("key", Algorithm::PS512);
    a_p256_key_in_pem_is_accepted: TestKey::ec("key", Algorithm::ES256);
    a_p384_key_in_pem_is_accepted: TestKey::ec("key", Algorithm::ES384);
}

macro_rules! accepted_token {
    ($($name:ident: $token:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let token: fn(&TestKey) -> String = $token;
            Gate::of(&[&key]).await.accepts(&token(&key)).await;
        }
    )+};
}

accepted_token! {
    the_algorithm_may_be_called_ed25519: |key| key.sign_header(&key.header_with("alg", json!("Ed25519")));
    the_key_id_may_be_left_out: |key| key.sign_header(&key.header_with("kid", Value::Null));
    the_type_may_be_left_out: |key| key.sign_header(&key.header_with("typ", Value::Null));
    the_type_may_be_at_jwt: |key| key.sign_header(&key.header_with("typ", json!("at+jwt")));
    the_type_may_be_a_media_type: |key| key.sign_header(&key.header_with("typ", json!("application/at+JWT")));
    a_header_member_of_no_meaning_is_ignored: |key| key.sign_header(&key.header_with("vendor", json!({ "a": 1 })));
    a_certificates_fingerprint_is_ignored: |key| key.sign_header(&key.header_with("x5t", json!("AAAA")));
    a_certificates_sha256_fingerprint_is_ignored: |key| {
        let mut header = key.header_with("x5t", json!(key.id));
        header["x5t#S256"] = json!(["AAAA"]);
        key.sign_header(&header)
    };
    claims_of_no_meaning_are_ignored: |key| key.sign(&Claims::good().with("vendor", json!([[[{ "sub": "bob" }]]])));
    a_time_may_have_a_fraction: |key| key.sign(&Claims::good().with("exp", json!(in_seconds(600) as f64 + 0.5)));
    a_token_from_now_on_is_accepted: |key| key.sign(&Claims::good().with("nbf", json!(get_current_timestamp())));
    a_start_that_is_null_is_absent: |key| key.sign_claims(&with_null("nbf"));
    a_time_of_issue_that_is_null_is_absent: |key| key.sign_claims(&with_null("iat"));
    a_first_user_claim_that_is_null_is_absent: |key| key.sign_claims(&with_null("userid"));
    scopes_and_roles_that_are_null_are_absent: |key| {
        let claims = with_null("permissions").replacen('{', r#"{"scp":null,"roles":null,"groups":null,"#, 1);
        key.sign_claims(&claims)
    };
    a_token_without_iat_is_accepted: |key| key.sign(&Claims::good().with("iat", Value::Null));
    a_token_that_expired_within_the_leeway_is_accepted:
        |key| key.sign(&Claims::good().with("exp", json!(in_seconds(-2))));
    a_token_that_starts_within_the_leeway_is_accepted:
        |key| key.sign(&Claims::good().with("nbf", json!(in_seconds(20))));
}

/// Good claims with one that is null.
fn with_null(name: &str) -> String {
    let mut claims = Claims::good().0;
    claims[name] = Value::Null;
    claims.to_string()
}

fn in_seconds(seconds: i64) -> u64 {
    get_current_timestamp().saturating_add_signed(seconds)
}

#[tokio::test]
async fn the_leeway_is_a_setting() {
    let key = TestKey::ed25519("key");
    let gate = Gate::with(&[&key], &[("COFFER_JWT_LEEWAY_SECONDS", "300")]).await;
    gate.accepts(&key.sign(&Claims::good().with("exp", json!(in_seconds(-200))))).await;
    gate.accepts(&key.sign(&Claims::good().with("nbf", json!(in_seconds(290))))).await;
}

#[tokio::test]
async fn the_scheme_may_be_in_any_case() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    let token = key.sign(&Claims::good());
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let client = gate.server.anonymous().header("authorization", &format!("{scheme} {token}"));
        gate.accepts_client(&client).await;
    }
}

#[tokio::test]
async fn several_spaces_may_stand_before_the_token() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    let client = gate.server.anonymous().header("authorization", &format!("Bearer   {}", key.sign(&Claims::good())));
    gate.accepts_client(&client).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_matched_by_its_algorithm() {
    let (ours, other) = (TestKey::ed25519("ours"), TestKey::ec("other", Algorithm::ES256));
    let gate = Gate::of(&[&other, &ours]).await;
    gate.accepts(&ours.sign_header(&ours.header_with("kid", Value::Null))).await;
}

#[tokio::test]
async fn each_key_of_a_set_verifies_its_own_tokens() {
    let keys = [TestKey::ed25519("a"), TestKey::ed25519("b"), TestKey::rsa("c", Algorithm::RS256)];
    let gate = Gate::of(&[&keys[0], &keys[1], &keys[2]]).await;
    for key in &keys {
        gate.accepts(&key.sign(&Claims::good())).await;
    }
}

#[tokio::test]
async fn a_key_set_may_hold_keys_that_are_not_understood() {
    let key = TestKey::ed25519("key");
    let strange = [json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }), json!({ "kty": "RSA" }), json!(7)];
    let keys = [&strange[..], std::slice::from_ref(&key.public)].concat();
    let gate = Gate::with_keys(&json!({ "keys": keys }).to_string(), &[]).await;
    gate.accepts(&key.sign(&Claims::good())).await;
}

fn issuers(values: &str) -> [(&'static str, &str); 2] {
    [("COFFER_VAULT_ISSUERS", values), ("COFFER_SEARCH_ISSUERS", values)]
}

fn audiences(values: &str) -> [(&'static str, &str); 2] {
    [("COFFER_VAULT_AUDIENCES", values), ("COFFER_SEARCH_AUDIENCES", values)]
}

#[tokio::test]
async fn one_of_the_configured_issuers_is_accepted() {
    let key = TestKey::ed25519("key");
    let gate = Gate::with(&[&key], &issuers("https://one.example, https://two.example")).await;
    gate.accepts(&key.sign(&Claims::good().with("iss", json!("https://two.example")))).await;
}

#[tokio::test]
async fn a_configured_audience_is_accepted_alone_and_among_others() {
    let key = TestKey::ed25519("key");
    let gate = Gate::with(&[&key], &audiences("coffer")).await;
    for audience in [json!("coffer"), json!(["coffer"]), json!(["other", "coffer"])] {
        gate.accepts(&key.sign(&Claims::good().with("aud", audience))).await;
    }
}

/// Audiences as claims hold them: the status with `coffer` as the audience, at both APIs.
macro_rules! meant_for_coffer {
    ($($name:ident: $claims:expr, $status:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let gate = Gate::with(&[&key], &audiences("web, coffer")).await;
            let mut claims = Claims::good().0;
            let more: Value = $claims;
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let token = key.sign(&Claims(claims));
            if $status == 200 {
                gate.accepts(&token).await;
            } else {
                gate.refuses(&token, "JWT audience is not accepted").await;
            }
        }
    )+};
}

meant_for_coffer! {
    a_client_id_counts_without_an_audience: json!({ "client_id": "coffer" }), 200;
    an_authorized_party_counts_without_an_audience: json!({ "azp": "coffer" }), 200;
    a_client_id_counts_where_the_audience_is_null: json!({ "aud": null, "client_id": "coffer" }), 200;
    an_authorized_party_counts_beside_another_client_id: json!({ "client_id": "shop", "azp": "web" }), 200;
    another_client_id_does_not_count: json!({ "client_id": "shop" }), 401;
    another_authorized_party_does_not_count: json!({ "azp": "coffer-2" }), 401;
    a_client_id_does_not_count_beside_another_audience: json!({ "aud": "shop", "client_id": "coffer" }), 401;
    an_authorized_party_does_not_count_beside_another_audience: json!({ "aud": ["shop"], "azp": "coffer" }), 401;
    a_client_id_does_not_count_beside_no_audiences: json!({ "aud": [], "client_id": "coffer" }), 401;
    a_client_id_does_not_count_beside_an_audience_that_is_empty: json!({ "aud": "", "client_id": "coffer" }), 401;
    a_client_id_does_not_count_beside_an_audience_that_is_a_number: json!({ "aud": 1, "client_id": "coffer" }), 401;
    a_client_id_that_is_an_array_does_not_count: json!({ "client_id": ["coffer"] }), 401;
    neither_audience_nor_client_is_refused: json!({}), 401;
}

/// A token for one API, as far as its issuer and audience say, opens nothing of the other.
#[tokio::test]
async fn each_api_has_its_own_issuers_and_audiences() {
    let key = TestKey::ed25519("key");
    for claim in ["iss", "aud"] {
        let settings = match claim {
            "iss" => [("COFFER_VAULT_ISSUERS", "for-vault"), ("COFFER_SEARCH_ISSUERS", "for-search")],
            _ => [("COFFER_VAULT_AUDIENCES", "for-vault"), ("COFFER_SEARCH_AUDIENCES", "for-search")],
        };
        let gate = Gate::with(&[&key], &settings).await;
        for (value, statuses) in [("for-vault", (200, 401)), ("for-search", (401, 200)), ("for-others", (401, 401))] {
            let token = key.sign(&Claims::good().with(claim, json!(value)));
            let (vault, search) = gate.ask(&gate.client(&token)).await;
            assert_eq!((vault.status, search.status), statuses, "{claim}: {value}");
        }
    }
}

#[tokio::test]
async fn any_switches_the_checks_of_one_api_off() {
    let key = TestKey::ed25519("key");
    let settings = [
        ("COFFER_VAULT_ISSUERS", "any"),
        ("COFFER_VAULT_AUDIENCES", "any"),
        ("COFFER_SEARCH_ISSUERS", "https://one.example"),
        ("COFFER_SEARCH_AUDIENCES", "coffer"),
    ];
    let gate = Gate::with(&[&key], &settings).await;
    let (vault, search) = gate.ask(&gate.client(&key.sign(&Claims::good()))).await;
    assert_eq!((vault.status, search.status), (200, 401));
}

/// On the local server alone: a function asks for the settings.
#[tokio::test]
async fn the_local_server_checks_the_issuer_of_its_own_tokens() {
    let server = Server::start().await;
    server.user("alice").get(&secrets_path("alice")).await.expect_status(200);
    let settings = server.local().settings(&|_| None).unwrap();
    let own = AcceptedValues::OneOf(vec!["coffer-local".to_owned()]);
    for rules in [&settings.tokens.vault, &settings.tokens.search] {
        assert_eq!((&rules.issuers, &rules.audiences), (&own, &AcceptedValues::Any));
    }
}

/// On the local server alone. An environment that is set for a foreign issuer would refuse the printed tokens.
#[tokio::test]
async fn the_local_server_accepts_its_own_tokens_under_settings_for_foreign_ones() {
    for set in [
        &["COFFER_VAULT_ISSUERS", "COFFER_SEARCH_ISSUERS"][..],
        &["COFFER_VAULT_AUDIENCES"],
        &["COFFER_SEARCH_AUDIENCES"],
        &["COFFER_JWT_SCOPE_PREFIX"],
        &["COFFER_JWT_USER_CLAIMS"],
        &["COFFER_JWT_SCOPE_CLAIMS"],
        &["COFFER_JWT_AUTHORITY_CLAIMS"],
    ] {
        let builder = set.iter().fold(Server::builder(), |builder, name| builder.setting(name, "foreign"));
        let gate = Gate::start(builder).await;
        gate.accepts_client(&gate.server.user("alice")).await;
    }
    let gate = Gate::start(Server::builder().setting("COFFER_JWT_ROLE_CLAIMS", "foreign")).await;
    let body = json!({ "name": "db", "data": {}, "read_roles": [{ "id": "readers" }] });
    gate.server.user("bob").create("bob", &body).await;
    gate.server.with("carol", &["user"], &["readers"]).get(&secret_path("bob", "db")).await.expect_status(200);
}

#[tokio::test]
async fn issuer_and_audience_do_not_matter_where_the_local_server_has_foreign_keys_alone() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    gate.accepts(&key.sign(&Claims::good().with("iss", json!("anybody")).with("aud", json!(["anything"])))).await;
}

#[tokio::test]
async fn a_user_id_of_256_bytes_is_accepted() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    let user = "u".repeat(256);
    let client = gate.client(&key.sign(&Claims::good().with("sub", json!(user))));
    client.get(&secrets_path(&user)).await.expect(200, &json!({ "count": 0, "items": [] }));
}

/// Claims as PrivX writes them.
fn privx(user: &str, permissions: &str) -> Claims {
    Claims(json!({ "userid": user, "permissions": permissions, "exp": in_seconds(600) }))
}

/// Claims as an OpenID Connect provider writes them.
fn oidc(user: &str) -> Claims {
    Claims(json!({ "iss": "https://issuer.example", "sub": user, "exp": in_seconds(600), "scope": "openid user" }))
}

/// A secret of bob that holders of the role `readers` may read.
async fn secret_for_readers(gate: &Gate, key: &TestKey) {
    let body = json!({ "name": "db", "data": { "k": 1 }, "read_roles": [{ "id": "readers" }] });
    gate.client(&key.sign(&oidc("bob"))).create("bob", &body).await;
}

#[tokio::test]
async fn privx_permissions_make_a_user_and_a_manager() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    gate.client(&key.sign(&privx("bob", "privx-user"))).create("bob", &json!({ "name": "db", "data": {} })).await;
    let alice = gate.client(&key.sign(&privx("alice", "privx-user,vault-manage")));
    // user: reads her own; vaultManage: lists bob's, without data; not admin: bob's secret is none for her.
    alice.create("alice", &json!({ "name": "own", "data": { "k": 1 } })).await;
    assert_eq!(alice.get(&secret_path("alice", "own")).await.expect_status(200).json()["data"], json!({ "k": 1 }));
    let list = alice.get(&secrets_path("bob")).await;
    assert_eq!(
        (list.expect_status(200).json()["count"].clone(), list.json()["items"][0].get("data")),
        (json!(1), None)
    );
    alice.get(&secret_path("bob", "db")).await.expect_status(404);
}

#[tokio::test]
async fn the_first_user_claim_counts() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    let client = gate.client(&key.sign(&privx("alice", "privx-user").with("sub", json!("bob"))));
    client.get(&secrets_path("alice")).await.expect_status(200);
    client.get(&secrets_path("bob")).await.expect_status(403);
}

macro_rules! grants_admin {
    ($($name:ident: $claim:literal, $value:expr, $status:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let gate = Gate::of(&[&key]).await;
            gate.client(&key.sign(&oidc("bob"))).create("bob", &json!({ "name": "db", "data": {} })).await;
            let claims = oidc("alice").with("scope", Value::Null).with($claim, $value);
            gate.client(&key.sign(&claims)).get(&secret_path("bob", "db")).await.expect_status($status);
        }
    )+};
}

grants_admin! {
    scopes_may_be_a_string_cut_at_spaces: "scope", json!("openid  admin"), 200;
    scopes_may_be_a_string_cut_at_commas: "permissions", json!("privx-user, privx-admin"), 200;
    scopes_may_be_an_array: "scp", json!(["openid", "admin"]), 200;
    scopes_may_be_an_array_called_scope: "scope", json!(["openid", "admin"]), 200;
    a_scope_in_an_array_is_never_cut: "scope", json!(["openid admin", "user,admin"]), 403;
    a_scope_counts_in_its_own_case_only: "scope", json!("Admin ADMIN privx-Admin"), 403;
    a_role_is_no_scope: "roles", json!(["admin"]), 403;
    an_empty_scope_grants_nothing: "scope", json!(""), 403;
}

/// As Amazon Cognito writes the scopes of a resource server.
macro_rules! grants_admin_with_a_prefix {
    ($($name:ident: $claim:literal, $value:expr, $status:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let gate = Gate::with(&[&key], &[("COFFER_JWT_SCOPE_PREFIX", "server/")]).await;
            let bob = oidc("bob").with("scope", json!("openid server/user"));
            gate.client(&key.sign(&bob)).create("bob", &json!({ "name": "db", "data": {} })).await;
            let claims = oidc("alice").with("scope", Value::Null).with($claim, $value);
            gate.client(&key.sign(&claims)).get(&secret_path("bob", "db")).await.expect_status($status);
        }
    )+};
}

grants_admin_with_a_prefix! {
    a_scope_may_have_the_configured_prefix: "scope", json!("openid server/admin"), 200;
    a_scope_in_an_array_may_have_the_configured_prefix: "scp", json!(["openid", "server/admin"]), 200;
    an_alias_of_a_scope_may_have_the_configured_prefix: "permissions", json!("server/privx-admin"), 200;
    a_scope_without_the_configured_prefix_does_not_count: "scope", json!("openid admin privx-admin /admin"), 403;
    a_scope_with_another_prefix_does_not_count: "scope", json!("shop/admin Server/admin serveradmin xserver/admin"), 403;
    a_scope_with_the_prefix_twice_does_not_count: "scope", json!("server/server/admin server//admin"), 403;
    the_prefix_alone_is_no_scope: "scope", json!("server/ admin"), 403;
}

#[tokio::test]
async fn a_scope_with_a_prefix_does_not_count_where_none_is_configured() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    let client = gate.client(&key.sign(&oidc("alice").with("scope", json!("server/user server/admin"))));
    client.get(&secret_path("alice", "db")).await.expect_status(403);
}

#[tokio::test]
async fn the_prefix_counts_for_the_search_api_too() {
    let key = TestKey::ed25519("key");
    let gate = Gate::with(&[&key], &[("COFFER_JWT_SCOPE_PREFIX", "server/")]).await;
    gate.accepts(&key.sign(&Claims::good().with("scope", json!("server/user server/sp:search:read")))).await;
    let bare = gate.client(&key.sign(&Claims::good().with("scope", json!("server/user sp:search:read"))));
    bare.get("/search/identities/one").await.expect_status(403);
}

#[tokio::test]
async fn the_scopes_of_all_claims_count_together() {
    let key = TestKey::ed25519("key");
    let gate = Gate::of(&[&key]).await;
    let claims = oidc("alice").with("scp", json!(["vaultAdd"])).with("permissions", json!("vault-manage"));
    let alice = gate.client(&key.sign(&claims));
    alice.create("bob", &json!({ "name": "db", "data": {} })).await;
    alice.get(&secrets_path("bob")).await.expect_status(200);
    alice.get(&secret_path("bob", "db")).await.expect_status(404);
}

macro_rules! grants_role {
    ($($name:ident: $claim:literal, $value:expr, $status:literal;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let key = TestKey::ed25519("key");
            let gate = Gate::of(&[&key]).await;
            secret_for_readers(&gate, &key).await;
            let token = key.sign(&oidc("carol").with($claim, $value));
            gate.client(&token).get(&secret_path("bob", "db")).await.expect_status($status);
        }
    )+};
}

grants_role! {
    roles_may_be_an_array: "roles", json!(["other", "readers"]), 200;
    roles_may_be_groups: "groups", json!(["readers"]), 200;
    roles_may_be_objects_with_an_id: "roles", json!([{ "id": "readers", "name": "Readers" }]), 200;
    roles_may_be_objects_and_ids: "groups", json!(["other", { "id": "readers", "deleted": false }]), 200;
    a_role_whose_deletion_is_null_counts: "roles", json!([{ "id": "readers", "deleted": null }]), 200;
    a_role_that_is_deleted_does_not_count: "roles", json!([{ "id": "readers", "deleted": true }, "other"]), 404;
    a_role_that_is_deleted_once_counts_where_it_is_not:
        "roles", json!([{ "id": "readers", "deleted": true }, { "id": "readers" }]), 200;
    a_deleted_role_without_an_id_does_not_count: "roles", json!([{ "name": "readers", "deleted": true }]), 404;
    a_deleted_role_without_an_id_takes_nothing_from_the_others: "roles", json!([{ "deleted": true }, "readers"]), 200;
    a_deleted_role_whose_id_is_null_does_not_count:
        "roles", json!([{ "id": null, "deleted": true }, { "id": "readers" }]), 200;
    a_deleted_role_whose_id_is_a_number_does_not_count:
        "groups", json!([{ "id": 1, "deleted": true }, { "id": "readers" }]), 200;
    a_deleted_role_whose_id_is_an_object_does_not_count:
        "groups", json!([{ "id": { "id": "readers" }, "deleted": true }, "other"]), 404;
    roles_may_be_a_string_cut_at_commas: "roles", json!("other, readers"), 200;
    a_role_is_its_id_and_not_its_name: "roles", json!([{ "id": "other", "name": "readers" }]), 404;
    a_role_in_a_string_is_not_cut_at_spaces: "roles", json!("other readers"), 404;
    no_roles_are_no_fault: "roles", json!([]), 404;
}

#[tokio::test]
async fn the_search_dialect_has_scopes_in_an_array_and_authorities() {
    let key = TestKey::rsa("key", Algorithm::RS256);
    let gate = Gate::of(&[&key]).await;
    let claims = Claims(json!({
        "sub": "alice", "exp": in_seconds(600), "user_name": "alice", "tenant_id": "t",
        "scope": ["sp:search:read", "user"], "authorities": ["USER", "REPORT_ADMIN"],
    }));
    gate.accepts(&key.sign(&claims)).await;
}

#[tokio::test]
async fn which_claims_count_is_a_setting() {
    let key = TestKey::ed25519("key");
    let settings = [
        ("COFFER_JWT_USER_CLAIMS", "https://issuer.example/login"),
        ("COFFER_JWT_SCOPE_CLAIMS", "rights"),
        ("COFFER_JWT_ROLE_CLAIMS", "teams"),
        ("COFFER_JWT_AUTHORITY_CLAIMS", "levels"),
    ];
    let gate = Gate::with(&[&key], &settings).await;
    let claims = |login: &str, rights: &str| {
        Claims(json!({
            // Claims that would count by default are there too, and don't.
            "sub": "mallory", "scope": "admin", "roles": ["readers"], "authorities": ["ORG_ADMIN"],
            "https://issuer.example/login": login, "rights": rights, "exp": in_seconds(600),
        }))
    };
    let bob = gate.client(&key.sign(&claims("bob", "user")));
    bob.create("bob", &json!({ "name": "db", "data": {}, "read_roles": [{ "id": "readers" }] })).await;
    let path = secret_path("bob", "db");
    gate.client(&key.sign(&claims("carol", "user"))).get(&path).await.expect_status(404);
    let reader = claims("carol", "user sp:search:read").with("teams", json!(["readers"]));
    gate.client(&key.sign(&reader)).get(&path).await.expect_status(200);
    gate.client(&key.sign(&reader)).get("/search/identities/one").await.expect_status(403);
    gate.accepts(&key.sign(&claims("alice", "user sp:search:read").with("levels", json!(["ORG_ADMIN"])))).await;
}
