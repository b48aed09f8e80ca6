//! The vault's contract for `POST …/secrets`: errors of a body, and its largest size.

use serde_json::{Value, json};

use crate::support::{Server, body_faults, fault, secret_path, secrets_path};

/// Nothing may have been created by a request that was refused.
async fn holds_nothing(server: &Server) {
    server.user("alice").get(&secrets_path("alice")).await.expect(200, &json!({ "count": 0, "items": [] }));
}

macro_rules! refused {
    ($($name:ident: $body:expr => $($fault:expr),+;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let reply = server.user("alice").post(&secrets_path("alice"), $body).await;
            reply.expect(400, &body_faults(&[$($fault),+]));
            holds_nothing(&server).await;
        }
    )*};
}

refused! {
    a_create_without_a_name_is_refused:
        r#"{"data":{}}"#
        => ("REQUIRED_VALUE_MISSING", "name", "name is required: a string of 1 to 512 bytes");
    a_create_with_a_name_of_null_is_refused:
        r#"{"name":null,"data":{}}"#
        => ("REQUIRED_VALUE_MISSING", "name", "name is required: a string of 1 to 512 bytes");
    a_create_without_data_is_refused:
        r#"{"name":"n"}"#
        => ("REQUIRED_VALUE_MISSING", "data", "data is required: a JSON object");
    a_create_with_data_of_null_is_refused:
        r#"{"name":"n","data":null}"#
        => ("REQUIRED_VALUE_MISSING", "data", "data is required: a JSON object");
    a_create_without_anything_names_both_required_members:
        "{}"
        => ("REQUIRED_VALUE_MISSING", "name", "name is required: a string of 1 to 512 bytes"),
           ("REQUIRED_VALUE_MISSING", "data", "data is required: a JSON object");
    a_name_that_is_no_string_is_refused:
        r#"{"name":5,"data":{}}"#
        => ("VALUE_INCORRECT_TYPE", "name", "name must be a string, and is a number");
    a_name_that_is_empty_is_refused:
        r#"{"name":"","data":{}}"#
        => ("VALUE_INCORRECT_FORMAT", "name", "name must not be empty");
    a_name_of_dots_is_refused:
        r#"{"name":"..","data":{}}"#
        => ("VALUE_INCORRECT_FORMAT", "name", "name must not be '.' or '..'");
    a_name_with_a_control_character_is_refused:
        r#"{"name":"a\u0000b","data":{}}"#
        => ("VALUE_INCORRECT_FORMAT", "name", "name must not hold control characters");
    a_name_with_a_lone_surrogate_is_refused:
        r#"{"name":"\ud800","data":{}}"#
        => ("VALUE_INCORRECT_FORMAT", "name", "name must be Unicode text, without lone surrogates");
    a_name_that_is_too_long_is_refused:
        format!(r#"{{"name":"{}","data":{{}}}}"#, "n".repeat(513))
        => ("VALUE_OUT_OF_BOUNDS", "name", "name must be at most 512 bytes of UTF-8, and has 513");
    data_that_is_an_array_is_refused:
        r#"{"name":"n","data":[]}"#
        => ("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is an array");
    data_that_is_a_string_is_refused:
        r#"{"name":"n","data":"{}"}"#
        => ("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is a string");
    data_that_is_a_boolean_is_refused:
        r#"{"name":"n","data":true}"#
        => ("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is a boolean");
    data_of_one_byte_too_many_is_refused:
        body_with_data(65_537)
        => ("VALUE_OUT_OF_BOUNDS", "data", "data must have at most 65536 bytes as sent, and has 65537");
    a_role_list_that_is_no_array_is_refused:
        r#"{"name":"n","data":{},"read_roles":{"id":"r"}}"#
        => ("VALUE_INCORRECT_TYPE", "read_roles", "read_roles must be an array of roles, and is an object");
    a_role_that_is_no_object_is_refused:
        r#"{"name":"n","data":{},"write_roles":["r"]}"#
        => ("VALUE_INCORRECT_TYPE", "write_roles[0]", "write_roles[0] must be an object with an id, and is a string");
    a_role_without_an_id_is_refused:
        r#"{"name":"n","data":{},"read_roles":[{"id":"r"},{"name":"r"}]}"#
        => ("REQUIRED_VALUE_MISSING", "read_roles[1].id", "read_roles[1].id is required: the role's id, a string");
    a_role_id_that_is_no_string_is_refused:
        r#"{"name":"n","data":{},"read_roles":[{"id":7}]}"#
        => ("VALUE_INCORRECT_TYPE", "read_roles[0].id", "read_roles[0].id must be a string, and is a number");
    a_role_id_that_is_empty_is_refused:
        r#"{"name":"n","data":{},"read_roles":[{"id":""}]}"#
        => ("VALUE_INCORRECT_FORMAT", "read_roles[0].id", "read_roles[0].id must not be empty");
    a_role_id_that_is_too_long_is_refused:
        format!(r#"{{"name":"n","data":{{}},"write_roles":[{{"id":"{}"}}]}}"#, "r".repeat(257))
        => ("VALUE_OUT_OF_BOUNDS", "write_roles[0].id",
            "write_roles[0].id must be at most 256 bytes of UTF-8, and has 257");
    a_list_of_too_many_roles_is_refused:
        json!({ "name": "n", "data": {}, "read_roles": vec![json!({ "id": "r" }); 101] }).to_string()
        => ("VALUE_OUT_OF_BOUNDS", "read_roles", "read_roles must have at most 100 roles, and has 101");
    an_owner_id_of_somebody_else_is_refused:
        r#"{"name":"n","data":{},"owner_id":"bob"}"#
        => ("INVALID_REQUEST_DATA", "owner_id", "owner_id must be the user id of the path, or absent");
    an_owner_id_that_is_no_string_is_refused:
        r#"{"name":"n","data":{},"owner_id":["alice"]}"#
        => ("VALUE_INCORRECT_TYPE", "owner_id", "owner_id must be a string, and is an array");
    all_faults_of_a_body_are_reported_at_once:
        r#"{"name":".","data":[],"read_roles":[{"id":"r"},{},{"id":null},5],"write_roles":"w","owner_id":"bob"}"#
        => ("VALUE_INCORRECT_FORMAT", "name", "name must not be '.' or '..'"),
           ("VALUE_INCORRECT_TYPE", "data", "data must be a JSON object, and is an array"),
           ("REQUIRED_VALUE_MISSING", "read_roles[1].id", "read_roles[1].id is required: the role's id, a string"),
           ("REQUIRED_VALUE_MISSING", "read_roles[2].id", "read_roles[2].id is required: the role's id, a string"),
           ("VALUE_INCORRECT_TYPE", "read_roles[3]", "read_roles[3] must be an object with an id, and is a number"),
           ("VALUE_INCORRECT_TYPE", "write_roles", "write_roles must be an array of roles, and is a string"),
           ("INVALID_REQUEST_DATA", "owner_id", "owner_id must be the user id of the path, or absent");
}

macro_rules! no_object {
    ($($name:ident: $body:expr => $message:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let server = Server::start().await;
            let reply = server.user("alice").post(&secrets_path("alice"), $body).await;
            reply.expect(400, &fault("BAD_REQUEST", $message));
            holds_nothing(&server).await;
        }
    )*};
}

no_object! {
    a_name_that_is_no_utf8_is_refused:
        &b"{\"name\":\"\xff\",\"data\":{}}"[..] => "The body is not JSON in UTF-8 (line 1, column 10)";
    data_that_is_no_utf8_is_refused:
        &b"{\"name\":\"n\",\"data\":{\"k\":\"\xc3\x28\"}}"[..] => "The body is not JSON in UTF-8 (line 1, column 26)";
    an_empty_body_is_no_json:
        "" => "The body is not JSON in UTF-8 (line 1, column 0)";
    a_body_that_is_cut_off_is_no_json:
        r#"{"name":"n","data":{"# => "The body is not JSON in UTF-8 (line 1, column 20)";
    a_body_with_something_after_it_is_no_json:
        r#"{"name":"n","data":{}}x"# => "The body is not JSON in UTF-8 (line 1, column 23)";
    a_body_of_form_fields_is_no_json:
        "name=n&data=d" => "The body is not JSON in UTF-8 (line 1, column 2)";
    a_body_that_is_an_array_is_no_object:
        "[]" => "The body must be a JSON object in UTF-8 that names each member once (line 1, column 0)";
    a_body_that_is_a_string_is_no_object:
        r#""n""# => "The body must be a JSON object in UTF-8 that names each member once (line 1, column 3)";
    a_body_that_is_null_is_no_object:
        "null" => "The body must be a JSON object in UTF-8 that names each member once (line 1, column 4)";
    a_body_that_names_a_member_twice_is_refused:
        r#"{"name":"n","data":{},"name":"m"}"#
        => "The body must be a JSON object in UTF-8 that names each member once (line 1, column 33)";
}

// Sizes.

/// A body with data of this many bytes.
fn body_with_data(length: usize) -> String {
    let empty = r#"{"k":""}"#.len();
    format!(r#"{{"name":"n","data":{{"k":"{}"}}}}"#, "v".repeat(length - empty))
}

#[tokio::test]
async fn the_largest_data_is_accepted_and_comes_back() {
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.post(&secrets_path("alice"), body_with_data(65_536)).await.expect(201, &json!({ "name": "n" }));
    let secret = alice.get(&secret_path("alice", "n")).await.expect_status(200).json();
    assert_eq!(secret["data"]["k"].as_str().unwrap().len(), 65_536 - r#"{"k":""}"#.len());
}

#[tokio::test]
async fn a_smaller_limit_for_data_is_honoured() {
    let server = Server::builder().setting("COFFER_MAX_DATA_BYTES", "20").start().await;
    let alice = server.user("alice");
    let message = "data must have at most 20 bytes as sent, and has 21";
    let reply = alice.post(&secrets_path("alice"), body_with_data(21)).await;
    reply.expect(400, &body_faults(&[("VALUE_OUT_OF_BOUNDS", "data", message)]));
    alice.post(&secrets_path("alice"), body_with_data(20)).await.expect(201, &json!({ "name": "n" }));
    // White space inside counts: it is stored and comes back.
    let reply = alice.put(&secret_path("alice", "n"), r#"{"data":{"k"    :    "v"    }}"#).await;
    reply.expect(400, &body_faults(&[("VALUE_OUT_OF_BOUNDS", "data", message)]));
}

#[tokio::test]
async fn a_larger_limit_for_data_is_honoured() {
    let server = Server::builder().setting("COFFER_MAX_DATA_BYTES", "262144").start().await;
    let alice = server.user("alice");
    alice.post(&secrets_path("alice"), body_with_data(262_144)).await.expect(201, &json!({ "name": "n" }));
    alice.get(&secret_path("alice", "n")).await.expect_status(200);
    let message = "data must have at most 262144 bytes as sent, and has 262145";
    let reply = alice.put(&secret_path("alice", "n"), body_with_data(262_145)).await;
    reply.expect(400, &body_faults(&[("VALUE_OUT_OF_BOUNDS", "data", message)]));
}

/// A good body of this many bytes, most of them white space.
fn padded(length: usize) -> String {
    let body = r#"{"name":"n","data":{}}"#;
    format!("{body}{}", " ".repeat(length - body.len()))
}

fn too_large(limit: usize) -> Value {
    fault("VALUE_OUT_OF_BOUNDS", &format!("The request has more than {limit} bytes"))
}

#[tokio::test]
async fn a_body_above_the_request_limit_is_too_large() {
    let limit = 65_536 + 262_144;
    let server = Server::start().await;
    let alice = server.user("alice");
    alice.post(&secrets_path("alice"), padded(limit + 1)).await.expect(413, &too_large(limit));
    holds_nothing(&server).await;
    alice.post(&secrets_path("alice"), padded(limit)).await.expect(201, &json!({ "name": "n" }));
    alice.put(&secret_path("alice", "n"), padded(limit + 1)).await.expect(413, &too_large(limit));
}

#[tokio::test]
async fn a_body_that_no_function_could_be_given_is_too_large() {
    let server = Server::start().await;
    let reply = server.user("alice").post(&secrets_path("alice"), padded(6 * 1024 * 1024)).await;
    reply.expect(413, &too_large(6 * 1024 * 1024));
    holds_nothing(&server).await;
}

#[tokio::test]
async fn a_body_that_the_gateway_would_not_take_is_too_large() {
    let server = Server::start().await;
    let reply = server.user("alice").post(&secrets_path("alice"), padded(10 * 1024 * 1024 + 1)).await;
    reply.expect(413, &too_large(10 * 1024 * 1024));
    holds_nothing(&server).await;
}
