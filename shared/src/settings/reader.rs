//! Reads settings and gathers their errors.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use url::{Host, Url};

use crate::auth::{AcceptedValues, KeySet};

use super::table::{Kind, SETTINGS, Setting};

/// Finds a variable of the process's environment.
#[must_use]
pub fn from_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// All that is missing or wrong, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingErrors(Vec<String>);

impl fmt::Display for SettingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    errors: Vec<(&'static str, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, errors: Vec::new() }
    }

    /// The settings, if all of them are right.
    pub(super) fn finish<T>(self, settings: Option<T>) -> Result<T, SettingErrors> {
        match settings {
            Some(settings) if self.errors.is_empty() => Ok(settings),
            _ => Err(SettingErrors(self.errors.into_iter().map(|(name, what)| format!("{name} {what}")).collect())),
        }
    }

    pub(super) fn error(&mut self, name: &'static str, what: impl Into<String>) {
        self.errors.push((name, what.into()));
    }

    pub(super) fn has_fault(&self, name: &str) -> bool {
        self.errors.iter().any(|(known, _)| *known == name)
    }

    /// A wrong value: shows it unless it is a secret, and names the correct one.
    fn wrong(&mut self, name: &'static str, value: &str, right: &str) {
        let shown = match described(name).map(|setting| setting.kind) {
            Some(Kind::Plain) => format!("is {value:?}"),
            _ => "is not acceptable".to_owned(),
        };
        self.error(name, format!("{shown}: it must be {right}"));
    }

    /// The value, or the default.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<String> {
        (self.lookup)(name)
            .filter(|value| !value.trim().is_empty())
            .or_else(|| described(name).and_then(|setting| setting.default).map(str::to_owned))
    }

    /// The value, which must be there.
    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.optional(name);
        if value.is_none() {
            let meaning = described(name).map_or("a value", |setting| setting.meaning);
            self.error(name, format!("is missing: {meaning}"));
        }
        value
    }

    pub(super) fn list(&mut self, name: &'static str) -> Vec<String> {
        let Some(value) = self.optional(name) else { return Vec::new() };
        let items: Vec<_> =
            value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
        if items.is_empty() {
            // A setting that was meant to restrict something must not end up restricting nothing.
            self.wrong(name, &value, "one or more words separated by commas");
        }
        items
    }

    /// Prefix of scopes; empty if it is absent.
    pub(super) fn prefix(&mut self, name: &'static str) -> String {
        let prefix = self.optional(name).map(|prefix| prefix.trim().to_owned()).unwrap_or_default();
        if prefix.contains([' ', ',']) {
            let right = "one prefix without spaces and commas: a string of scopes is cut at them, so that no scope in it \
                         could match";
            self.wrong(name, &prefix, right);
        }
        prefix
    }

    /// Accepted values of a claim: a list that must be there, or the word `any` alone.
    pub(super) fn accepted(&mut self, name: &'static str) -> AcceptedValues {
        let Some(text) = self.text(name) else { return AcceptedValues::OneOf(Vec::new()) };
        let values = self.list(name);
        if values == ["any"] {
            return AcceptedValues::Any;
        }
        if values.iter().any(|value| value == "any") {
            self.wrong(name, &text, "values separated by commas, or the word any alone");
        }
        AcceptedValues::OneOf(values)
    }

    /// Refuses a setting of an earlier version: its restriction must not be lost.
    pub(super) fn replaced(&mut self, old: &'static str, new: &str) {
        if self.optional(old).is_some() {
            self.error(old, format!("is no longer read: set {new} instead, and remove {old}"));
        }
    }

    pub(super) fn number(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.text(name)?;
        let number = value.trim().parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(name, &value, &format!("a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A time: a whole number of seconds, or a number and one of s, m, h and d.
    pub(super) fn duration(&mut self, name: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let value = self.text(name)?;
        let duration = duration(value.trim()).filter(|duration| range.contains(duration));
        if duration.is_none() {
            let (from, to) = (range.start().as_secs(), range.end().as_secs());
            self.wrong(name, &value, &format!("a time from {from}s to {to}s, such as 90s or 10m"));
        }
        duration
    }

    pub(super) fn choice(&mut self, name: &'static str, choices: &[&'static str]) -> Option<&'static str> {
        let value = self.text(name)?;
        let choice = choices.iter().copied().find(|choice| *choice == value.trim());
        if choice.is_none() {
            self.wrong(name, &value, &format!("one of {}", choices.join(", ")));
        }
        choice
    }

    pub(super) fn required_url(&mut self, name: &'static str) -> Option<Url> {
        self.text(name)?;
        self.url(name)
    }

    /// An address: https, or http on this machine or in a closed network's test.
    pub(super) fn url(&mut self, name: &'static str) -> Option<Url> {
        let value = self.optional(name)?;
        let url = Url::parse(value.trim()).ok().filter(|url| {
            let secure = url.scheme() == "https" || (url.scheme() == "http" && is_near(url));
            secure && url.host().is_some() && url.username().is_empty() && url.password().is_none()
        });
        if url.is_none() {
            // An address may hold a password: it is not shown.
            self.error(
                name,
                "is not acceptable: it must be an https address without user and password; http is for this machine",
            );
        }
        url
    }

    pub(super) fn keys(&mut self, name: &'static str) -> Option<KeySet> {
        let value = self.optional(name)?;
        // A file that was pasted whole may begin with a byte order mark.
        let text = value.trim().trim_start_matches('\u{feff}').trim_start();
        let keys = if text.starts_with('{') { KeySet::from_jwks(text) } else { KeySet::from_pem(text) };
        keys.map_err(|error| self.error(name, format!("holds {error}"))).ok()
    }
}

