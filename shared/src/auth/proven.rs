//! Signatures that a key has verified before, so that a caller who sends one token with many requests has it verified
//! once. That a key made a signature over a text stays true, so nothing here grows old: whether the key is still
//! accepted, and whether the token's claims are, is decided for every request anew.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use super::token::Token;

/// How many tokens are remembered. Two of the same place take turns.
const PLACES: usize = 256;

type Digest = [u8; SHA256_OUTPUT_LEN];

/// The tokens that one key has verified, by their digests: a token that is remembered can't be read here.
pub(super) struct Proven(Mutex<Vec<Option<Digest>>>);

impl Proven {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    /// Whether the token's signature is right: it was before, or it is by what `verify` says now.
    pub(super) fn or_verify(&self, token: &Token<'_>, verify: impl FnOnce() -> bool) -> bool {
        let (digest, place) = digest(token);
        let remembered = |places: &Vec<Option<Digest>>| places.get(place) == Some(&Some(digest));
        if remembered(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return true;
        }
        // Not under the lock: others verify meanwhile.
        let right = verify();
        if right {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            places.resize(PLACES, None);
            if let Some(place) = places.get_mut(place) {
                *place = Some(digest);
            }
        }
        right
    }
}

/// The digest of a whole token, and its place. No signature holds a dot, so that no two tokens are one text.
fn digest(token: &Token<'_>) -> (Digest, usize) {
    let mut context = Context::new(&SHA256);
    for part in [token.signed, ".", token.signature] {
        context.update(part.as_bytes());
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    (digest, usize::from(digest[0]) % PLACES)
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
    fn more_tokens_than_are_remembered_are_verified_again() {
        let names: Vec<_> = (0..4 * PLACES).map(|number| format!("h.{number}")).collect();
        let twice: Vec<_> = names.iter().chain(&names).map(|name| (name.as_str(), "S")).collect();
        let (right, verified) = asked(&twice);
        assert!(right.into_iter().all(|right| right));
        assert!(verified > names.len() + 2 * PLACES && verified <= 2 * names.len(), "{verified}");
    }
}
