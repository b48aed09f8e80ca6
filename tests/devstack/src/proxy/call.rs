//! Call of a function to a service.

use bytes::Bytes;

/// A call that arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path and query, as they were sent.
    pub path: String,
    /// The headers in the order in which they came, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The action that an AWS service is asked for, such as `GetItem`; `None` for a request that names none.
    pub fn action(&self) -> Option<&str> {
        self.header("x-amz-target")?.rsplit('.').next()
    }
}
