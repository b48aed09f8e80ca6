//! Time limit of a connection.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnectorSettings;

/// Longest time that a connection may take.
pub(super) const CONNECT: Duration = Duration::from_secs(1);

/// Settings of a connector that sends requests without the SDK.
pub(super) fn connector_settings() -> HttpConnectorSettings {
    HttpConnectorSettings::builder().connect_timeout(CONNECT).build()
}
