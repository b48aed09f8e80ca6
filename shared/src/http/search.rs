//! The search API's side of HTTP: its errors, its path, and who may read.

use http::header::{ACCEPT_LANGUAGE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{AuthFault, Caller, TokenError};
use crate::names::{DocumentId, IndexName};
use crate::search::SearchFault;

use super::accept_language::best_match;
use super::answer::Answer;
use super::family::Family;
use super::path;

/// The search API.
#[derive(Debug)]
pub struct Search;

/// Why a request of the search API failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The document's id is no id: 400.
    #[error("the document id {0}")]
    BadId(String),
    /// No acceptable token: 401.
    #[error("{0}")]
    Unauthorized(TokenError),
    /// A token without the scope or the user level: 403.
    #[error("scope or user level insufficient")]
    Forbidden,
    /// No index of this name: 404, and the causes name those there are.
    #[error("unknown index")]
    UnknownIndex,
    /// No document of this id: 404.
    #[error("document not found")]
    NotFound,
    /// No such route: 404.
    #[error("unknown route")]
    NoRoute,
    /// The route has no such method: 405.
    #[error("unknown method")]
    MethodNotAllowed {
        /// The methods it has, for the header `Allow`.
        allow: String,
    },
    /// The request is larger than the gateway takes: 413.
    #[error("request too large")]
    TooLarge,
    /// A request that the gateway doesn't understand: 400.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// Too many requests: 429.
    #[error("throttled")]
    Throttled {
        /// When to try again, in seconds.
        retry_after_seconds: u64,
        /// For the log.
        cause: String,
    },
    /// Everything else: 500. The text is for the log.
    #[error("internal fault")]
    Internal(String),
}

/// The largest pause that a client is asked for, in seconds: clients sleep as long as they are told.
const MAX_RETRY_AFTER: u64 = 60;

impl From<AuthFault> for SearchError {
    fn from(fault: AuthFault) -> Self {
        match fault {
            AuthFault::Token(error) => Self::Unauthorized(error),
            AuthFault::Keys(_) => Self::Internal(fault.to_string()),
        }
    }
}

impl From<SearchFault> for SearchError {
    fn from(fault: SearchFault) -> Self {
        let cause = fault.to_string();
        match fault {
            SearchFault::Throttled { retry_after_seconds, .. } => Self::Throttled {
                retry_after_seconds: retry_after_seconds.unwrap_or(1).clamp(1, MAX_RETRY_AFTER),
                cause,
            },
            SearchFault::Failed(_) => Self::Internal(cause),
        }
    }
}

/// The body of a 400, 403, 404, 405, 413 and 500.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SearchError)]
pub struct ErrorResponse {
    /// A finer code than the status.
    #[schema(example = "404 Not found")]
    pub detail_code: &'static str,
    /// The failure's id, which the log has too: 32 hexadecimal digits.
    #[schema(example = "b21b1f7ce4da4d639f2c62a57171b427")]
    pub tracking_id: String,
    /// The general reason, in the default language and, where it is shipped, in the requested one.
    pub messages: Vec<ErrorMessage>,
    /// What exactly was wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub causes: Vec<ErrorMessage>,
}

/// A text in one language.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorMessage {
    /// The language, as a BCP 47 tag.
    #[schema(example = "en-US")]
    pub locale: &'static str,
    /// How it was chosen: DEFAULT or REQUEST.
    #[schema(example = "DEFAULT")]
    pub locale_origin: &'static str,
    /// The text.
    pub text: String,
}

/// The body of a 401.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchUnauthorized)]
pub struct UnauthorizedBody {
    /// What is wrong with the token.
    #[schema(example = "JWT validation failed: JWT is expired")]
    pub error: String,
}

/// The body of a 429. The spaces in its text belong to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchRateLimit)]
pub struct RateLimitBody {
    /// The text.
    #[schema(example = " Rate Limit Exceeded ")]
    pub message: &'static str,
}

