//! The vault's five functions on DynamoDB Local and Secrets Manager.

use serde_json::{Value, json};

use devstack::sandbox::Function;
use devstack::tools::Need;

use crate::{Test, World};

pub const TESTS: &[Test] = &[
    ("a_secret_lives_through_five_functions", &[Need::Services], a_secret_lives_through_five_functions),
    ("a_name_is_created_once", &[Need::Services], a_name_is_created_once),
    ("names_arrive_as_they_were_encoded", &[Need::Services], names_arrive_as_they_were_encoded),
    ("a_page_is_ordered_and_counted", &[Need::Services], a_page_is_ordered_and_counted),
    ("a_body_that_is_no_text_is_refused_as_no_utf8", &[Need::Services], a_body_that_is_no_text_is_refused_as_no_utf8),
    ("an_event_with_null_headers_is_answered", &[Need::Services], an_event_with_null_headers_is_answered),
    ("the_answer_names_the_gateways_request_id", &[Need::Services], the_answer_names_the_gateways_request_id),
    ("no_function_logs_a_secret_or_a_token", &[Need::Services], no_function_logs_a_secret_or_a_token),
];

const NOT_FOUND: &str = r#"{"error_code":"GENERAL_ERROR","error_message":"Secret not found (OBJECT_NOT_FOUND)"}"#;

fn secrets(user: &str) -> String {
    format!("/vault/api/v1/user/{user}/secrets")
}

