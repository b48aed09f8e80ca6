//! The page that shows the description: all of it is served from here, and it asks nobody else.

use http::header::AUTHORIZATION;

use crate::support::{Client, Server};

/// The addresses that a page refers to.
fn references(page: &str) -> Vec<&str> {
    let parts = ["src=\"", "href=\""].into_iter().flat_map(|attribute| page.split(attribute).skip(1));
    parts.map(|rest| rest.split('"').next().unwrap()).collect()
}

async fn page(client: &Client, path: &str, kind: &str) -> String {
    let reply = client.get(path).await;
    assert_eq!(reply.expect_status(200).header("content-type").split(';').next(), Some(kind), "{path}");
    assert!(!reply.body.is_empty(), "{path}");
    String::from_utf8_lossy(&reply.body).into_owned()
}

#[tokio::test]
async fn the_front_door_leads_to_the_page() {
    let server = Server::start().await;
    for path in ["/", "/docs"] {
        assert_eq!(server.anonymous().get(path).await.expect_status(307).header("location"), "/docs/");
    }
}

#[tokio::test]
async fn the_page_and_all_that_it_refers_to_are_served_from_here() {
    let server = Server::start().await;
    let client = server.anonymous();
    let html = page(&client, "/docs/", "text/html").await;
    let references = references(&html);
    assert!(references.len() >= 5, "{references:?}");
    for reference in references {
        let kind = match reference.rsplit('.').next().unwrap() {
            "js" => "text/javascript",
            "css" => "text/css",
            _ => "image/png",
        };
        let file = reference.strip_prefix("./").unwrap_or(reference);
        assert!(!file.contains('/') && !file.contains(':'), "{reference}");
        page(&client, &format!("/docs/{file}"), kind).await;
    }
}

#[tokio::test]
async fn the_page_names_no_other_host_and_shows_our_description() {
    let server = Server::start().await;
    let html = page(&server.anonymous(), "/docs/", "text/html").await;
    let script = page(&server.anonymous(), "/docs/swagger-initializer.js", "text/javascript").await;
    for text in [&html, &script] {
        assert!(!text.contains("://") && !text.contains("\"//"), "{text}");
    }
    assert!(script.contains("\"url\": \"/openapi.json\""), "{script}");
}

#[tokio::test]
async fn a_token_is_neither_needed_for_the_description_nor_does_it_harm() {
    let server = Server::start().await;
    let with_noise = server.anonymous().header(AUTHORIZATION, "Bearer x");
    for path in ["/openapi.json", "/docs/"] {
        let (without, with) = (server.anonymous().get(path).await, with_noise.get(path).await);
        assert_eq!((with.status, with.body), (200, without.body));
    }
}
