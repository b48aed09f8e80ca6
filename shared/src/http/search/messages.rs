//! The general reasons, in all languages that they are shipped in.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use crate::http::accept_language::{DEFAULT, LANGUAGES, best_match};

use super::body::ErrorMessage;

/// A kind of failure: its code, and its texts in the order of [`LANGUAGES`].
pub(super) struct Kind {
    pub(super) detail_code: &'static str,
    texts: [&'static str; LANGUAGES.len()],
}

pub(super) const BAD_REQUEST: Kind = Kind {
    detail_code: "400.1 Bad Request Content",
    texts: [
        "The request was syntactically correct but its content is semantically invalid.",
        "Die Anfrage ist syntaktisch richtig, aber ihr Inhalt ist ungültig.",
        "La solicitud es sintácticamente correcta, pero su contenido no es válido.",
        "La requête est syntaxiquement correcte, mais son contenu n'est pas valide.",
        "リクエストの構文は正しいですが、内容が無効です。",
    ],
};

pub(super) const FORBIDDEN: Kind = Kind {
    detail_code: "403 Forbidden",
    texts: [
        "The server understood the request but refuses to authorize it.",
        "Der Server hat die Anfrage verstanden, lässt sie aber nicht zu.",
        "El servidor entendió la solicitud, pero se niega a autorizarla.",
        "Le serveur a compris la requête mais refuse de l'autoriser.",
        "サーバーはリクエストを理解しましたが、許可しません。",
    ],
};

pub(super) const NOT_FOUND: Kind = Kind {
    detail_code: "404 Not found",
    texts: [
        "The server did not find a current representation for the target resource.",
        "Der Server hat die angefragte Ressource nicht gefunden.",
        "El servidor no encontró el recurso solicitado.",
        "Le serveur n'a pas trouvé la ressource demandée.",
        "サーバーは要求されたリソースを見つけられませんでした。",
    ],
};

pub(super) const METHOD_NOT_ALLOWED: Kind = Kind {
    detail_code: "405 Method not allowed",
    texts: [
        "The target resource does not support the request's method.",
        "Die angefragte Ressource kennt die Methode der Anfrage nicht.",
        "El recurso solicitado no admite el método de la solicitud.",
        "La ressource demandée n'accepte pas la méthode de la requête.",
        "要求されたリソースはこのメソッドをサポートしていません。",
    ],
};

pub(super) const TOO_LARGE: Kind = Kind {
    detail_code: "413 Request too large",
    texts: [
        "The request is larger than the server accepts.",
        "Die Anfrage ist größer, als der Server annimmt.",
        "La solicitud es mayor de lo que el servidor acepta.",
        "La requête dépasse la taille acceptée par le serveur.",
        "リクエストがサーバーの上限を超えています。",
    ],
};

pub(super) const INTERNAL: Kind = Kind {
    detail_code: "500.0 Internal Fault",
    texts: [
        "An internal fault occurred.",
        "Ein interner Fehler ist aufgetreten.",
        "Se ha producido un error interno.",
        "Une erreur interne s'est produite.",
        "内部エラーが発生しました。",
    ],
};

/// A text in the default language.
pub(super) fn default_message(text: String) -> ErrorMessage {
    ErrorMessage { locale: DEFAULT, locale_origin: "DEFAULT", text }
}

/// The general reason, in the default language and, where it is shipped, in the one that the client asks for.
pub(super) fn messages(kind: &Kind, headers: &HeaderMap) -> Vec<ErrorMessage> {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).and_then(best_match);
    let mut messages = Vec::with_capacity(2);
    for (locale, text) in LANGUAGES.into_iter().zip(kind.texts) {
        if locale == DEFAULT {
            messages.push(default_message(text.to_owned()));
        } else if asked == Some(locale) {
            messages.push(ErrorMessage { locale, locale_origin: "REQUEST", text: text.to_owned() });
        }
    }
    messages
}
