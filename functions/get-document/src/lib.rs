//! `GET /search/{index}/{id}`: one document, as it was stored.

mod document_type;

use http::StatusCode;
use shared::deps::SearchDeps;
use shared::http::search::{SearchApi, SearchError, document_path};
use shared::http::{Endpoint, RequestContext, Response};
use shared::search::ReadDocument;

/// Gets a document.
#[derive(Debug)]
pub struct GetDocument<S>(SearchDeps<S>);

impl<S: ReadDocument> GetDocument<S> {
    /// An endpoint with these dependencies.
    #[must_use]
    pub fn new(deps: SearchDeps<S>) -> Self {
        Self(deps)
    }
}

impl<S: ReadDocument> Endpoint for GetDocument<S> {
    type Api = SearchApi;
    const OPERATION: &'static str = "get-document";

    async fn answer(&self, request: &mut RequestContext) -> Result<Response, SearchError> {
        let caller = request.authenticate(&self.0.authenticator).await?;
        self.0.rules.may_read(&caller)?;
        let (index, id) = document_path(request.raw_path())?;

        let document = self.0.documents.read(index, &id).await?.ok_or(SearchError::NotFound)?.into_text();

        Ok(Response::json(StatusCode::OK, if self.0.add_type { document_type::add(document, index) } else { document }))
    }
}