/// A kind of failure: its code and its texts, in the order of the shipped languages.
struct Kind {
    detail_code: &'static str,
    texts: [(&'static str, &'static str); 5],
}

const BAD_REQUEST: Kind = Kind {
    detail_code: "400.1 Bad Request Content",
    texts: [
        ("en-US", "The request was syntactically correct but its content is semantically invalid."),
        ("de", "Die Anfrage ist syntaktisch richtig, aber ihr Inhalt ist ungültig."),
        ("es", "La solicitud es sintácticamente correcta, pero su contenido no es válido."),
        ("fr", "La requête est syntaxiquement correcte, mais son contenu n'est pas valide."),
        ("ja", "リクエストの構文は正しいですが、内容が無効です。"),
    ],
};

const FORBIDDEN: Kind = Kind {
    detail_code: "403 Forbidden",
    texts: [
        ("en-US", "The server understood the request but refuses to authorize it."),
        ("de", "Der Server hat die Anfrage verstanden, lässt sie aber nicht zu."),
        ("es", "El servidor entendió la solicitud, pero se niega a autorizarla."),
        ("fr", "Le serveur a compris la requête mais refuse de l'autoriser."),
        ("ja", "サーバーはリクエストを理解しましたが、許可しません。"),
    ],
};

const NOT_FOUND: Kind = Kind {
    detail_code: "404 Not found",
    texts: [
        ("en-US", "The server did not find a current representation for the target resource."),
        ("de", "Der Server hat die angefragte Ressource nicht gefunden."),
        ("es", "El servidor no encontró el recurso solicitado."),
        ("fr", "Le serveur n'a pas trouvé la ressource demandée."),
        ("ja", "サーバーは要求されたリソースを見つけられませんでした。"),
    ],
};

const METHOD_NOT_ALLOWED: Kind = Kind {
    detail_code: "405 Method not allowed",
    texts: [
        ("en-US", "The target resource does not support the request's method."),
        ("de", "Die angefragte Ressource kennt die Methode der Anfrage nicht."),
        ("es", "El recurso solicitado no admite el método de la solicitud."),
        ("fr", "La ressource demandée n'accepte pas la méthode de la requête."),
        ("ja", "要求されたリソースはこのメソッドをサポートしていません。"),
    ],
};

const TOO_LARGE: Kind = Kind {
    detail_code: "413 Request too large",
    texts: [
        ("en-US", "The request is larger than the server accepts."),
        ("de", "Die Anfrage ist größer, als der Server annimmt."),
        ("es", "La solicitud es mayor de lo que el servidor acepta."),
        ("fr", "La requête dépasse la taille acceptée par le serveur."),
        ("ja", "リクエストがサーバーの上限を超えています。"),
    ],
};

const INTERNAL: Kind = Kind {
    detail_code: "500.0 Internal Fault",
    texts: [
        ("en-US", "An internal fault occurred."),
        ("de", "Ein interner Fehler ist aufgetreten."),
        ("es", "Se ha producido un error interno."),
        ("fr", "Une erreur interne s'est produite."),
        ("ja", "内部エラーが発生しました。"),
    ],
};

impl SearchError {
    fn status_and_kind(&self) -> (StatusCode, &'static Kind) {
        match self {
            Self::BadId(_) | Self::BadRequest(_) => (StatusCode::BAD_REQUEST, &BAD_REQUEST),
            Self::Forbidden => (StatusCode::FORBIDDEN, &FORBIDDEN),
            Self::UnknownIndex | Self::NotFound | Self::NoRoute => (StatusCode::NOT_FOUND, &NOT_FOUND),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, &METHOD_NOT_ALLOWED),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, &TOO_LARGE),
            Self::Unauthorized(_) | Self::Throttled { .. } | Self::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, &INTERNAL)
            }
        }
    }

    fn causes(&self) -> Option<String> {
        match self {
            Self::BadId(why) => Some(format!("The document id in the path {why}.")),
            Self::UnknownIndex => {
                Some(format!("The index in the path is not supported; the supported ones are {}.", IndexName::list()))
            }
            Self::BadRequest(why) => Some(why.clone()),
            _ => None,
        }
    }
}

