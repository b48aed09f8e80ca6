//! Reply of a server.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// A header's value.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name} in {self:?}")).to_str().unwrap()
    }

    /// Holds the status.
    #[track_caller]
    pub fn expect_status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{:?}", self.body);
        self
    }

    /// Holds status and JSON body.
    #[track_caller]
    pub fn expect(&self, status: u16, body: &Value) -> &Self {
        assert_eq!((self.status, &self.json()), (status, body));
        assert_eq!(self.header("content-type"), "application/json");
        self
    }

    /// Holds status and body of an error of the search API; the tracking id, which is another each time, is checked
    /// for its form and left out of `body`.
    #[track_caller]
    pub fn expect_search_error(&self, status: u16, body: &Value) -> &Self {
        let mut json = self.json();
        let id = json.as_object_mut().unwrap().remove("trackingId").expect("a tracking id");
        let id = id.as_str().unwrap();
        assert!(id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{id}");
        assert_eq!(id, self.header("x-request-id"));
        assert_eq!((self.status, &json), (status, body));
        self
    }

    /// Status, headers and body without the parts that differ each time: for comparing two answers.
    pub fn without_ids(&self) -> (u16, Vec<(String, String)>, String) {
        let id = self.headers.get("x-request-id").map(|id| id.to_str().unwrap().to_owned()).unwrap_or_default();
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        (self.status, headers, self.text().replace(&id, "…"))
    }
}
