//! Bodies: cut, mistyped, not JSON, not text, too large.

use crate::support::{secret_path, secrets_path};

use super::{Case, create, search, vault};

/// A good body with all that a body can have.
pub(super) const GOOD: &str = concat!(
    r#"{"name":"new","data":{"k":[1,2.5,"\u0041",null]},"read_roles":[{"id":"r","name":"R"}],"#,
    r#""write_roles":[{"id":"w"}],"owner_id":"alice"}"#
);

pub(super) fn cut() -> Vec<Case> {
    (0..GOOD.len()).map(|end| create(&GOOD[..end])).collect()
}

pub(super) fn wrong_types() -> Vec<Case> {
    let values = ["null", "true", "1", r#""s""#, "[]", "{}", "1e999"];
    let all = |but: &'static [&str]| values.into_iter().filter(move |value| !but.contains(value));
    let mut cases = Vec::new();
    for value in all(&[r#""s""#]) {
        cases.push(create(format!("{{\"name\":{value},\"data\":{{}}}}")).names("name"));
    }
    for value in all(&["{}"]) {
        cases.push(create(format!("{{\"name\":\"new\",\"data\":{value}}}")).names("data"));
    }
    for value in all(&["null"]) {
        cases.push(create(format!("{{\"name\":\"new\",\"data\":{{}},\"owner_id\":{value}}}")).names("owner_id"));
    }
    let update = |body: String| vault("PUT", secret_path("alice", "kept"), &[400]).body(body);
    for value in all(&["null", "{}"]) {
        cases.push(update(format!("{{\"data\":{value}}}")).names("data"));
    }
    for (field, first, element, id) in [
        ("read_roles", "read_roles[0]", "read_roles[1]", "read_roles[1].id"),
        ("write_roles", "write_roles[0]", "write_roles[1]", "write_roles[1].id"),
    ] {
        let mut refused = |roles: String, property| {
            cases.push(create(format!("{{\"name\":\"new\",\"data\":{{}},\"{field}\":{roles}}}")).names(property));
            cases.push(update(format!("{{\"{field}\":{roles}}}")).names(property));
        };
        for value in all(&["null", "[]"]) {
            refused(value.to_owned(), field);
        }
        for value in all(&["{}"]) {
            refused(format!("[{{\"id\":\"r\"}},{value}]"), element);
        }
        for value in all(&[r#""s""#]).chain([r#""""#, r#""a\u0000""#, r#""\ud800""#]) {
            refused(format!("[{{\"id\":\"r\"}},{{\"id\":{value}}}]"), id);
        }
        refused(r#"[{"id":"r"},{"name":"r"}]"#.to_owned(), id);
        refused(r#"[{"id":"r"},{"id":"r","id":"s"}]"#.to_owned(), element);
        refused(format!("[{{\"id\":\"r\"}},{{\"id\":\"{}\"}}]", "r".repeat(257)), id);
        refused(format!("[{}]", vec![r#"{"id":"r"}"#; 101].join(",")), field);
        refused("[".repeat(100_000) + &"]".repeat(100_000), first);
    }
    cases
}

pub(super) fn no_objects() -> Vec<Case> {
    let texts = [
        "",
        " ",
        "null",
        "true",
        "1",
        "[]",
        r#""s""#,
        "nul",
        "{}x",
        "{}{}",
        "{} {}",
        "\0",
        "{\0}",
        "{,}",
        "{]",
        "}",
        r#"{"name":"new","data":{}}}"#,
        "{\"name\":\"new\",\"data\":{}}\0",
        r#"{"name":"new","data":{},}"#,
        r#"{'name':'new','data':{}}"#,
        r#"{name:"new",data:{}}"#,
        r#"{"name":"new","data":{}/**/}"#,
        "{\"name\":\"new\",\"data\":{}}\u{feff}",
        "\u{feff}{\"name\":\"new\",\"data\":{}}",
        r#"{"name":"new","data":{"a":01}}"#,
        r#"{"name":"new","data":{"a":+1}}"#,
        r#"{"name":"new","data":{"a":.5}}"#,
        r#"{"name":"new","data":{"a":1.}}"#,
        r#"{"name":"new","data":{"a":1e}}"#,
        r#"{"name":"new","data":{"a":0x1}}"#,
        r#"{"name":"new","data":{"a":NaN}}"#,
        r#"{"name":"new","data":{"a":-Infinity}}"#,
        r#"{"name":"new","data":{"a":"\x41"}}"#,
        r#"{"name":"new","data":{"a":"\u00g0"}}"#,
        r#"{"name":"new","data":{"a" 1}}"#,
        r#"{"name":"new","data":{1:1}}"#,
        r#"{"name":"new","data":{"a":[1,]}}"#,
        "{\"name\":\"new\",\"data\":{\"a\":\"\n\"}}",
        "{\"name\":\"new\",\"data\":{\"a\":\"\0\"}}",
        r#"{"name":"new","name":"new","data":{}}"#,
        r#"{"name":"new","data":{},"data":{}}"#,
        r#"{"name":"new","n\u0061me":"kept","data":{}}"#,
        r#"{"name":"new","data":{},"x":1,"x":1}"#,
        "name=new&data=%7B%7D",
        "<secret><name>new</name></secret>",
        "--x\r\nContent-Disposition: form-data\r\n\r\n",
    ];
    let mut cases: Vec<_> = texts.into_iter().map(create).collect();
    let utf16 = |bytes: fn(u16) -> [u8; 2]| GOOD.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let with_bytes = |before: &str, bytes: &[u8], after: &str| [before.as_bytes(), bytes, after.as_bytes()].concat();
    let binary = [
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        with_bytes(r#"{"name":""#, b"\xff", r#"","data":{}}"#),
        with_bytes(r#"{"name":"new","data":{"a":""#, b"\xc0\xaf", r#""}}"#),
        with_bytes(r#"{"name":"new","data":{""#, b"\xed\xa0\x80", r#"":1}}"#),
        with_bytes(r#"{"name":"new","data":{},"x":""#, b"\xf4\x90\x80\x80", r#""}"#),
        with_bytes(r#"{"name":"new","data":{},""#, b"\x80", r#"":1}"#),
        with_bytes("", b"\xff\xfe", GOOD),
        with_bytes("", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", ""),
        (0..=255).collect(),
    ];
    cases.extend(binary.into_iter().map(create));
    for open in ["[", "{\"a\":", "{\"name\":", "{\"data\":{\"data\":"] {
        let deep = open.repeat(100_000);
        let statuses: &[u16] = if deep.len() > 320 * 1024 { &[413] } else { &[400] };
        cases.push(vault("POST", secrets_path("alice"), statuses).body(deep));
        cases.push(create(open.repeat(10_000)));
    }
    cases
}

pub(super) fn too_large() -> Vec<Case> {
    const MIB: usize = 1024 * 1024;
    let mut cases = Vec::new();
    for length in [400_000, 5 * MIB, 6 * MIB, 10 * MIB, 11 * MIB] {
        let body = format!("{{\"name\":\"new\",\"data\":{{\"a\":\"{}\"}}}}", "x".repeat(length));
        cases.push(vault("POST", secrets_path("alice"), &[413]).body(body.clone()));
        cases.push(vault("PUT", secret_path("alice", "kept"), &[413]).body(body));
    }
    // Twice as long, and six times, inside an event.
    cases.push(vault("POST", secrets_path("alice"), &[413]).body("\"".repeat(4 * MIB)));
    cases.push(vault("POST", secrets_path("alice"), &[413]).body("\0".repeat(2 * MIB)));
    cases.push(vault("POST", secrets_path("alice"), &[413]).body(vec![0xff; 5 * MIB]));
    cases.push(search("GET", "/search/roles/x", &[413]).body(vec![b'x'; 11 * MIB]));
    cases.push(vault("POST", "/vault/none", &[413]).body(vec![b'x'; 11 * MIB]));
    for (length, listed, read) in [(9_000, &[200], &[404]), (60_000, &[413], &[413])] {
        let long = "x".repeat(length);
        cases.push(vault("GET", format!("{}?x={long}", secrets_path("alice")), listed));
        cases.push(search("GET", format!("/search/roles/x?x={long}"), read));
    }
    let named = |length: usize| secret_path("alice", &"x".repeat(length));
    cases.push(vault("GET", named(9_000), &[400]).names("name"));
    cases.push(vault("GET", named(60_000), &[413]));
    cases.push(search("GET", format!("/search/roles/{}", "x".repeat(60_000)), &[413]));
    cases.push(vault("GET", format!("/{}", "x".repeat(60_000)), &[404]));
    cases.push(search("GET", format!("/search/{}", "x/".repeat(4_000)), &[404]));
    cases.push(vault("GET", format!("/vault{}", "/..".repeat(4_000)), &[404]));
    cases.push(vault("GET", secrets_path("alice"), &[413]).header("x-long", "x".repeat(12_000)));
    cases.push(search("GET", "/search/roles/x", &[413]).header("cookie", "x".repeat(60_000)));
    cases
}
