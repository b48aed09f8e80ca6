//! The description of both APIs holds true of the server: its paths, methods, statuses and bodies.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use local::gateway::routes::RESOURCES;
use regex_lite::Regex;
use serde_json::{Value, json};

use crate::support::{Reply, Server, secret_path, secrets_path};

const LIST: &str = "/vault/api/v1/user/{user_id}/secrets";
const ONE: &str = "/vault/api/v1/user/{user_id}/secrets/{name}";
const DOCUMENT: &str = "/search/{index}/{id}";

/// All methods that a path may be asked for.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"];

/// The description.
struct Description(Value);

impl Description {
    async fn of(server: &Server) -> Self {
        let reply = server.anonymous().get("/openapi.json").await;
        assert_eq!(reply.expect_status(200).header("content-type"), "application/json");
        Self(reply.json())
    }

    /// Each operation with its path and its method.
    fn operations(&self) -> impl Iterator<Item = (&str, String, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path.as_str(), method.to_uppercase(), operation))
        })
    }

    fn operation(&self, path: &str, method: &str) -> &Value {
        &self.0["paths"][path][method.to_lowercase()]
    }

    /// Path and methods.
    fn routes(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let mut routes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (path, method, _) in self.operations() {
            routes.entry(path).or_default().insert(method);
        }
        routes
    }

    /// Holds a value against a schema: types, required members, enumerations, and that no member goes unannounced
    /// where none may.
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.0.pointer(reference.strip_prefix('#').unwrap()).ok_or(format!("no {reference}"))?;
            return self.check(target, value, at);
        }
        for choices in ["anyOf", "oneOf"] {
            if let Some(choices) = schema[choices].as_array() {
                let faults: Vec<_> = choices.iter().filter_map(|choice| self.check(choice, value, at).err()).collect();
                return if faults.len() < choices.len() { Ok(()) } else { Err(faults.join("; ")) };
            }
        }
        if let Some(known) = schema["enum"].as_array()
            && !known.contains(value)
        {
            return Err(format!("{at}: {value} is none of {known:?}"));
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => return Ok(()),
            one => vec![one.clone()],
        };
        let is = |name: &str| match value {
            Value::Null => name == "null",
            Value::Bool(_) => name == "boolean",
            Value::Number(number) => name == "number" || (name == "integer" && !number.is_f64()),
            Value::String(_) => name == "string",
            Value::Array(_) => name == "array",
            Value::Object(_) => name == "object",
        };
        if !types.iter().any(|name| is(name.as_str().unwrap())) {
            return Err(format!("{at}: {value} is not of type {types:?}"));
        }
        for (i, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, &format!("{at}[{i}]"))?;
        }
        let (Some(members), Some(announced)) = (value.as_object(), schema["properties"].as_object()) else {
            return Ok(());
        };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                return Err(format!("{at}: {name} is missing"));
            }
        }
        for (name, member) in members {
            match announced.get(name) {
                Some(schema) => self.check(schema, member, &format!("{at}.{name}"))?,
                None if schema.get("additionalProperties").is_some() => {}
                None => return Err(format!("{at}: {name} is not announced")),
            }
        }
        Ok(())
    }

    /// Compares an answer with the description of its operation and status.
    #[track_caller]
    fn holds_for(&self, path: &str, method: &str, reply: &Reply) {
        let operation = self.operation(path, method)["operationId"].as_str().unwrap();
        let described = &self.operation(path, method)["responses"][reply.status.to_string()];
        assert!(described.is_object(), "{operation} answers with {}, which is not described", reply.status);
        for header in described["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(!reply.header(header).is_empty(), "{operation} {}: {header}", reply.status);
        }
        match described["content"].as_object() {
            None => assert_eq!(reply.text(), "", "{operation} {}", reply.status),
            Some(content) => {
                let schema = &content[reply.header("content-type")]["schema"];
                self.check(schema, &reply.json(), "body").unwrap_or_else(|fault| panic!("{operation}: {fault}"));
            }
        }
    }
}

