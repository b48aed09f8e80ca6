//! Everything before the body: queries, headers, methods, paths.

use crate::support::{secret_path, secrets_path};

use super::{Case, search, vault};

pub(super) fn queries() -> Vec<Case> {
    let list = |query: &str, statuses| vault("GET", format!("{}?{query}", secrets_path("alice")), statuses);
    let mut cases = Vec::new();
    for number in [
        "99999999999999999999",
        "-1",
        "1e3",
        "1.0",
        "0x10",
        "%D9%A1",
        "%EF%BC%91",
        "",
        "+1",
        "%2B1",
        "%201",
        "1%20",
        "1%00",
        "%00",
        "%ff",
        "%zz",
        "%",
        "--1",
        "-",
        "NaN",
        "null",
        "true",
        "1,2",
        "1;2",
        "[]",
        "18446744073709551616",
    ] {
        cases.push(list(&format!("limit={number}"), &[400]).names("limit"));
        cases.push(list(&format!("offset={number}"), &[400]).names("offset"));
    }
    for query in ["limit=0", "limit=101", "limit=1&limit=2", "limit=1&limit=1", "limit", "%6Cimit=x"] {
        cases.push(list(query, &[400]).names("limit"));
    }
    for query in ["offset=1&offset=1", "offset&limit=0", "limit=x&offset=x&offset=y"] {
        cases.push(list(query, &[400]));
    }
    for query in [
        "",
        "&&&",
        "=",
        "%",
        "%zz=%zz",
        "%ff=%ff",
        "x=%00",
        "LIMIT=x",
        "limit[]=x",
        "limit%00=x",
        "sortkey=;drop",
        "offset=18446744073709551615",
        "offset=18446744073709551615&limit=100",
        "limit=001",
        "?limit=x",
        "x=%ed%a0%80",
    ] {
        cases.push(list(query, &[200]));
    }
    cases
}

pub(super) fn tokens() -> Vec<Case> {
    let mut cases = Vec::new();
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer ....",
        "Bearer a.b.c.d.e",
        "Basic YWxpY2U6eA==",
        "bearer:x",
        "BearerX",
        "Bearer\tx",
        "Bearer null",
        "Bearer e30.e30.e30",
        "Bearer {}",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.AA",
    ] {
        for case in [
            vault("GET", secrets_path("alice"), &[401]),
            vault("DELETE", secret_path("alice", "kept"), &[401]),
            search("GET", "/search/roles/x", &[401]),
        ] {
            cases.push(case.header("authorization", value));
        }
    }
    let long = format!("Bearer {}", "a".repeat(9_000));
    cases.push(vault("GET", secrets_path("alice"), &[401]).header("authorization", long.clone()));
    cases.push(search("GET", "/search/roles/x", &[401]).header("authorization", long));
    cases
}

