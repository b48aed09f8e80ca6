//! Amazon's certificates among the machine's root certificates.
//!
//! A list of roots is some 140 certificates. Their decoding takes longer than all other work of a function before its
//! first byte. The certificates of AWS's endpoints are issued below a handful of them, which are found here without
//! decoding the others.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem::Finder;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The characters of a certificate's Base64 that are looked at: its version, number, algorithm and most of its issuer's
/// name, which is a root's own.
const HEAD: usize = 128;

/// Amazon as an organization in a name: the attribute's object identifier (RFC 5280, appendix A.1), then the value as
/// one of the two types of string that are in use for it.
const ORGANIZATIONS: [&[u8]; 2] = [b"\x06\x03\x55\x04\x0a\x13\x06Amazon", b"\x06\x03\x55\x04\x0a\x0c\x06Amazon"];

/// Amazon's root certificates of this machine, in PEM. `None` if there are none.
pub(super) fn amazons() -> Option<Vec<u8>> {
    // Elsewhere the complete list isn't that file's, and may lack some of its roots.
    if !cfg!(target_os = "linux") {
        return None;
    }
    let pem = amazons_of(&fs::read(bundle(|name| env::var_os(name))?).ok()?);
    (!pem.is_empty()).then_some(pem)
}

/// The file that the machine's root certificates are read from on Linux, all in one. No certificate of it may be one that the
/// complete list, which is read by `rustls-native-certs`, leaves out: if a folder alone is named, there is no such file.
fn bundle(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    match (variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR")) {
        (Some(file), _) => Some(file.into()),
        (None, Some(_)) => None,
        (None, None) => openssl_probe::probe().cert_file,
    }
}

/// Amazon's certificates among those of a text in PEM. A section that can't be read is left out, as it is of the
/// complete list.
fn amazons_of(bundle: &[u8]) -> Vec<u8> {
    let (begins, ends, names) = (Finder::new(BEGIN), Finder::new(END), ORGANIZATIONS.map(Finder::new));
    let mut found = Vec::new();
    let mut rest = bundle;
    loop {
        // A section without an end is read on into the next, as it is for the complete list: neither is a certificate.
        let section = line(&begins, rest).and_then(|start| rest.get(start..));
        let Some((section, end)) = section.and_then(|section| Some((section, line(&ends, section)?))) else {
            return found;
        };
        let end = end + section.iter().skip(end).take_while(|byte| **byte != b'\n').count();
        let (section, more) = section.split_at_checked(end + 1).unwrap_or((section, &[]));
        let head = section.get(BEGIN.len()..).and_then(head);
        if head.is_some_and(|head| names.iter().any(|name| name.find(&head).is_some())) && is_root(section) {
            found.extend_from_slice(section);
        }
        rest = more;
    }
}

/// Where the first line starts that starts so.
fn line(start: &Finder<'_>, text: &[u8]) -> Option<usize> {
    start.find_iter(text).find(|at| at.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b'\n')))
}

/// The first bytes of a certificate, of its Base64 with line ends in it.
fn head(base64: &[u8]) -> Option<[u8; HEAD / 4 * 3]> {
    let mut characters = [0; HEAD];
    let mut rest = base64.iter().filter(|byte| !byte.is_ascii_whitespace());
    for place in &mut characters {
        *place = *rest.next()?;
    }
    let mut bytes = [0; HEAD / 4 * 3];
    BASE64_STANDARD.decode_slice(characters, &mut bytes).ok()?;
    Some(bytes)
}

/// Tells whether a section can be a root: the SDK's client takes it for granted.
fn is_root(section: &[u8]) -> bool {
    CertificateDer::from_pem_slice(section).is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
}

#[cfg(test)]
mod tests {
    use rcgen::string::PrintableString;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

    use super::*;

    /// A certificate in PEM, of somebody with these attributes.
    fn certificate(attributes: impl IntoIterator<Item = (DnType, DnValue)>) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        attributes.into_iter().for_each(|(kind, value)| params.distinguished_name.push(kind, value));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    fn organization(name: &str) -> (DnType, DnValue) {
        (DnType::OrganizationName, DnValue::Utf8String(name.to_owned()))
    }

    fn found(bundle: &str) -> String {
        String::from_utf8(amazons_of(bundle.as_bytes())).unwrap().replace('\r', "")
    }

    fn unix(pem: &str) -> String {
        pem.replace('\r', "")
    }

    #[test]
    fn amazons_certificates_are_found_in_both_types_of_string() {
        let country = (DnType::CountryName, DnValue::Utf8String("US".to_owned()));
        let printable = DnValue::PrintableString(PrintableString::try_from("Amazon").unwrap());
        let first = certificate([country.clone(), organization("Amazon")]);
        let second = certificate([country, (DnType::OrganizationName, printable)]);
        let other = certificate([organization("Somebody")]);
        assert_eq!(found(&format!("{other}# a comment\n{first}{other}{second}")), unix(&format!("{first}{second}")));
    }

    #[test]
    fn who_is_called_amazon_otherwise_is_not_taken_for_it() {
        let named = (DnType::CommonName, DnValue::Utf8String("Amazon".to_owned()));
        let bundle =
            [certificate([named]), certificate([organization("Amazonas")]), certificate([organization("AMAZON")])];
        assert_eq!(found(&bundle.concat()), "");
    }

    #[test]
    fn what_can_not_be_read_is_left_out() {
        let good = certificate([organization("Amazon")]);
        let lines: Vec<&str> = good.lines().collect();
        let without_its_end = lines[..lines.len() - 1].join("\n");
        let cut_short = [&lines[..6], &lines[lines.len() - 1..]].concat().join("\n");
        let no_base64 = good.replace(lines[lines.len() - 2], "?");
        let empty = [lines[0], lines[lines.len() - 1]].join("\n");
        let bundle = [without_its_end, good.clone(), cut_short, no_base64, empty, good.clone()].join("\n");
        assert_eq!(found(&bundle), unix(&good));
    }

    #[test]
    fn a_folder_named_alone_is_the_complete_list() {
        let named = |names: &'static [&str]| move |name: &str| names.contains(&name).then(|| name.into());
        assert_eq!(bundle(named(&["SSL_CERT_DIR"])), None);
        assert_eq!(bundle(named(&["SSL_CERT_FILE"])), Some("SSL_CERT_FILE".into()));
        assert_eq!(bundle(named(&["SSL_CERT_FILE", "SSL_CERT_DIR"])), Some("SSL_CERT_FILE".into()));
    }
}