/// A path of this template, with `x` or an index in the place of each parameter.
fn example(template: &str) -> String {
    template.replace("{index}", "roles").replace("{user_id}", "x").replace("{name}", "x").replace("{id}", "x")
}

#[tokio::test]
async fn the_description_is_openapi_3_1() {
    let description = Description::of(&Server::start().await).await;
    assert_eq!(description.0["openapi"], "3.1.0");
    assert_eq!(description.0["info"]["title"], "Coffer");
}

#[tokio::test]
async fn the_description_and_the_routes_are_the_same() {
    let description = Description::of(&Server::start().await).await;
    let methods = |resource: &local::gateway::routes::Resource| {
        resource.methods.iter().map(|(method, _)| method.to_string()).collect::<BTreeSet<_>>()
    };
    let routes: BTreeMap<_, _> = RESOURCES.iter().map(|resource| (resource.template, methods(resource))).collect();
    assert_eq!(description.routes(), routes);
}

#[tokio::test]
async fn every_described_operation_is_there() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    for (path, method, _) in description.operations() {
        let reply = server.anonymous().send(&method, &example(path), "").await;
        assert_eq!(reply.status, 401, "{method} {path}");
        description.holds_for(path, &method, &reply);
    }
}

#[tokio::test]
async fn every_method_that_is_not_described_is_not_allowed_and_the_described_ones_are_named() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    for (path, methods) in description.routes() {
        for method in METHODS.into_iter().filter(|method| !methods.contains(*method)) {
            let reply = server.user("x").send(method, &example(path), "").await;
            assert_eq!(reply.status, 405, "{method} {path}");
            let allowed: BTreeSet<_> = reply.header("allow").split(", ").map(str::to_owned).collect();
            assert_eq!(allowed, methods, "{method} {path}");
            for method in &methods {
                description.holds_for(path, method, &reply);
            }
        }
    }
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own() {
    let description = Description::of(&Server::start().await).await;
    let ids: Vec<_> =
        description.operations().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    let expected = [
        "listSecrets",
        "createSecret",
        "getSecret",
        "updateSecret",
        "deleteSecret",
        "getDocument",
        "getDocument_v3",
        "getDocument_beta",
        "getDocument_v2024",
        "getDocument_v2025",
        "getDocument_v2026",
        "getDocument_v1",
    ];
    assert_eq!(ids.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
    assert_eq!(ids.len(), expected.len());
}

#[tokio::test]
async fn every_operation_has_the_statuses_of_the_contracts() {
    let description = Description::of(&Server::start().await).await;
    for (path, method, operation) in description.operations() {
        let expected: &[&str] = match (path, method.as_str()) {
            (LIST, "GET") => &["200", "400", "401", "403", "405", "413", "500", "503"],
            (LIST, "POST") => &["201", "400", "401", "403", "405", "413", "500", "503"],
            (ONE, "GET") => &["200", "400", "401", "403", "404", "405", "413", "500", "503"],
            (ONE, "PUT" | "DELETE") => &["200", "400", "401", "403", "404", "405", "412", "413", "500", "503"],
            _ => &["200", "400", "401", "403", "404", "405", "413", "429", "500"],
        };
        let described: BTreeSet<_> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(described, expected.iter().copied().collect(), "{method} {path}");
    }
}

#[tokio::test]
async fn every_error_has_the_body_and_the_header_of_the_contracts() {
    let description = Description::of(&Server::start().await).await;
    for (path, method, operation) in description.operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let vault = path.starts_with("/vault/");
            let body = match status.as_str() {
                "200" | "201" => continue,
                _ if vault => "VaultError",
                "401" => "SearchUnauthorized",
                "429" => "SearchRateLimit",
                _ => "SearchError",
            };
            let header = match status.as_str() {
                "401" => Some("WWW-Authenticate"),
                "405" => Some("Allow"),
                "429" | "503" => Some("Retry-After"),
                _ => None,
            };
            let schema = &response["content"]["application/json"]["schema"];
            assert_eq!(schema, &json!({ "$ref": format!("#/components/schemas/{body}") }), "{method} {path} {status}");
            let headers = response["headers"].as_object().map(|headers| headers.keys().next().unwrap().as_str());
            assert_eq!(headers, header, "{method} {path} {status}");
        }
    }
}

