//! Signatures that a key has verified before: many requests with one token cost one verification. That a key made a
//! signature over a text stays true, so nothing here grows old: whether the key is still accepted, and whether the
//! token's claims are, is decided for every request anew.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::token::Token;

/// Number of remembered tokens: 8 KiB, which are searched from the oldest on.
const TOKENS: usize = 256;

/// The digest of a whole token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest([u8; SHA256_OUTPUT_LEN]);

impl Digest {
    /// No signature holds a dot, so that no two tokens are one text.
    pub(super) fn of(token: &Token<'_>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in [token.signed, ".", token.signature] {
            context.update(part.as_bytes());
        }
        let mut digest = [0; SHA256_OUTPUT_LEN];
        digest.copy_from_slice(context.finish().as_ref());
        Self(digest)
    }
}

/// The tokens that one key has verified, the latest last, by their digests: a token that is remembered can't be read
/// here.
pub(super) struct SignatureCache(Mutex<VecDeque<Digest>>);

impl SignatureCache {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Tells whether the key has verified this token before.
    pub(super) fn holds(&self, digest: &Digest) -> bool {
        self.digests().contains(digest)
    }

    /// Remembers a token that the key has just verified, in place of the oldest.
    pub(super) fn remember(&self, digest: Digest) {
        let mut digests = self.digests();
        if digests.len() == TOKENS {
            digests.pop_front();
        }
        digests.push_back(digest);
    }

    fn digests(&self) -> MutexGuard<'_, VecDeque<Digest>> {
        // A panic leaves whole digests.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SignatureCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token<'a>(signed: &'a str, signature: &'a str) -> Token<'a> {
        Token { algorithm: String::new(), key_id: None, signed, signature, claims: "" }
    }

    fn digest(signed: &str, signature: &str) -> Digest {
        Digest::of(&token(signed, signature))
    }

    #[test]
    fn a_remembered_token_proves_no_other() {
        let verified = SignatureCache::new();
        verified.remember(digest("h.a", "S"));
        let held = [("h.a", "S"), ("h.a", "X"), ("h.b", "S")].map(|(signed, by)| verified.holds(&digest(signed, by)));
        assert_eq!(held, [true, false, false]);
    }

    #[test]
    fn a_token_is_forgotten_when_so_many_others_came() {
        let verified = SignatureCache::new();
        let names: Vec<_> = (0..=TOKENS).map(|number| format!("h.{number}")).collect();
        names[..TOKENS].iter().for_each(|name| verified.remember(digest(name, "S")));
        assert!(verified.holds(&digest(&names[0], "S")));
        verified.remember(digest(&names[TOKENS], "S"));
        assert!(!verified.holds(&digest(&names[0], "S")));
        assert!(names[1..].iter().all(|name| verified.holds(&digest(name, "S"))));
    }
}