pub(super) fn headers() -> Vec<Case> {
    let get = |statuses| vault("GET", secret_path("alice", "kept"), statuses);
    let mut cases = Vec::new();
    for name in ["authorization", "if-match", "content-type", "host"] {
        for values in [["x", "y"], ["x", "x"], ["", ""]] {
            let [one, two] = values;
            cases.push(get(&[400]).header(name, one).header(name, two));
            cases.push(search("GET", "/search/roles/x", &[400]).header(name, one).header(name, two));
        }
    }
    for name in ["authorization", "if-match", "host", "user-agent", "content-type", "x-other"] {
        cases.push(get(&[400]).header(name, "Bearer \u{e9}"));
        cases.push(search("GET", "/search/roles/x", &[400]).header(name, "\u{1d11e}"));
    }
    for host in [
        "",
        " ",
        "a b",
        "[::1",
        "h:99999",
        "h:x",
        "<script>",
        "a%zz",
        "a%22",
        "h\"",
        "h'",
        "1.2.3.4.5.6",
        "h/x",
        "h?x=y",
        "h#x",
        "user:pw@h",
        "h\\x",
        "h/../..",
        "h,g",
        "h\tg",
        "xn--a",
        "http://h",
        ":1",
    ] {
        cases.push(get(&[400]).header("host", host));
        cases.push(search("GET", "/search/roles/x", &[400]).header("host", host));
    }
    for host in ["H", "[::1]:1", "h:", "a_b.c-d:80", "127.0.0.1"] {
        cases.push(get(&[200]).header("host", host));
    }
    // A header that names another method, path, protocol or caller changes nothing.
    for (name, value) in [
        ("x-http-method-override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("x-method-override", "PUT"),
        ("x-original-url", "/vault/api/v1/user/bob/secrets"),
        ("x-rewrite-url", "/"),
        ("forwarded", "for=\"[::1]\";proto=x"),
        ("x-forwarded-host", "a b"),
        ("x-forwarded-proto", "javascript"),
        ("x-forwarded-proto", "1 2"),
        ("x-forwarded-proto", ""),
        ("x-forwarded-proto", "://"),
        ("x-forwarded-for", "\\"),
        ("x-amz-date", "x"),
        ("content-type", "text/xml"),
        ("content-type", ";;;"),
        ("content-encoding", "gzip"),
        ("accept", "text/html"),
        ("accept-encoding", "*;q=0"),
        ("expect", "nothing"),
        ("range", "bytes=0-0"),
        ("if-none-match", "*"),
        ("if-modified-since", "x"),
        ("upgrade", "h2c"),
        ("te", "trailers"),
        ("cookie", "a=b; c"),
        ("origin", "null"),
    ] {
        cases.push(get(&[200]).header(name, value));
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "\"", "*/*"] {
        let put = |body: &'static str, statuses| vault("PUT", secret_path("alice", "none"), statuses).body(body);
        cases.push(put("{}", &[404]).header("content-type", kind));
        cases.push(put("a=b", &[400]).header("content-type", kind));
    }
    for languages in ["", ",", ";q=", "*;q=0", "en;q=1e9", "it;q=NaN", "-", "en-"] {
        cases.push(search("GET", "/search/roles/x", &[404]).header("accept-language", languages));
    }
    let many = "de,".repeat(2_000);
    cases.push(search("GET", "/search/roles/x", &[404]).header("accept-language", many));
    cases
}

pub(super) fn entity_tags() -> Vec<Case> {
    let mut cases = Vec::new();
    let conditional = |method, value: &str, statuses| {
        vault(method, secret_path("alice", "kept"), statuses).body("{}").header("if-match", value).names("If-Match")
    };
    let many = ["\"x\""; 11].join(",");
    for method in ["PUT", "DELETE"] {
        for value in [
            "",
            "x",
            "\"",
            "x\"",
            "\"x",
            "W/",
            "W/x",
            "**",
            "*,*",
            "*, \"x\"",
            ",",
            "\"x,y",
            "\"x\" \"y\"",
            "\"x\",z",
            &many,
        ] {
            cases.push(conditional(method, value, &[400]));
        }
        for value in [
            "\"\"",
            "\"x\"",
            "\"*\"",
            "W/\"x\"",
            "\"0\"",
            "\"1\"",
            "\"-1\"",
            "\"x\",\"y\"",
            "\"\",\"\"",
            "\"x,y\"",
            "\",\"",
            ",\"x\"",
            "\"x\",",
            "\"1-\"",
            "\"1-00000000000000000000000000000000\"",
            "\"18446744073709551616-00000000000000000000000000000000\"",
        ] {
            cases.push(conditional(method, value, &[412]));
        }
    }
    cases
}

pub(super) fn methods() -> Vec<Case> {
    let mut cases = Vec::new();
    let documents = ["/search/roles/x", "/v3/search/roles/x", "/beta/search/none/x", "/search/v1/roles/x"];
    for method in ["PATCH", "HEAD", "OPTIONS", "TRACE", "FOO", "get", "Get", "PROPFIND", "M-SEARCH", "G%45T"] {
        cases.push(vault(method, secrets_path("alice"), &[405]));
        cases.push(vault(method, secret_path("alice", "kept"), &[405]));
        cases.extend(documents.map(|path| search(method, path, &[405])));
        cases.push(vault(method, "/vault/api/v2/user/alice/secrets", &[404]));
        cases.push(search(method, "/search/roles", &[404]));
    }
    for method in ["PUT", "DELETE"] {
        cases.push(vault(method, secrets_path("alice"), &[405]));
    }
    cases.push(vault("POST", secret_path("alice", "kept"), &[405]));
    cases.push(vault("POST", format!("{}/", secrets_path("alice")), &[405]).body("{}"));
    for method in ["POST", "PUT", "DELETE"] {
        cases.extend(documents.map(|path| search(method, path, &[405]).body("{}")));
    }
    for path in ["/", "/docs/", "/docs", "/openapi.json"] {
        cases.push(vault("POST", path, &[404]));
    }
    cases
}

pub(super) fn paths() -> Vec<Case> {
    let mut cases = Vec::new();
    for path in [
        "//vault/api/v1/user/alice/secrets",
        "/vault//api/v1/user/alice/secrets",
        "/vault/api/v1/user/alice/secrets//kept",
        "/vault/./api/v1/user/alice/secrets",
        "/vault/api/v1/user/alice/secrets/../secrets",
        "/.",
        "/..",
        "//",
        "/%",
        "/vault/api/v1/user/alice/secrets/kept/",
        "/x/../vault/api/v1/user/alice/secrets/kept",
        "/%2e%2e/etc/passwd",
        "/vault/api/v1/user/bob/%2e%2e/alice/secrets",
        "/vault/api/v1/user/bob/../alice/secrets/kept",
        "/vault/%61pi/v1/user/alice/secrets",
        "/vault%2Fapi/v1/user/alice/secrets",
        "/VAULT/api/v1/user/alice/secrets",
        "/vault/api/v1/user/alice/Secrets",
        "/vault/api/v1/user/alice/secrets;x=1",
        "/vault/api/v1/user/alice/secrets%00",
        "/vault/api/v1/users/alice/secrets",
        "/vault/api/v1/user/secrets",
        "/vault",
        "/vault/",
        "/vault/api/v1/status/x",
        "/docs/../openapi.json",
        "/docs/../../Cargo.toml",
        "/docs/..%2f..%2fCargo.toml",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs//etc/passwd",
        "/openapi.json/",
        "/openapi.yaml",
        "/favicon.ico",
        "/.git/config",
        "/.env",
        "/index.php",
    ] {
        cases.push(vault("GET", path, &[404]));
    }
    for name in [
        "%2e%2e%2fkept",
        "kept%20",
        "%20kept",
        "kept;x",
        "Kept",
        "kept%3f",
        "kept,",
        "*",
        "kept%2f",
        "%2fkept",
        "kept%2500",
        "kept%E2%80%8B",
        "%EF%BD%8Bept",
        "\u{e9}",
        "'%20OR%201=1--",
        "$%7Bjndi:x%7D",
        "%3Cscript%3E",
        "...",
        "kept'",
    ] {
        cases.push(vault("GET", format!("{}/{name}", secrets_path("alice")), &[404]));
        cases.push(vault("DELETE", format!("{}/{name}", secrets_path("alice")), &[404]));
    }
    for user in ["%2e%2e", ".", "%00", "alice%00", "%ff", "%", "", "alice%0d%0aX:y"] {
        cases.push(vault("GET", format!("/vault/api/v1/user/{user}/secrets"), &[400]).names("user_id"));
    }
    for user in
        ["bob", "Alice", "alice%20", "%20alice", "alice%2fsecrets", "alice,bob", "*", "%EF%BD%81lice", "ali%C3%A7e"]
    {
        cases.push(vault("GET", format!("/vault/api/v1/user/{user}/secrets"), &[403]));
        cases.push(vault("GET", format!("/vault/api/v1/user/{user}/secrets/kept"), &[404]));
    }
    // The same resource in other words.
    for path in [
        "/vault/api/v1/user/%61lice/secrets/%6bept",
        "/vault/api/v1/user/alice/secrets/kept?",
        "/vault/api/v1/user/alice/secrets/kept?limit=x",
    ] {
        cases.push(vault("GET", path, &[200]));
    }
    for origin in ["http://mallory.invalid", "https://mallory.invalid:1", "ftp://user:pw@h"] {
        cases.push(vault("GET", format!("{origin}{}", secret_path("alice", "kept")), &[200]));
        cases.push(vault("GET", format!("{origin}/vault"), &[404]));
        cases.push(search("GET", format!("{origin}/search/roles/x"), &[404]));
    }
    cases
}

pub(super) fn documents() -> Vec<Case> {
    let mut cases = Vec::new();
    for index in ["accessprofiles", "accountactivities", "entitlements", "events", "identities", "roles"] {
        let capital = index[..1].to_uppercase() + &index[1..];
        for other in [index.to_uppercase(), capital, index.strip_suffix('s').unwrap().to_owned(), format!("{index}s")] {
            cases.push(search("GET", format!("/search/{other}/x"), &[404]));
        }
        for other in [format!("{index}%20"), format!("{index}%00"), format!(".{index}"), format!("{index},events")] {
            cases.push(search("GET", format!("/v3/search/{other}/x"), &[404]));
        }
    }
    for index in
        ["_all", "*", "%2A", "%ff", "%", "..", "%2e%2e", "", "_search", "access-profiles", "ro%2Fles", "r\u{f3}les"]
    {
        cases.push(search("GET", format!("/search/{index}/x"), &[404]));
    }
    let long = "x".repeat(513);
    for id in
        ["", ".", "..", "%2e%2e", "%00", "a%00b", "a%0ab", "%7f", "%c2%85", "%ff", "%c0%af", "%zz", "%2", "%", &long]
    {
        cases.push(search("GET", format!("/search/roles/{id}"), &[400]));
        cases.push(search("GET", format!("/v2026/search/roles/{id}"), &[400]));
    }
    for id in [
        "..%2f..%2f_search",
        "_search",
        "*",
        "x%2F_source",
        "x%3Fpretty",
        "%7B%7D",
        "'%20OR%201=1--",
        "x;y",
        "x%25252F",
        "\u{e9}",
        "null",
        "-1",
        "%F0%9D%84%9E",
    ] {
        cases.push(search("GET", format!("/search/roles/{id}"), &[404]));
    }
    for path in [
        "/v1/search/roles/x",
        "/v2027/search/roles/x",
        "/v2023/search/roles/x",
        "/V3/search/roles/x",
        "/latest/search/roles/x",
        "/search",
        "/search/",
        "/search/roles",
        "/search/roles/x/y",
        "/search/v2/roles/x",
        "/search/v1/roles/x/y",
        "/v3/search",
        "/v3/v3/search/roles/x",
        "/beta/search/roles/x/",
        "/v3//search/roles/x",
        "//search/roles/x",
        "/search//roles/x",
        "/v3/./search/roles/x",
        "/v2024/Search/roles/x",
        "/beta",
        "/v2025/",
    ] {
        cases.push(search("GET", path, &[404]));
    }
    cases
}