fn a_secret_lives_through_five_functions(world: &World) {
    let stack = world.stack();
    let [create, get, list, update, delete] =
        ["create-secret", "get-secret", "list-secrets", "update-secret", "delete-secret"]
            .map(|name| Function::start(stack, name));
    let user = "life";
    let path = format!("{}/db", secrets(user));
    let body = r#"{"name":"db","data":{"n" : 18446744073709551616},"read_roles":[{"id":"r"}]}"#;

    let answer = create.call(user, "POST", &secrets(user), body);
    answer.expect(201, &json!({ "name": "db" }));
    assert_eq!(answer.headers["location"], path);
    let first = answer.headers["etag"].clone();

    let answer = get.call(user, "GET", &path, "");
    assert_eq!(answer.expect_status(200).headers["etag"], first);
    assert!(answer.body.contains(r#""data":{"n" : 18446744073709551616}"#), "{answer:?}");

    let answer = list.call(user, "GET", &secrets(user), "");
    let page = answer.expect_status(200).json();
    assert_eq!((&page["count"], &page["items"][0]["read_roles"][0]["id"]), (&json!(1), &json!("r")));

    let answer = update.call(user, "PUT", &path, r#"{"data":{"n":2}}"#);
    assert_eq!(answer.expect_status(200).body, "");
    assert_ne!(answer.headers["etag"], first);
    assert!(get.call(user, "GET", &path, "").body.contains(r#""data":{"n":2}"#));

    // Somebody else gets nothing.
    assert_eq!(get.call("other", "GET", &path, "").expect_status(404).body, NOT_FOUND);
    delete.call("other", "DELETE", &path, "").expect_status(403);

    assert_eq!(delete.call(user, "DELETE", &path, "").expect_status(200).body, "");
    assert_eq!(delete.call(user, "DELETE", &path, "").expect_status(404).body, NOT_FOUND);
    assert_eq!(get.call(user, "GET", &path, "").expect_status(404).body, NOT_FOUND);
}

fn a_name_is_created_once(world: &World) {
    let stack = world.stack();
    let create = Function::start(stack, "create-secret");
    let body = r#"{"name":"once","data":{}}"#;
    create.call("once", "POST", &secrets("once"), body).expect_status(201);
    let answer = create.call("once", "POST", &secrets("once"), body);
    assert_eq!(
        (answer.expect_status(400).json()["error_code"].as_str(), answer.json()["property"].as_str()),
        (Some("VALUE_DUPLICATE"), Some("name"))
    );
}

fn names_arrive_as_they_were_encoded(world: &World) {
    let stack = world.stack();
    let create = Function::start(stack, "create-secret");
    let get = Function::start(stack, "get-secret");
    for name in ["a/b", "a%2Fb", "a+b", "a b", "ü€\u{10348}", "?#&=", "..."] {
        let body = json!({ "name": name, "data": { "is": name } }).to_string();
        let created = create.call("names", "POST", &secrets("names"), body);
        let location = created.expect_status(201).headers["location"].clone();
        let answer = get.call("names", "GET", &location, "");
        assert_eq!(answer.expect_status(200).json()["data"]["is"], name);
    }
    let half = get.call("names", "GET", &format!("{}/a%2Fb", secrets("names")), "");
    assert_eq!(half.json()["name"], "a/b");
    let plus = get.call("names", "GET", &format!("{}/a+b", secrets("names")), "");
    assert_eq!(plus.json()["name"], "a+b");
}

fn a_page_is_ordered_and_counted(world: &World) {
    let stack = world.stack();
    let create = Function::start(stack, "create-secret");
    let list = Function::start(stack, "list-secrets");
    for name in ["b", "B", "a", "ä", "1"] {
        let body = json!({ "name": name, "data": {} }).to_string();
        create.call("pages", "POST", &secrets("pages"), body).expect_status(201);
    }
    let page = |query: &str| list.call("pages", "GET", &format!("{}?{query}", secrets("pages")), "");
    let names = |answer: &Value| -> Vec<String> {
        answer["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = page("").expect_status(200).json();
    assert_eq!((&all["count"], names(&all)), (&json!(5), ["1", "B", "a", "b", "ä"].map(str::to_owned).to_vec()));
    let some = page("offset=1&limit=2&sortkey=name").expect_status(200).json();
    assert_eq!((&some["count"], names(&some)), (&json!(5), ["B", "a"].map(str::to_owned).to_vec()));
    assert_eq!(page("limit=101").expect_status(400).json()["error_code"], "VALUE_OUT_OF_BOUNDS");
}

fn a_body_that_is_no_text_is_refused_as_no_utf8(world: &World) {
    let stack = world.stack();
    let create = Function::start(stack, "create-secret");
    // The gateway hands on such a body in base64.
    let answer = create.call("bytes", "POST", &secrets("bytes"), &b"{\"name\":\"\xff\"}"[..]);
    assert_eq!(answer.expect_status(400).json()["error_code"], "BAD_REQUEST");
}

fn an_event_with_null_headers_is_answered(world: &World) {
    let stack = world.stack();
    let get = Function::start(stack, "get-secret");
    let event = json!({
        "resource": "/vault/api/v1/user/{user_id}/secrets/{name}", "path": "/vault/api/v1/user/a/secrets/b",
        "httpMethod": "GET", "headers": null, "multiValueHeaders": null, "queryStringParameters": null,
        "multiValueQueryStringParameters": null, "pathParameters": null, "stageVariables": null,
        "requestContext": { "stage": "live", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "path": "/live/x",
            "httpMethod": "GET", "identity": { "sourceIp": "192.0.2.1" } },
        "body": null, "isBase64Encoded": false,
    });
    let expected =
        json!({ "error_code": "PERMISSION_DENIED", "error_message": "Unauthorized: no authorization header" });
    get.invoke(&event.to_string()).expect(401, &expected);
}

fn the_answer_names_the_gateways_request_id(world: &World) {
    let stack = world.stack();
    let get = Function::start(stack, "get-secret");
    let answer = get.call("id", "GET", &format!("{}/none", secrets("id")), "");
    let id = &answer.expect_status(404).headers["x-request-id"];
    assert_eq!(id.len(), 32);
    assert!(get.log().contains(&format!(r#""tracking_id":"{id}""#)), "{}", get.log());
}

fn no_function_logs_a_secret_or_a_token(world: &World) {
    let stack = world.stack();
    const CANARY: &str = "canary-77c1";
    let create = Function::start_with(stack, "create-secret", &[("COFFER_LOG_LEVEL", "debug")]);
    let get = Function::start_with(stack, "get-secret", &[("COFFER_LOG_LEVEL", "debug")]);
    let body = json!({ "name": CANARY, "data": { "password": CANARY } }).to_string();
    create.call("quiet", "POST", &secrets("quiet"), body.clone()).expect_status(201);
    create.call("quiet", "POST", &secrets("quiet"), body).expect_status(400);
    get.call("quiet", "GET", &format!("{}/{CANARY}", secrets("quiet")), "").expect_status(200);
    let token = stack.token("quiet");
    let signature = token.rsplit('.').next().unwrap();
    for log in [create.log(), get.log()] {
        assert!(log.contains("request answered"), "{log}");
        assert!(!log.contains(CANARY) && !log.contains(signature), "{log}");
    }
}
