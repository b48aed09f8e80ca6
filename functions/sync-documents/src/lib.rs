//! Changes of documents from a queue.