fn described(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Reads a number and a unit; without a unit it is seconds.
fn duration(text: &str) -> Option<Duration> {
    let (number, seconds) = match text.as_bytes().last()? {
        b's' => (text.strip_suffix('s')?, 1),
        b'm' => (text.strip_suffix('m')?, 60),
        b'h' => (text.strip_suffix('h')?, 60 * 60),
        b'd' => (text.strip_suffix('d')?, 24 * 60 * 60),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// This machine, as itself or as a container's host.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => matches!(name, "localhost" | "host.docker.internal"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::AcceptedValues;
    use crate::settings::{SearchSettings, VaultSettings, log_level};

    fn with(values: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    /// Settings of the search API with unchecked issuers and audiences, unless they are given.
    fn search_with(values: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        let given = with(values);
        let any = ["COFFER_SEARCH_ISSUERS", "COFFER_SEARCH_AUDIENCES"];
        move |name| given(name).or_else(|| any.contains(&name).then(|| "any".to_owned()))
    }

    const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let errors = VaultSettings::read(&|_| None).unwrap_err().to_string();
        let required = ["TABLE", "KEYRING_SECRET", "JWT_KEYS", "VAULT_ISSUERS", "VAULT_AUDIENCES"];
        for name in required {
            assert!(errors.contains(&format!("COFFER_{name} is missing")), "{errors}");
        }
        assert!(!errors.contains("COFFER_SEARCH_"), "{errors}");
    }

    #[test]
    fn a_wrong_number_is_shown_with_what_would_be_right() {
        let lookup = with(&[
            ("COFFER_TABLE", "t"),
            ("COFFER_KEYRING_SECRET", "k"),
            ("COFFER_VAULT_ISSUERS", "any"),
            ("COFFER_VAULT_AUDIENCES", "any"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_MAX_DATA_BYTES", "many"),
        ]);
        let errors = VaultSettings::read(&lookup).unwrap_err().to_string();
        assert_eq!(errors, "COFFER_MAX_DATA_BYTES is \"many\": it must be a whole number from 1 to 262144");
    }

    #[test]
    fn a_time_is_a_number_of_seconds_or_has_a_unit() {
        let read = |value: &'static str| {
            let values = [
                ("COFFER_TABLE", "t"),
                ("COFFER_KEYRING_SECRET", "k"),
                ("COFFER_VAULT_ISSUERS", "any"),
                ("COFFER_VAULT_AUDIENCES", "any"),
                ("COFFER_JWT_KEYS", JWKS),
                ("COFFER_KEYRING_MAX_AGE", value),
            ];
            VaultSettings::read(&move |name| values.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).into()))
        };
        for (value, seconds) in [("", 600), ("2", 2), ("90s", 90), ("10m", 600), ("1h", 3600), ("1d", 86400)] {
            assert_eq!(read(value).unwrap().keyring_max_age.as_secs(), seconds, "{value}");
        }
        for value in ["0", "0s", "2d", "soon", "1.5h", "-1", "m", "ü", "99999999999999999999d"] {
            let errors = read(value).unwrap_err().to_string();
            let expected =
                format!("COFFER_KEYRING_MAX_AGE is {value:?}: it must be a time from 1s to 86400s, such as 90s or 10m");
            assert_eq!(errors, expected);
        }
    }

    #[test]
    fn an_empty_setting_counts_as_absent() {
        let lookup = with(&[
            ("COFFER_TABLE", "t"),
            ("COFFER_KEYRING_SECRET", "k"),
            ("COFFER_VAULT_ISSUERS", "any"),
            ("COFFER_VAULT_AUDIENCES", "any"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_MAX_DATA_BYTES", " "),
            ("COFFER_JWT_JWKS_URL", ""),
        ]);
        assert_eq!(VaultSettings::read(&lookup).unwrap().limits.max_data_bytes, 65536);
    }

    #[test]
    fn what_a_secret_setting_or_an_address_holds_is_not_shown() {
        let lookup =
            search_with(&[("COFFER_OPENSEARCH_URL", "https://me:hunter2@search.example"), ("COFFER_JWT_KEYS", JWKS)]);
        let errors = SearchSettings::read(&lookup).unwrap_err().to_string();
        assert!(
            errors.starts_with("COFFER_OPENSEARCH_URL is not acceptable") && !errors.contains("hunter2"),
            "{errors}"
        );
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let lookup = search_with(&[("COFFER_OPENSEARCH_URL", "http://search.example"), ("COFFER_JWT_KEYS", JWKS)]);
        assert!(SearchSettings::read(&lookup).is_err());
        let lookup = search_with(&[("COFFER_OPENSEARCH_URL", "http://127.0.0.1:9200"), ("COFFER_JWT_KEYS", JWKS)]);
        assert!(SearchSettings::read(&lookup).is_ok());
    }

    #[test]
    fn both_sources_of_keys_at_once_are_refused() {
        let lookup = search_with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_JWT_JWKS_URL", "https://keys.example/jwks"),
        ]);
        assert!(SearchSettings::read(&lookup).unwrap_err().to_string().contains("set one of the two"));
    }

    #[test]
    fn a_key_set_without_a_usable_key_is_refused() {
        let lookup = search_with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#),
        ]);
        assert!(SearchSettings::read(&lookup).unwrap_err().to_string().contains("COFFER_JWT_KEYS holds no RSA"));
    }

    #[test]
    fn basic_authentication_asks_for_user_and_password() {
        let lookup = search_with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_OPENSEARCH_AUTH", "basic"),
        ]);
        let errors = SearchSettings::read(&lookup).unwrap_err().to_string();
        assert!(errors.contains("COFFER_OPENSEARCH_USER") && errors.contains("COFFER_OPENSEARCH_PASSWORD"), "{errors}");
    }

    #[test]
    fn user_levels_can_be_switched_off() {
        let lookup = search_with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_SEARCH_AUTHORITIES", "none"),
        ]);
        assert!(SearchSettings::read(&lookup).unwrap().rules.authorities.is_empty());
    }

    #[test]
    fn a_list_of_nothing_is_refused_rather_than_taken_for_no_restriction() {
        let lookup = search_with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_SEARCH_AUTHORITIES", ","),
            ("COFFER_SEARCH_ISSUERS", " , "),
        ]);
        let errors = SearchSettings::read(&lookup).unwrap_err().to_string();
        assert!(
            errors.contains("COFFER_SEARCH_AUTHORITIES is \",\"") && errors.contains("COFFER_SEARCH_ISSUERS is"),
            "{errors}"
        );
    }

    /// The rules of a function of the search API with these issuers and audiences, or the errors.
    fn accepted(issuers: &'static str, audiences: &'static str) -> Result<[AcceptedValues; 2], String> {
        let lookup = move |name: &str| match name {
            "COFFER_SEARCH_ISSUERS" => Some(issuers.to_owned()),
            "COFFER_SEARCH_AUDIENCES" => Some(audiences.to_owned()),
            "COFFER_OPENSEARCH_URL" => Some("https://search.example".to_owned()),
            "COFFER_JWT_KEYS" => Some(JWKS.to_owned()),
            _ => None,
        };
        let settings = SearchSettings::read(&lookup).map_err(|errors| errors.to_string())?;
        Ok([settings.tokens.rules.issuers, settings.tokens.rules.audiences])
    }

    #[test]
    fn the_word_any_alone_switches_a_check_off() {
        let one_of = |values: &[&str]| AcceptedValues::OneOf(values.iter().map(|value| (*value).to_owned()).collect());
        let read = accepted(" any ", "coffer, https://coffer.example").unwrap();
        assert_eq!(read, [AcceptedValues::Any, one_of(&["coffer", "https://coffer.example"])]);
        assert_eq!(accepted("ANY", "anybody").unwrap(), [one_of(&["ANY"]), one_of(&["anybody"])]);
        let errors = accepted("any,https://issuer.example", "coffer,any").unwrap_err();
        assert!(
            errors.contains("COFFER_SEARCH_ISSUERS is") && errors.contains("COFFER_SEARCH_AUDIENCES is"),
            "{errors}"
        );
        assert!(errors.contains("or the word any alone"), "{errors}");
    }

    #[test]
    fn a_prefix_of_scopes_that_no_scope_can_have_is_refused() {
        let read = |prefix: &'static str| {
            let given = move |name: &str| match name {
                "COFFER_OPENSEARCH_URL" => Some("https://search.example".to_owned()),
                "COFFER_JWT_KEYS" => Some(JWKS.to_owned()),
                "COFFER_SEARCH_ISSUERS" | "COFFER_SEARCH_AUDIENCES" => Some("any".to_owned()),
                "COFFER_JWT_SCOPE_PREFIX" => Some(prefix.to_owned()),
                _ => None,
            };
            SearchSettings::read(&given).map(|settings| settings.tokens.rules.scope_prefix)
        };
        for (prefix, right) in [("", ""), (" ", ""), ("server/", "server/"), (" server/ ", "server/")] {
            assert_eq!(read(prefix).unwrap(), right, "{prefix:?}");
        }
        for prefix in ["my server/", "a,b/", "server/,shop/", "server/ shop/", ","] {
            let expected = format!(
                "COFFER_JWT_SCOPE_PREFIX is {prefix:?}: it must be one prefix without spaces and commas: a string of \
                 scopes is cut at them, so that no scope in it could match"
            );
            assert_eq!(read(prefix).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn issuers_and_audiences_are_required_of_the_search_api_alone_there() {
        let lookup = with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_VAULT_ISSUERS", "any"),
            ("COFFER_VAULT_AUDIENCES", "any"),
            ("COFFER_SEARCH_AUDIENCES", ""),
        ]);
        let errors = SearchSettings::read(&lookup).unwrap_err().to_string();
        let lines: Vec<_> = errors.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(lines, ["COFFER_SEARCH_ISSUERS is missing", "COFFER_SEARCH_AUDIENCES is missing"]);
    }

    #[test]
    fn a_setting_of_an_earlier_version_is_refused_with_the_names_of_the_new_ones() {
        let lookup = search_with(&[
            ("COFFER_OPENSEARCH_URL", "https://search.example"),
            ("COFFER_JWT_KEYS", JWKS),
            ("COFFER_JWT_ISSUERS", "https://issuer.example"),
            ("COFFER_JWT_AUDIENCES", ""),
        ]);
        let errors = SearchSettings::read(&lookup).unwrap_err().to_string();
        assert_eq!(
            errors,
            "COFFER_JWT_ISSUERS is no longer read: set COFFER_SEARCH_ISSUERS instead, and remove COFFER_JWT_ISSUERS"
        );
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        assert!(log_level(&with(&[("COFFER_LOG_LEVEL", "trace")])).is_err());
    }
}
