//! The local server: HTTP on loopback, the two APIs, and their description.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use bytes::{Bytes, BytesMut};
use http::{Method, Response};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::gateway::{Functions, Gateway, GatewayError};
use crate::openapi;

/// The largest body that the gateway of a REST API takes, in bytes.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// Bytes of a body over the limit that are read and discarded, so that the client gets the answer rather than a reset
/// connection. In bytes.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// Time for requests under way to finish after the server was told to stop.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until `stop` resolves; then requests under way are answered, connections are closed, and it returns.
pub async fn run<F: Functions + 'static>(
    listener: TcpListener,
    functions: F,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let gateway = Arc::new(Gateway::new(functions));
    let router = Router::new().fallback(move |request: Request| {
        let gateway = Arc::clone(&gateway);
        async move { respond(&gateway, request).await }
    });
    let (stopping, told) = oneshot::channel();
    let stop = async move {
        stop.await;
        let _ = stopping.send(());
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop);
    tokio::select! {
        result = served => result,
        () = async {
            // Sent once; a server that ends by itself never sends it, and is the other branch.
            let _ = told.await;
            tokio::time::sleep(GRACE).await;
        } => {
            tracing::warn!("requests under way were cut off");
            Ok(())
        }
    }
}

async fn respond<F: Functions>(gateway: &Gateway<F>, request: Request) -> Response<Body> {
    let source = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let (head, body) = request.into_parts();
    if head.method == Method::GET
        && let Some(page) = openapi::page(head.uri.path())
    {
        return page.map(Body::from);
    }
    let response = match read(body).await {
        Ok(body) => {
            let source = source.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
            gateway.respond(&head, &body, source).await
        }
        Err(error) => gateway.refuse(&head, error),
    };
    response.map(Body::from)
}

/// Reads a body; the bytes over the limit are discarded.
async fn read(mut body: Body) -> Result<Bytes, GatewayError> {
    let mut kept = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| GatewayError::Bad("The body is not framed as its headers say".to_owned()))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > MAX_DRAINED_BYTES {
            break;
        }
        if length > MAX_BODY_BYTES {
            kept = BytesMut::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if length > MAX_BODY_BYTES { Err(GatewayError::TooLarge { limit: MAX_BODY_BYTES }) } else { Ok(kept.freeze()) }
}
