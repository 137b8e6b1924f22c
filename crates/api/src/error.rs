//! The one error of the API: an exception of AWS KMS with its text, and the cause for the log.

use crate::ErrorCode;
use std::error::Error;
use std::fmt;

/// An exception as a client gets it.
///
/// `message` holds AWS's words and goes on the wire; the source is for the log only.
pub struct KmsError(Box<Inner>);

struct Inner {
    code: ErrorCode,
    message: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl KmsError {
    /// An exception with a text for the client.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: Some(message.into()), source: None }))
    }

    /// An exception that AWS sends without any text.
    pub fn bare(code: ErrorCode) -> Self {
        Self(Box::new(Inner { code, message: None, source: None }))
    }

    /// The unforeseen: `KMSInternalException`, whose cause only the log gets.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::bare(ErrorCode::KmsInternal).because(source)
    }

    /// The same exception with a cause for the log.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The exception.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The text for the client, if there is one.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }
}

impl fmt::Display for KmsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.message {
            Some(message) => write!(formatter, "{}: {message}", self.0.code.as_str()),
            None => formatter.write_str(self.0.code.as_str()),
        }
    }
}

impl fmt::Debug for KmsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KmsError")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for KmsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
