//! AWS Signature Version 4 for one kind of request: a POST to `/` with a JSON body.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

/// Signer of requests, and the service and region that it signs for.
pub(crate) struct Signer {
    /// The access key's id.
    pub(crate) key_id: String,
    /// The access key's secret.
    pub(crate) secret: String,
    /// The session's token, which Lambda gives with each key.
    pub(crate) token: String,
    /// The region.
    pub(crate) region: String,
    /// The service.
    pub(crate) service: &'static str,
}

impl Signer {
    /// The headers that authorize a request, each with its line end.
    pub(crate) fn headers(&self, host: &str, target: &str, body: &str) -> String {
        let Self { key_id, secret, token, region, service } = self;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (date, time) = date_and_time(now);
        let signed = "host;x-amz-date;x-amz-security-token;x-amz-target";
        let request = format!(
            "POST\n/\n\nhost:{host}\nx-amz-date:{date}T{time}Z\nx-amz-security-token:{token}\nx-amz-target:{target}\n\n\
             {signed}\n{}",
            hex(digest(&SHA256, body.as_bytes()).as_ref())
        );
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let request = hex(digest(&SHA256, request.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{date}T{time}Z\n{scope}\n{request}");
        let start = format!("AWS4{secret}").into_bytes();
        let key = [date.as_str(), region, service, "aws4_request"].iter().fold(start, |key, part| mac(&key, part));
        let signature = hex(&mac(&key, &text));
        format!(
            "x-amz-date: {date}T{time}Z\r\nx-amz-security-token: {token}\r\nx-amz-target: {target}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={signed}, \
             Signature={signature}\r\n"
        )
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The date and the time of day as digits, of seconds since 1970-01-01T00:00:00Z: years counted from March, so that a
/// leap day is the last of its year.
fn date_and_time(seconds: u64) -> (String, String) {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    (format!("{year:04}{month:02}{day:02}"), format!("{hour:02}{minute:02}{second:02}"))
}

#[cfg(test)]
mod tests {
    use super::date_and_time;

    #[test]
    fn times_are_written_as_the_signature_wants_them() {
        for (seconds, date, time) in [
            (0, "19700101", "000000"),
            (951_782_400, "20000229", "000000"),
            (1_709_251_199, "20240229", "235959"),
            (1_767_225_599, "20251231", "235959"),
        ] {
            assert_eq!(date_and_time(seconds), (date.to_owned(), time.to_owned()));
        }
    }
}