#[tokio::test]
async fn every_parameter_of_a_path_is_described() {
    let description = Description::of(&Server::start().await).await;
    for (path, method, operation) in description.operations() {
        let parameters = operation["parameters"].as_array().unwrap().iter().filter(|one| one["in"] == "path");
        let described: BTreeSet<_> = parameters.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let named = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(described, named, "{method} {path}");
    }
}

/// Schemas of all parameters of this name, each with its operation.
fn parameters<'a>(description: &'a Description, name: &str) -> Vec<(String, &'a Value)> {
    let of = |(path, method, operation): (&str, String, &'a Value)| {
        let all = operation["parameters"].as_array().unwrap().iter();
        let named: Vec<_> = all.filter(|one| one["name"] == name).map(|one| &one["schema"]).collect();
        named.into_iter().map(move |schema| (format!("{method} {path}"), schema)).collect::<Vec<_>>()
    };
    description.operations().flat_map(of).collect()
}

#[tokio::test]
async fn every_id_has_its_length_and_its_pattern() {
    let description = Description::of(&Server::start().await).await;
    let mut ids = Vec::new();
    for (name, longest, count) in [("user_id", 256, 5), ("name", 512, 3), ("id", 512, 7)] {
        let all = parameters(&description, name);
        assert_eq!(all.len(), count, "{name}");
        ids.extend(all.into_iter().map(|(at, schema)| (at, schema.clone(), longest, true)));
    }
    let schemas = &description.0["components"]["schemas"];
    for (body, name, longest, segment) in [
        ("SecretCreate", "name", 512, true),
        ("SecretCreate", "owner_id", 256, true),
        ("RoleRequest", "id", 256, false),
    ] {
        ids.push((format!("{body}.{name}"), schemas[body]["properties"][name].clone(), longest, segment));
    }
    for (at, schema, longest, segment) in ids {
        assert_eq!((&schema["minLength"], &schema["maxLength"]), (&json!(1), &json!(longest)), "{at}");
        let pattern = Regex::new(schema["pattern"].as_str().unwrap_or_else(|| panic!("{at}: no pattern"))).unwrap();
        for good in ["a", "...", "..a", ".a", "a.", "a b", "ü/%", "\u{10348}", "\u{a0}"] {
            assert!(pattern.is_match(good), "{at}: {good:?}");
        }
        for bad in ["", "\0", "a\n", "a\u{7f}b", "\u{85}", "..\u{9f}", ".\t"] {
            assert!(!pattern.is_match(bad), "{at}: {bad:?}");
        }
        for dots in [".", ".."] {
            assert_eq!(pattern.is_match(dots), !segment, "{at}: {dots}");
        }
    }
}

#[tokio::test]
async fn the_bounds_of_ids_are_those_of_the_server() {
    let server = Server::start().await;
    let longest = |length: usize| "n".repeat(length);
    let client = |user: &str| server.user(user);
    client(&longest(256)).create(&longest(256), &json!({ "name": longest(512), "data": {} })).await;
    client(&longest(256)).get(&secret_path(&longest(256), &longest(512))).await.expect_status(200);
    client("alice").get(&secret_path(&longest(257), "n")).await.expect_status(400);
    client("alice").get(&secret_path("alice", &longest(513))).await.expect_status(400);
    client("alice").get(&format!("/search/roles/{}", longest(512))).await.expect_status(404);
    client("alice").get(&format!("/search/roles/{}", longest(513))).await.expect_status(400);
    for (count, status) in [(100, 201), (101, 400)] {
        let roles: Vec<_> = (0..count).map(|i| json!({ "id": format!("r{i}") })).collect();
        let body = json!({ "name": format!("{count}"), "data": {}, "read_roles": roles });
        client("alice").post(&secrets_path("alice"), body.to_string()).await.expect_status(status);
    }
}

