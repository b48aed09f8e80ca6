//! Connections, with servers that record their requests.

use std::net::TcpListener;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;

use super::test_servers::{Server, server};
use super::*;

#[tokio::test]
async fn an_opened_connection_carries_the_first_request_and_nothing_before_it() {
    let (url, told) = server();
    let connections = Connections::new(Issuer::Any, []).unwrap();
    connections.preconnect(&url.parse().unwrap()).await;
    assert_eq!(told.recv().unwrap(), "connection");
    let connector = connections.connector().unwrap();
    connector.call(Request::get(format!("{url}first")).unwrap()).await.unwrap();
    let sent = told.recv().unwrap();
    assert!(sent.starts_with("GET /first "), "{sent}");
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_connection_goes_where_the_lookup_that_was_begun_has_found_the_server() {
    let (url, told) = server();
    let url = url.replace("127.0.0.1", "nobody.invalid");
    let dns = DnsPrefetch::with("nobody.invalid", [127, 0, 0, 1].into());
    let connections = Connections::with(None, trusting(&[]), &dns).unwrap();
    connections.preconnect(&url.parse().unwrap()).await;
    assert_eq!(told.recv().unwrap(), "connection");
}

#[tokio::test]
async fn a_connection_that_is_refused_is_not_waited_for() {
    let url = format!("http://{}/", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let connections = Connections::new(Issuer::Any, []).unwrap();
    connections.preconnect(&url.parse().unwrap()).await;
    assert!(connections.connector().unwrap().call(Request::get(&url).unwrap()).await.is_err());
}

/// Connections that know these roots first, and then the others.
fn knowing(first: &Server, second: TlsContext) -> Connections {
    Connections::with(Some(first.authority.clone().into()), second, &DnsPrefetch::default()).unwrap()
}

fn trusting(authorities: &[&Server]) -> TlsContext {
    let all = authorities
        .iter()
        .fold(TrustStore::empty(), |store, server| store.with_pem_certificate(server.authority.as_bytes().to_vec()));
    TlsContext::builder().with_trust_store(all).build().unwrap()
}

#[tokio::test]
async fn what_was_issued_by_the_expected_issuer_needs_no_other_roots() {
    let server = Server::start("one").await;
    let none = trusting(&[]);
    let connections = knowing(&server, none);
    connections.preconnect(&server.url).await;
    assert_eq!(server.ask(&connections).await, Ok(204));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_certificate_unverified_is_accepted_if_the_machine_knows_it() {
    let (expected, other) = (Server::start("one").await, Server::start("two").await);
    let all = trusting(&[&expected, &other]);
    let connections = knowing(&expected, all);
    assert_eq!(expected.ask(&connections).await, Ok(204));
    assert_eq!(other.ask(&connections).await, Ok(204));
    assert_eq!(other.connections(), 2);
    // From here on all roots are known.
    assert_eq!(other.ask(&connections).await, Ok(204));
    assert_eq!(expected.ask(&connections).await, Ok(204));
    assert_eq!((expected.connections(), other.connections()), (2, 2));
}

#[tokio::test]
async fn a_request_that_is_sent_over_the_second_pool_is_the_one_that_was_asked_for() {
    let (expected, other) = (Server::start("one").await, Server::start("two").await);
    let all = trusting(&[&expected, &other]);
    let connections = knowing(&expected, all);
    let request = http::Request::post(format!("{}a%2Fb?c=%20", other.url)).header("x-one", "1");
    let request = request.body(SdkBody::from("{\"d\":1}")).unwrap().try_into().unwrap();
    let answer = connections.connector().unwrap().call(request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
    let asked = other.asked.lock().unwrap().clone();
    assert!(asked.starts_with("POST /a%2Fb?c=%20 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nx-one: 1\r\n") && asked.ends_with("\r\n\r\n{\"d\":1}"), "{asked}");
}

#[tokio::test]
async fn where_nobody_is_expected_to_have_a_certificate_none_is_accepted_and_none_is_needed() {
    let connections = Connections::new(Issuer::Nobody, []).unwrap();
    let refused = Server::start("one").await.ask(&connections).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    let (url, _told) = server();
    let answer = connections.connector().unwrap().call(Request::get(url).unwrap()).await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
}

#[tokio::test]
async fn a_connection_that_was_opened_early_is_used_whoever_issued_the_certificate() {
    let (expected, other) = (Server::start("one").await, Server::start("two").await);
    let all = trusting(&[&expected, &other]);
    let connections = knowing(&expected, all);
    connections.preconnect(&other.url).await;
    assert_eq!(other.connections(), 2);
    assert_eq!(other.ask(&connections).await, Ok(204));
    assert_eq!(other.connections(), 2);
}

#[tokio::test]
async fn a_certificate_that_nobody_known_issued_is_refused() {
    let (expected, other) = (Server::start("one").await, Server::start("two").await);
    let all = trusting(&[&expected]);
    let connections = knowing(&expected, all);
    connections.preconnect(&other.url).await;
    let refused = other.ask(&connections).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    assert_eq!(expected.ask(&connections).await, Ok(204));
}

#[tokio::test]
async fn an_issuer_that_has_the_expected_ones_name_is_accepted_if_the_machine_knows_it() {
    let (expected, other) = (Server::start("one").await, Server::start("one").await);
    let all = trusting(&[&expected, &other]);
    let connections = knowing(&expected, all);
    assert_eq!(other.ask(&connections).await, Ok(204));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = Server::start("one").await;
    let connections = knowing(&server, trusting(&[&server]));
    let url = server.url.as_str().replace("localhost", "127.0.0.1");
    let request = Request::get(url).unwrap();
    let refused = connections.connector().unwrap().call(request).await.map(|_| ()).unwrap_err();
    let refused = crate::error_chain::error_chain(&refused);
    assert!(refused.contains("not valid for name"), "{refused}");
}

#[tokio::test]
async fn a_connection_is_opened_to_a_server_that_prefers_http_2() {
    let server = Server::speaking("one", &["h2", "http/1.1"]).await;
    let connections = knowing(&server, trusting(&[]));
    let opened = tokio::time::timeout(Duration::from_secs(20), connections.preconnect(&server.url)).await;
    assert!(opened.is_ok(), "it waits for nothing");
    assert_eq!(server.ask(&connections).await, Ok(204));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_is_there_is_not_opened_again() {
    let (url, told) = server();
    let connections = Connections::new(Issuer::Any, []).unwrap();
    connections.preconnect(&url.parse().unwrap()).await;
    connections.preconnect(&url.parse().unwrap()).await;
    assert_eq!(told.recv().unwrap(), "connection");
    assert!(told.try_recv().is_err());
}