impl Family for Search {
    type Error = SearchError;

    fn answer(error: &SearchError, tracking_id: &str, headers: &HeaderMap) -> Answer {
        match error {
            SearchError::Unauthorized(reason) => {
                let body = UnauthorizedBody { error: format!("JWT validation failed: {reason}") };
                json(StatusCode::UNAUTHORIZED, &body).with(WWW_AUTHENTICATE, "Bearer")
            }
            SearchError::Throttled { retry_after_seconds, .. } => {
                let body = RateLimitBody { message: " Rate Limit Exceeded " };
                json(StatusCode::TOO_MANY_REQUESTS, &body).with(RETRY_AFTER, &retry_after_seconds.to_string())
            }
            _ => {
                let (status, kind) = error.status_and_kind();
                let body = ErrorResponse {
                    detail_code: kind.detail_code,
                    tracking_id: tracking_id.to_owned(),
                    messages: messages(kind, headers),
                    causes: error.causes().map(default_message).into_iter().collect(),
                };
                let answer = json(status, &body);
                match error {
                    SearchError::MethodNotAllowed { allow } => answer.with(http::header::ALLOW, allow),
                    _ => answer,
                }
            }
        }
    }

    fn internal(cause: String) -> SearchError {
        SearchError::Internal(cause)
    }

    fn unprepared(cause: String) -> SearchError {
        SearchError::Internal(cause)
    }

    fn cause(error: &SearchError) -> Option<String> {
        match error {
            SearchError::Internal(cause) | SearchError::Throttled { cause, .. } => Some(cause.clone()),
            _ => None,
        }
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    // Bodies of strings and lists always serialise.
    Answer::json(status, serde_json::to_string(body).unwrap_or_default())
}

fn default_message(text: String) -> ErrorMessage {
    ErrorMessage { locale: "en-US", locale_origin: "DEFAULT", text }
}

fn messages(kind: &Kind, headers: &HeaderMap) -> Vec<ErrorMessage> {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(best_match);
    let mut messages = Vec::with_capacity(2);
    for (locale, text) in kind.texts {
        if locale == "en-US" {
            messages.push(default_message(text.to_owned()));
        } else if asked == Some(locale) {
            messages.push(ErrorMessage { locale, locale_origin: "REQUEST", text: text.to_owned() });
        }
    }
    messages
}

/// Who may read documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRules {
    /// User levels of which a caller must have one; any caller may, if empty.
    pub authorities: Vec<String>,
}

impl SearchRules {
    /// The scopes of which a caller must have one.
    pub const SCOPES: [&str; 2] = ["sp:search:read", "sp:scopes:all"];

    /// Decides whether the caller may read documents.
    ///
    /// # Errors
    /// [`SearchError::Forbidden`] if not.
    pub fn may_read(&self, caller: &Caller) -> Result<(), SearchError> {
        let scoped = Self::SCOPES.iter().any(|scope| caller.has_scope(scope));
        let levelled = self.authorities.is_empty() || self.authorities.iter().any(|level| caller.has_authority(level));
        if scoped && levelled { Ok(()) } else { Err(SearchError::Forbidden) }
    }
}

/// The index and the id of a path that ends in `/{index}/{id}`.
///
/// # Errors
/// [`SearchError::UnknownIndex`] or [`SearchError::BadId`].
pub fn document_path(raw_path: &str) -> Result<(IndexName, DocumentId), SearchError> {
    let [index, id] = path::last_segments(raw_path).ok_or(SearchError::NoRoute)?;
    let index = path::decode(index).ok().as_deref().and_then(IndexName::parse).ok_or(SearchError::UnknownIndex)?;
    let id = path::decode(id).map_err(|error| SearchError::BadId(error.to_string()))?;
    let id = DocumentId::parse(id).map_err(|error| SearchError::BadId(error.to_string()))?;
    Ok((index, id))
}