#[tokio::test]
async fn role_lists_have_their_length() {
    let description = Description::of(&Server::start().await).await;
    for body in ["SecretCreate", "SecretUpdate"] {
        for list in ["read_roles", "write_roles"] {
            let schema = &description.0["components"]["schemas"][body]["properties"][list];
            assert_eq!(schema["maxItems"], 100, "{body}.{list}");
        }
    }
}

#[tokio::test]
async fn members_of_a_role_that_are_ignored_are_described_as_ignored() {
    let description = Description::of(&Server::start().await).await;
    let role = &description.0["components"]["schemas"]["RoleRequest"];
    assert_eq!(role["required"], json!(["id"]));
    for name in ["name", "deleted"] {
        let text = role["properties"][name]["description"].as_str().unwrap_or_else(|| panic!("{name}: {role}"));
        assert!(text.starts_with("Ignored"), "{name}: {text}");
    }
}

#[tokio::test]
async fn if_match_is_described_as_it_is_read() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    server.user("alice").create("alice", &json!({ "name": "n", "data": {} })).await;
    let all = parameters(&description, "If-Match");
    assert_eq!(all.iter().map(|(at, _)| at.split(' ').next().unwrap()).collect::<Vec<_>>(), ["DELETE", "PUT"]);
    for (at, schema) in all {
        // Text, never null.
        let [any, tags] = schema["anyOf"].as_array().unwrap().as_slice() else { panic!("{at}: {schema}") };
        assert_eq!(*any, json!({ "type": "string", "enum": ["*"] }), "{at}");
        let tags = Regex::new(tags["pattern"].as_str().unwrap()).unwrap();
        let described = |text: &str| text == "*" || tags.is_match(text);
        for good in [
            "*",
            "\"a\"",
            "W/\"a\"",
            "\"\"",
            "\"a\", \"b\"",
            "\"a\",W/\"b\"",
            "\"a,b\"",
            "W/\",\" ,\t\"a, b\"",
            "\"a b\"",
            "\"\ta\"",
            ",\"a\"",
            ", ,W/\"a\"",
            "\"a\",",
            "\"a\" ,, \"b\"\t,",
            &["\"a\""; 10].join(","),
        ] {
            assert!(described(good), "{at}: {good}");
            let reply = server.user("alice").header("if-match", good).put(&secret_path("alice", "n"), "{}").await;
            assert_eq!(reply.status, if good == "*" { 200 } else { 412 }, "{good}");
        }
        let eleven = ["\"a\""; 11].join(", ");
        for bad in ["null", "a", "\"a", "\"a\" \"b\"", "w/\"a\"", "\"a\",b", "\"a,b", "*,\"a\"", ",", ", ,", &eleven] {
            assert!(!described(bad), "{at}: {bad}");
            let reply = server.user("alice").header("if-match", bad).put(&secret_path("alice", "n"), "{}").await;
            assert_eq!(reply.status, 400, "{bad}");
        }
    }
}

