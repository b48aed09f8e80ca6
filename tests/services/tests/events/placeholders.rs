//! Placeholders in an event for values that differ each time: `{token:…}` for a signed token, `{etag}` for the entity
//! tag that a request before it was answered with.

use std::time::Duration;

use devstack::stack::Stack;
use local::tokens::Grant;

const TOKEN: &str = "{token:";

/// The event with everything filled in. Its other bytes stay as they are.
pub fn fill(stack: &Stack, event: &str, tag: Option<&str>) -> String {
    let mut filled = String::with_capacity(event.len() + 1024);
    let mut rest = event;
    while let Some((before, after)) = rest.split_once(TOKEN) {
        let (words, after) = after.split_once('}').expect("a token's end");
        filled.push_str(before);
        filled.push_str(&token(stack, words));
        rest = after;
    }
    filled.push_str(rest);
    if filled.contains("{etag}") {
        let quoted = serde_json::to_string(tag.expect("an entity tag from a request before")).unwrap();
        // It goes into a string that has its quotes.
        filled = filled.replace("{etag}", &quoted[1..quoted.len() - 1]);
    }
    filled
}

/// Signed tokens in an event that was filled in.
pub fn tokens(filled: &str) -> impl Iterator<Item = &str> {
    let words = filled.split(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter)));
    words.filter(|word| word.starts_with("eyJ") && word.matches('.').count() == 2)
}

/// A token by its words: the user's id, then its differences from the scopes `user` and `sp:search:read` and the level
/// `ORG_ADMIN`: `scopes=a,b`, `roles=a,b`, `levels=a,b`, `signature=wrong`.
pub fn token(stack: &Stack, words: &str) -> String {
    let list = |text: &str| text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let mut words = words.split(' ');
    let mut grant = Grant {
        user: words.next().unwrap().to_owned(),
        scopes: list("user,sp:search:read"),
        roles: Vec::new(),
        authorities: list("ORG_ADMIN"),
        lifetime: Duration::from_secs(3600),
    };
    let mut signed = true;
    for word in words {
        match word.split_once('=') {
            Some(("scopes", scopes)) => grant.scopes = list(scopes),
            Some(("roles", roles)) => grant.roles = list(roles),
            Some(("levels", levels)) => grant.authorities = list(levels),
            Some(("signature", "wrong")) => signed = false,
            _ => panic!("{word} in a token"),
        }
    }
    let token = stack.key().sign(&grant).unwrap().to_string();
    if signed {
        return token;
    }
    // As long as a signature is, and none.
    let (claims, signature) = token.rsplit_once('.').unwrap();
    format!("{claims}.{}", "A".repeat(signature.len()))
}

/// The users of the tokens in a text.
pub fn users(text: &str) -> impl Iterator<Item = &str> {
    text.split(TOKEN).skip(1).filter_map(|rest| rest.split(['}', ' ']).next())
}
