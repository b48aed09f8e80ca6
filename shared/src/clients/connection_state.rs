//! State that all connections share: whether the first root certificates were enough.

use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_http_client::pool::ConnectionEvent;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Events of a function's connections so far.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    // Told whenever a connection was established, or couldn't be.
    settled: Notify,
    all_roots: AtomicBool,
}

impl ConnectionState {
    /// Tells whether a server has shown a certificate that the first pool couldn't verify.
    pub(super) fn all_roots(&self) -> bool {
        self.all_roots.load(Ordering::Relaxed)
    }

    /// Notes the result of a connection of the first pool.
    pub(super) fn note_first(&self, event: &ConnectionEvent<'_>) {
        if let ConnectionEvent::EstablishmentFailed(failed) = event
            && unverified(failed.error())
            && !self.all_roots.swap(true, Ordering::Relaxed)
        {
            let server = failed.establishment().origin().host();
            tracing::info!(server, "not a certificate of Amazon's: all root certificates are read");
        }
        self.note();
    }

    pub(super) fn note(&self) {
        self.settled.notify_waiters();
    }

    /// Resolves when a connection was established or failed. It has to be enabled before the check that it follows.
    pub(super) fn settled(&self) -> Notified<'_> {
        self.settled.notified()
    }
}

/// Tells whether a connection failed because the server's certificate couldn't be verified. Any reason counts: beside
/// an issuer that isn't known it may be one that has the name of one that is.
pub(super) fn unverified(error: &dyn Error) -> bool {
    let mut cause = error.source();
    while let Some(this) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = this.downcast_ref() {
            return true;
        }
        // An I/O error's source is that of the error which it stands for, not that error.
        let stands_for = this.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = stands_for.map(|inner| inner as &(dyn Error + 'static)).or_else(|| this.source());
    }
    false
}