#[tokio::test]
async fn offset_has_its_bound() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    for (at, schema) in parameters(&description, "offset") {
        assert_eq!((&schema["minimum"], &schema["maximum"]), (&json!(0), &json!(u64::MAX)), "{at}");
    }
    for (offset, status) in [(u64::MAX.to_string(), 200), ("18446744073709551616".to_owned(), 400)] {
        server.user("alice").get(&format!("{}?offset={offset}", secrets_path("alice"))).await.expect_status(status);
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let description = Description::of(&Server::start().await).await.0;
    let mut found = BTreeSet::new();
    references(&description, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        assert!(description.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn every_operation_asks_for_a_bearer_token() {
    let description = Description::of(&Server::start().await).await;
    assert_eq!(description.0["security"], json!([{ "token": [] }]));
    let scheme = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
    assert_eq!(description.0["components"]["securitySchemes"]["token"], scheme);
    assert!(description.operations().all(|(.., operation)| operation.get("security").is_none()));
}

const DRAFT: &str =
    r#"{"name":"n","data":{"k":1},"read_roles":[{"id":"r","name":"R"}],"write_roles":[{"id":"w"}],"owner_id":"alice"}"#;

#[tokio::test]
async fn every_answer_is_as_described() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    let mut seen = BTreeSet::new();
    let mut holds = |path: &str, method: &str, reply: &Reply| {
        description.holds_for(path, method, reply);
        seen.insert((description.operation(path, method)["operationId"].as_str().unwrap().to_owned(), reply.status));
    };
    let (list, one, bad) = (secrets_path("alice"), secret_path("alice", "n"), secret_path("alice", "."));
    let (alice, none) = (server.user("alice"), server.with("bob", &[], &[]));
    let large = || format!("{{\"name\":\"n\",\"data\":{{}}}}{}", " ".repeat(400_000));
    let long = "x".repeat(20_000);
    let stale = || alice.clone().header("if-match", "\"1-00000000000000000000000000000000\"");

    holds(LIST, "GET", &alice.get(&list).await);
    holds(LIST, "POST", &alice.post(&list, DRAFT).await);
    holds(LIST, "POST", &alice.post(&list, DRAFT).await.expect_status(400).clone());
    holds(LIST, "POST", &alice.post(&list, r#"{"name":1,"read_roles":{}}"#).await);
    holds(LIST, "POST", &none.post(&list, DRAFT).await);
    holds(LIST, "POST", &alice.post(&list, large()).await);
    holds(LIST, "GET", &alice.get(&list).await);
    holds(LIST, "GET", &server.with("bob", &["vaultManage"], &[]).get(&list).await);
    holds(LIST, "GET", &alice.get(&format!("{list}?limit=0")).await);
    holds(LIST, "GET", &none.get(&list).await);
    holds(LIST, "GET", &alice.get(&format!("{list}?{long}")).await);
    holds(ONE, "GET", &alice.get(&one).await);
    holds(ONE, "GET", &server.with("bob", &["user"], &["w"]).get(&one).await);
    holds(ONE, "GET", &alice.get(&bad).await);
    holds(ONE, "GET", &none.get(&one).await);
    holds(ONE, "GET", &alice.get(&secret_path("alice", "none")).await);
    holds(ONE, "GET", &alice.get(&secret_path("alice", &long)).await);
    holds(ONE, "PUT", &alice.put(&one, "{}").await);
    holds(ONE, "PUT", &alice.put(&one, r#"{"data":[]}"#).await);
    holds(ONE, "PUT", &server.with("bob", &["user"], &["r"]).put(&one, "{}").await);
    holds(ONE, "PUT", &alice.put(&secret_path("alice", "none"), "{}").await);
    holds(ONE, "PUT", &stale().put(&one, "{}").await);
    holds(ONE, "PUT", &alice.put(&one, large()).await);
    holds(ONE, "DELETE", &alice.delete(&bad).await);
    holds(ONE, "DELETE", &none.delete(&one).await);
    holds(ONE, "DELETE", &stale().delete(&one).await);
    holds(ONE, "DELETE", &alice.delete(&secret_path("alice", &long)).await);
    holds(ONE, "DELETE", &alice.delete(&one).await);
    holds(ONE, "DELETE", &alice.delete(&one).await);
    server.store_document("roles", "x", include_str!("../examples/roles.jsonl")).await;
    for path in [DOCUMENT, "/v3/search/{index}/{id}", "/search/v1/{index}/{id}"] {
        let real = example(path);
        holds(path, "GET", &alice.get(&real).await);
        holds(path, "GET", &alice.get(&real.replace("/x", "/%00")).await);
        holds(path, "GET", &none.get(&real).await);
        holds(path, "GET", &alice.clone().header("accept-language", "de").get(&real.replace("/x", "/y")).await);
        holds(path, "GET", &alice.get(&real.replace("roles", "none")).await);
        holds(path, "GET", &alice.get(&format!("{real}?{long}")).await);
    }
    damage(&server).await;
    holds(LIST, "GET", &server.user("carol").get(&secrets_path("carol")).await);
    holds(ONE, "GET", &server.user("carol").get(&secret_path("carol", "n")).await);
    holds(ONE, "PUT", &server.user("carol").put(&secret_path("carol", "n"), "{}").await);

    let document = [200, 400, 403, 404, 413];
    let expected = [
        // Damage alone fails no list: it is shown there.
        ("listSecrets", [200, 400, 403, 413].as_slice()),
        ("createSecret", &[201, 400, 403, 413]),
        ("getSecret", &[200, 400, 403, 404, 413, 500]),
        ("updateSecret", &[200, 400, 403, 404, 412, 413, 500]),
        ("deleteSecret", &[200, 400, 403, 404, 412, 413]),
        ("getDocument", &document),
        ("getDocument_v3", &document),
        ("getDocument_v1", &document),
    ];
    let expected = expected.into_iter().flat_map(|(id, all)| all.iter().map(move |status| (id.to_owned(), *status)));
    assert_eq!(seen, expected.collect());
}

/// Puts an item that is no secret in the place of one of carol's.
async fn damage(server: &Server) {
    let put = server.table.put_item().table_name(local::embedded::TABLE);
    let put = put.item("owner", AttributeValue::S("carol".to_owned())).item("name", AttributeValue::S("n".to_owned()));
    put.send().await.unwrap();
}

#[tokio::test]
async fn the_bodies_that_are_sent_are_as_described() {
    let server = Server::start().await;
    let description = Description::of(&server).await;
    let check = |path, method, body: &str| {
        let schema = &description.operation(path, method)["requestBody"]["content"]["application/json"]["schema"];
        description.check(schema, &serde_json::from_str(body).unwrap(), "body")
    };
    for body in [DRAFT, r#"{"name":"m","data":{},"read_roles":null,"owner_id":null}"#] {
        check(LIST, "POST", body).unwrap();
        server.user("alice").post(&secrets_path("alice"), body).await.expect_status(201);
    }
    for body in ["{}", r#"{"data":{},"read_roles":[]}"#, r#"{"data":null,"write_roles":[{"id":"x","name":null}]}"#] {
        check(ONE, "PUT", body).unwrap();
        server.user("alice").put(&secret_path("alice", "n"), body).await.expect_status(200);
    }
    for body in ["{}", r#"{"name":"o"}"#, r#"{"name":"o","data":[]}"#, r#"{"name":"o","data":{},"read_roles":[{}]}"#] {
        check(LIST, "POST", body).unwrap_err();
        server.user("alice").post(&secrets_path("alice"), body).await.expect_status(400);
    }
}

macro_rules! a_document_is_as_described {
    ($($what:ident: $index:literal, $schema:literal;)*) => {
        $(
            #[tokio::test]
            async fn $what() {
                let server = Server::start().await;
                server.store_document($index, "x", include_str!(concat!("../examples/", $index, ".jsonl"))).await;
                let reply = server.user("alice").get(concat!("/search/", $index, "/x")).await;
                let document = reply.expect_status(200).json();
                let description = Description::of(&server).await;
                let schema = json!({ "$ref": concat!("#/components/schemas/", $schema) });
                description.check(&schema, &document, $index).unwrap();
            }
        )*
    };
}

a_document_is_as_described! {
    an_access_profile_is_as_described: "accessprofiles", "AccessProfileDocument";
    an_account_activity_is_as_described: "accountactivities", "AccountActivityDocument";
    an_entitlement_is_as_described: "entitlements", "EntitlementDocument";
    an_event_is_as_described: "events", "EventDocument";
    an_identity_is_as_described: "identities", "IdentityDocument";
    a_role_is_as_described: "roles", "RoleDocument";
}
