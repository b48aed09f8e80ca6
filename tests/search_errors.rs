//! The search contract's errors: their statuses, bodies, languages and their order.

use serde_json::{Value, json};

use crate::search::{forbidden, reader};
use crate::support::{Claims, Server, TestKey, search_fault};

const DOCUMENT: &str = r#"{"id":"x"}"#;

async fn with_document() -> Server {
    let server = Server::start().await;
    server.store_document("identities", "x", DOCUMENT).await;
    server
}

fn not_found() -> Value {
    search_fault("404 Not found", "The server did not find a current representation for the target resource.")
}

fn bad_request() -> Value {
    let text = "The request was syntactically correct but its content is semantically invalid.";
    search_fault("400.1 Bad Request Content", text)
}

/// With this one cause.
fn because(mut fault: Value, cause: &str) -> Value {
    fault["causes"] = json!([{ "locale": "en-US", "localeOrigin": "DEFAULT", "text": cause }]);
    fault
}

/// With this second message, in a language that was asked for.
fn also(mut fault: Value, locale: &str, text: &str) -> Value {
    let message = json!({ "locale": locale, "localeOrigin": "REQUEST", "text": text });
    fault["messages"].as_array_mut().unwrap().push(message);
    fault
}

// 401.

#[tokio::test]
async fn a_request_without_a_token_is_unauthorized() {
    let server = with_document().await;
    let reply = server.anonymous().get("/search/identities/x").await;
    reply.expect(401, &json!({ "error": "JWT validation failed: no authorization header" }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    assert_eq!(reply.text(), r#"{"error":"JWT validation failed: no authorization header"}"#);
}

#[tokio::test]
async fn an_authorization_that_is_no_bearer_token_is_unauthorized() {
    let server = with_document().await;
    let reply = server.anonymous().header("authorization", "Basic YTpi").get("/search/identities/x").await;
    reply.expect(401, &json!({ "error": "JWT validation failed: authorization header is not a bearer token" }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_token_that_is_no_jwt_is_unauthorized() {
    let server = with_document().await;
    let reply = server.client(Some("abc".to_owned())).get("/search/identities/x").await;
    reply.expect(401, &json!({ "error": "JWT validation failed: JWT is malformed" }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn an_expired_token_is_unauthorized_in_the_documented_words() {
    let key = TestKey::ed25519("k");
    let server = Server::builder().setting("COFFER_JWT_KEYS", TestKey::key_set(&[&key])).start().await;
    server.store_document("identities", "x", DOCUMENT).await;
    let path = "/search/identities/x";
    assert_eq!(server.client(Some(key.sign(&Claims::good()))).get(path).await.expect_status(200).text(), DOCUMENT);
    let expired = Claims::good().with("exp", json!(1_000_000_000));
    let reply = server.client(Some(key.sign(&expired))).get(path).await;
    reply.expect(401, &json!({ "error": "JWT validation failed: JWT is expired" }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn the_reason_of_a_401_is_the_one_that_holds() {
    let key = TestKey::ed25519("k");
    let server = Server::builder().setting("COFFER_JWT_KEYS", TestKey::key_set(&[&key])).start().await;
    let stranger = TestKey::ed25519("k");
    let reply = server.client(Some(stranger.sign(&Claims::good()))).get("/search/identities/x").await;
    reply.expect(401, &json!({ "error": "JWT validation failed: JWT signature is invalid" }));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

// 403.

macro_rules! forbidden {
    ($($name:ident: $scopes:expr, $levels:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_document().await;
            let reply = reader(&server, &$scopes, &$levels).get("/search/identities/x").await;
            reply.expect_search_error(403, &forbidden());
            assert_eq!(reply.header("content-type"), "application/json");
            assert!(!reply.headers.contains_key("www-authenticate"));
        }
    )*};
}

forbidden! {
    a_token_without_a_scope_is_forbidden: [], ["ORG_ADMIN"];
    a_token_with_another_scope_is_forbidden: ["sp:search:write"], ["ORG_ADMIN"];
    a_token_with_the_scopes_of_the_vault_is_forbidden: ["user", "admin", "vaultManage"], ["ORG_ADMIN"];
    a_scope_in_other_letters_is_forbidden: ["SP:SEARCH:READ"], ["ORG_ADMIN"];
    a_scope_without_a_user_level_is_forbidden: ["sp:search:read"], [];
    the_scope_for_everything_without_a_user_level_is_forbidden: ["sp:scopes:all"], [];
    a_scope_with_another_user_level_is_forbidden: ["sp:search:read"], ["HELPDESK", "org_admin"];
    neither_scope_nor_level_is_forbidden: [], [];
}

// 404.

#[tokio::test]
async fn a_document_that_is_not_there_is_not_found() {
    let server = with_document().await;
    for path in ["/search/identities/y", "/v3/search/identities/y", "/search/v1/roles/x"] {
        let reply = server.user("alice").get(path).await;
        reply.expect_search_error(404, &not_found());
        assert_eq!(reply.header("content-type"), "application/json");
    }
}

macro_rules! unknown_indices {
    ($($name:ident: $path:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_document().await;
            let cause = "The index in the path is not supported; the supported ones are \
                         accessprofiles, accountactivities, entitlements, events, identities, roles.";
            let reply = server.user("alice").get($path).await;
            reply.expect_search_error(404, &because(not_found(), cause));
        }
    )*};
}

unknown_indices! {
    an_unknown_index_is_not_found_and_the_known_ones_are_named: "/search/accounts/x";
    an_unknown_index_under_a_prefix_is_not_found: "/v2025/search/accounts/x";
    an_index_in_upper_case_is_unknown: "/search/IDENTITIES/x";
    an_index_with_a_capital_is_unknown: "/search/Identities/x";
    an_index_in_the_singular_is_unknown: "/search/identity/x";
    an_index_with_something_around_it_is_unknown: "/search/%20identities/x";
    an_index_with_a_wildcard_is_unknown: "/search/identit*/x";
    an_index_that_is_no_utf8_is_unknown: "/search/%FF/x";
    an_empty_index_is_unknown: "/search//x";
    a_list_of_indices_is_unknown: "/search/identities,roles/x";
}

#[tokio::test]
async fn a_path_that_is_no_route_is_an_error_of_the_search_api() {
    let server = with_document().await;
    for path in [
        "/search",
        "/search/identities",
        "/v3/search/identities",
        "/v3/identities/x",
        "/v3",
        "/v2024/search/identities/x/y",
        "/search/v2/identities/x",
    ] {
        server.user("alice").get(path).await.expect_search_error(404, &not_found());
        server.anonymous().get(path).await.expect_search_error(404, &not_found());
    }
}

#[tokio::test]
async fn a_prefix_of_another_year_is_no_route() {
    let server = with_document().await;
    let reply = server.user("alice").get("/v2023/search/identities/x").await;
    assert_eq!(reply.status, 404);
}

// 405, 413.

#[tokio::test]
async fn a_method_that_a_document_does_not_have_is_refused_with_the_one_it_has() {
    let server = with_document().await;
    let fault = search_fault("405 Method not allowed", "The target resource does not support the request's method.");
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in ["/search/identities/x", "/beta/search/identities/x"] {
            let reply = server.user("alice").send(method, path, "{}").await;
            reply.expect_search_error(405, &fault);
            assert_eq!(reply.header("allow"), "GET");
        }
    }
    assert_eq!(server.user("alice").get("/search/identities/x").await.expect_status(200).text(), DOCUMENT);
}

#[tokio::test]
async fn head_is_refused_and_has_no_body() {
    let server = with_document().await;
    let reply = server.user("alice").send("HEAD", "/search/identities/x", "").await;
    assert_eq!((reply.expect_status(405).text(), reply.header("allow")), ("", "GET"));
}

#[tokio::test]
async fn a_request_that_the_gateway_would_not_take_is_refused_in_this_apis_shape() {
    let server = with_document().await;
    let fault = search_fault("413 Request too large", "The request is larger than the server accepts.");
    let reply = server.user("alice").header("x-large", &"x".repeat(10_240)).get("/search/identities/x").await;
    reply.expect_search_error(413, &fault);
    let reply = server.user("alice").send("GET", "/search/identities/x", vec![b'x'; 10 * 1024 * 1024 + 1]).await;
    reply.expect_search_error(413, &fault);
}

#[tokio::test]
async fn a_request_that_the_gateway_does_not_understand_is_refused_in_this_apis_shape() {
    let server = with_document().await;
    let reply = server.user("alice").header("authorization", "Bearer other").get("/search/identities/x").await;
    reply.expect_search_error(400, &because(bad_request(), "The header authorization is there more than once"));
}

// 400.

macro_rules! bad_ids {
    ($($name:ident: $id:expr => $cause:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = with_document().await;
            let reply = server.user("alice").get(&format!("/search/identities/{}", $id)).await;
            reply.expect_search_error(400, &because(bad_request(), $cause));
            assert_eq!(reply.header("content-type"), "application/json");
        }
    )*};
}

bad_ids! {
    an_id_that_is_too_long_is_refused:
        "i".repeat(513) => "The document id in the path must be at most 512 bytes of UTF-8, and has 513.";
    an_id_that_is_too_long_in_bytes_is_refused:
        "%C3%BC".repeat(257) => "The document id in the path must be at most 512 bytes of UTF-8, and has 514.";
    an_id_that_is_no_utf8_is_refused: "%FF" => "The document id in the path must be percent-encoded UTF-8.";
    an_id_with_a_broken_escape_is_refused: "a%2" => "The document id in the path must be percent-encoded UTF-8.";
    an_id_with_an_escape_of_letters_is_refused: "%zz" => "The document id in the path must be percent-encoded UTF-8.";
    an_empty_id_is_refused: "" => "The document id in the path must not be empty.";
    an_id_of_dots_is_refused: "%2E%2E" => "The document id in the path must not be '.' or '..'.";
    an_id_with_a_control_character_is_refused:
        "a%0Ab" => "The document id in the path must not hold control characters.";
}

// The order of errors.

#[tokio::test]
async fn no_token_comes_before_everything_else() {
    let server = with_document().await;
    let missing = json!({ "error": "JWT validation failed: no authorization header" });
    for path in ["/search/identities/x", "/search/identities/none", "/search/none/x", "/search/identities/%FF"] {
        server.anonymous().get(path).await.expect(401, &missing);
    }
}

#[tokio::test]
async fn no_permission_comes_before_what_is_wrong_with_the_path() {
    let server = with_document().await;
    let nobody = reader(&server, &["sp:search:read"], &[]);
    for path in ["/search/identities/x", "/search/identities/none", "/search/none/x", "/search/identities/%FF"] {
        nobody.get(path).await.expect_search_error(403, &forbidden());
    }
}

#[tokio::test]
async fn an_unknown_index_comes_before_a_bad_id() {
    let server = with_document().await;
    let cause = "The index in the path is not supported; the supported ones are \
                 accessprofiles, accountactivities, entitlements, events, identities, roles.";
    server.user("alice").get("/search/none/%FF").await.expect_search_error(404, &because(not_found(), cause));
}

// Languages.

macro_rules! languages {
    ($($name:ident: $header:literal => $expected:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let client = server.user("alice").header("accept-language", $header);
            client.get("/search/identities/none").await.expect_search_error(404, &$expected);
        }
    )*};
}

const NOT_FOUND_DE: &str = "Der Server hat die angefragte Ressource nicht gefunden.";
const NOT_FOUND_FR: &str = "Le serveur n'a pas trouvé la ressource demandée.";

languages! {
    a_message_in_german_is_added: "de" => also(not_found(), "de", NOT_FOUND_DE);
    a_message_in_german_is_added_for_austria: "de-AT" => also(not_found(), "de", NOT_FOUND_DE);
    a_message_in_french_is_added_for_switzerland: "fr-CH" => also(not_found(), "fr", NOT_FOUND_FR);
    a_message_in_spanish_is_added:
        "es" => also(not_found(), "es", "El servidor no encontró el recurso solicitado.");
    a_message_in_japanese_is_added:
        "ja" => also(not_found(), "ja", "サーバーは要求されたリソースを見つけられませんでした。");
    the_greatest_weight_decides: "de;q=0.5, fr;q=0.8, es;q=0.1" => also(not_found(), "fr", NOT_FOUND_FR);
    of_equal_weights_the_first_decides: "de, fr" => also(not_found(), "de", NOT_FOUND_DE);
    a_language_that_is_not_shipped_is_passed_over: "it, pt;q=0.9, de;q=0.2" => also(not_found(), "de", NOT_FOUND_DE);
    a_language_that_is_not_wanted_is_not_added: "de;q=0" => not_found();
    a_language_that_is_not_shipped_adds_no_message: "it-IT" => not_found();
    english_is_not_repeated: "en" => not_found();
    british_english_is_not_repeated: "en-GB, de;q=0.5" => not_found();
    any_language_adds_no_message: "*" => not_found();
    a_header_that_makes_no_sense_adds_no_message: ";;q=,,de_x;q=7" => not_found();
}

#[tokio::test]
async fn every_kind_of_error_is_shipped_in_german() {
    let server = with_document().await;
    let german = server.user("alice").header("accept-language", "de");
    let because_utf8 = |fault| because(fault, "The document id in the path must be percent-encoded UTF-8.");
    german.get("/search/identities/%FF").await.expect_search_error(
        400,
        &because_utf8(also(bad_request(), "de", "Die Anfrage ist syntaktisch richtig, aber ihr Inhalt ist ungültig.")),
    );
    let stranger = reader(&server, &[], &[]).header("accept-language", "de");
    stranger.get("/search/identities/x").await.expect_search_error(
        403,
        &also(forbidden(), "de", "Der Server hat die Anfrage verstanden, lässt sie aber nicht zu."),
    );
    german.get("/search/nowhere").await.expect_search_error(404, &also(not_found(), "de", NOT_FOUND_DE));
    let fault = search_fault("405 Method not allowed", "The target resource does not support the request's method.");
    german
        .post("/search/identities/x", "")
        .await
        .expect_search_error(405, &also(fault, "de", "Die angefragte Ressource kennt die Methode der Anfrage nicht."));
    let fault = search_fault("413 Request too large", "The request is larger than the server accepts.");
    german
        .clone()
        .header("x-large", &"x".repeat(10_240))
        .get("/search/identities/x")
        .await
        .expect_search_error(413, &also(fault, "de", "Die Anfrage ist größer, als der Server annimmt."));
}

#[tokio::test]
async fn a_language_changes_nothing_about_a_document() {
    let server = with_document().await;
    let reply = server.user("alice").header("accept-language", "de").get("/search/identities/x").await;
    assert_eq!((reply.status, reply.text()), (200, DOCUMENT));
}

// Ids of errors.

#[tokio::test]
async fn every_error_has_a_tracking_id_of_its_own() {
    let server = with_document().await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let reply = server.user("alice").get("/search/identities/none").await;
        reply.expect_search_error(404, &not_found());
        ids.insert(reply.header("x-request-id").to_owned());
    }
    assert_eq!(ids.len(), 3);
}
