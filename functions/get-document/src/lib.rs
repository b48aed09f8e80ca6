//! `GET /search/{index}/{id}`: one document, as it was stored.

mod document_type;

use http::StatusCode;
use shared::http::search::{Search, SearchError, document_path};
use shared::http::{Answer, Call, Endpoint};
use shared::parts::SearchParts;
use shared::search::ReadDocument;

/// Gets a document.
#[derive(Debug)]
pub struct GetDocument<S>(SearchParts<S>);

impl<S: ReadDocument> GetDocument<S> {
    /// An endpoint that works with these parts.
    #[must_use]
    pub fn new(parts: SearchParts<S>) -> Self {
        Self(parts)
    }
}

impl<S: ReadDocument> Endpoint for GetDocument<S> {
    type Family = Search;
    const OPERATION: &'static str = "get-document";

    async fn answer(&self, call: &mut Call) -> Result<Answer, SearchError> {
        let caller = call.authenticate(&self.0.authenticator).await?;
        self.0.rules.may_read(&caller)?;
        let (index, id) = document_path(call.raw_path())?;

        let document = self.0.documents.read(index, &id).await?.ok_or(SearchError::NotFound)?.into_text();

        Ok(Answer::json(StatusCode::OK, if self.0.add_type { document_type::add(document, index) } else { document }))
    }
}
