//! Authorization of requests to OpenSearch.

use std::time::SystemTime;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::region::Region;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue};
use zeroize::Zeroizing;

use crate::error_chain::error_chain;

/// Authorization of requests to OpenSearch.
#[derive(Debug, Clone)]
pub enum OpenSearchAuth {
    /// AWS Signature Version 4, service `es`.
    SigV4 {
        /// The region of the domain.
        region: Region,
        /// The function's credentials.
        credentials: SharedCredentialsProvider,
    },
    /// HTTP basic authentication (RFC 7617).
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: Zeroizing<String>,
    },
    /// None: a cluster in a closed network.
    None,
}

impl OpenSearchAuth {
    /// Authorizes a request with this body. `Err` says why it can't.
    pub(super) async fn authorize<B>(&self, request: &mut http::Request<B>, body: &[u8]) -> Result<(), String> {
        match self {
            Self::SigV4 { region, credentials } => {
                let credentials = credentials.provide_credentials().await.map_err(|error| error_chain(&error))?;
                let identity = credentials.into();
                let mut settings = SigningSettings::default();
                settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
                let params = v4::SigningParams::builder()
                    .identity(&identity)
                    .region(region.as_ref())
                    .name("es")
                    .time(SystemTime::now())
                    .settings(settings)
                    .build()
                    .map_err(|error| error_chain(&error))?
                    .into();
                let headers =
                    request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
                let uri = request.uri().to_string();
                let signable = SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(body));
                let signed =
                    signable.and_then(|signable| sign(signable, &params)).map_err(|error| error_chain(&error))?;
                signed.into_parts().0.apply_to_request_http1x(request);
            }
            Self::Basic { user, password } => {
                let pair = Zeroizing::new(format!("{user}:{}", **password));
                let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
                let mut value = HeaderValue::from_str(&value).map_err(|error| error_chain(&error))?;
                value.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, value);
            }
            Self::None => {}
        }
        Ok(())
    }
}
