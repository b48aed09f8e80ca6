//! Signatures that a key has verified before, so that a caller who sends one token with many requests has it verified
//! once. That a key made a signature over a text stays true, so nothing here grows old: whether the key is still
//! accepted, and whether the token's claims are, is decided for every request anew.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::token::Token;

/// How many tokens are remembered: 8 KiB, which are searched from the oldest on.
const TOKENS: usize = 256;

type Digest = [u8; SHA256_OUTPUT_LEN];

/// The tokens that one key has verified, the latest last, by their digests: a token that is remembered can't be read
/// here.
pub(super) struct Proven(Mutex<VecDeque<Digest>>);

impl Proven {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Whether the token's signature is right: it was before, or it is by what `verify` says now.
    pub(super) fn or_verify(&self, token: &Token<'_>, verify: impl FnOnce() -> bool) -> bool {
        let digest = digest(token);
        if self.digests().contains(&digest) {
            return true;
        }
        // Not under the lock: others verify meanwhile.
        let right = verify();
        if right {
            let mut digests = self.digests();
            if digests.len() == TOKENS {
                digests.pop_front();
            }
            digests.push_back(digest);
        }
        right
    }

    fn digests(&self) -> MutexGuard<'_, VecDeque<Digest>> {
        // Whoever panicked has left whole digests.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The digest of a whole token. No signature holds a dot, so that no two tokens are one text.
fn digest(token: &Token<'_>) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in [token.signed, ".", token.signature] {
        context.update(part.as_bytes());
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn token<'a>(signed: &'a str, signature: &'a str) -> Token<'a> {
        Token { algorithm: String::new(), key_id: None, signed, signature, claims: "" }
    }

    /// What is said of tokens, and how many of them were verified for it; only signature `S` is right.
    fn asked(tokens: &[(&str, &str)]) -> (Vec<bool>, usize) {
        let (proven, verified) = (Proven::new(), Cell::new(0));
        let right = |(signed, signature): &(&str, &str)| {
            proven.or_verify(&token(signed, signature), || {
                verified.set(verified.get() + 1);
                *signature == "S"
            })
        };
        (tokens.iter().map(right).collect(), verified.get())
    }

    #[test]
    fn a_signature_is_verified_once() {
        assert_eq!(asked(&[("h.a", "S"), ("h.b", "S"), ("h.a", "S"), ("h.b", "S")]), (vec![true; 4], 2));
    }

    #[test]
    fn a_wrong_signature_is_not_remembered() {
        assert_eq!(asked(&[("h.a", "X"), ("h.a", "X")]), (vec![false; 2], 2));
    }

    #[test]
    fn a_right_signature_proves_no_other_token() {
        let tokens = [("h.a", "S"), ("h.a", "X"), ("h.b", "X")];
        assert_eq!(asked(&tokens), (vec![true, false, false], 3));
    }

    #[test]
    fn a_token_is_forgotten_when_so_many_others_came() {
        let names: Vec<_> = (0..=TOKENS).map(|number| format!("h.{number}")).collect();
        let of = |numbers: &[usize]| numbers.iter().map(|number| names[*number].as_str()).collect::<Vec<_>>();
        let verified = |again: &[usize]| {
            let all: Vec<_> = (0..TOKENS).chain(again.iter().copied()).collect();
            asked(&of(&all).into_iter().map(|name| (name, "S")).collect::<Vec<_>>()).1 - TOKENS
        };
        assert_eq!(verified(&[0, TOKENS - 1]), 0);
        assert_eq!(verified(&[TOKENS, 1, TOKENS - 1]), 1);
        assert_eq!(verified(&[TOKENS, 0]), 2);
    }
}
