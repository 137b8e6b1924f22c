//! What makes a structure the request of an operation, and reading one from a body.

use crate::violation::{Path, Report, Shape};
use crate::wire::FromWire;
use crate::{ErrorCode, KmsError, Operation};
use serde::Serialize;
use serde_json::{Map, Value};

/// The request of one operation.
pub trait Request: FromWire {
    /// The operation that this is the request of.
    const OPERATION: Operation;
    /// Whether success is answered with a JSON body (otherwise the body is empty).
    const ANSWERS_WITH_BODY: bool;
    /// The reply.
    type Response: Serialize + Send;
}

/// Reads a request from a JSON 1.1 body; an empty body is read as `{}`.
///
/// Raises `SerializationException` for what is not a JSON object or has a member of the wrong JSON
/// type, `ValidationException` naming every violated constraint. Unknown members are ignored.
pub fn parse<R: Request>(body: &[u8]) -> Result<R, KmsError> {
    let members: Map<String, Value> = if body.is_empty() {
        Map::new()
    } else {
        // The position is told, the content is not: it may be a plaintext.
        serde_json::from_slice(body).map_err(|error| {
            KmsError::new(
                ErrorCode::Serialization,
                format!("the body is not a JSON object (column {})", error.column()),
            )
        })?
    };
    let mut report = Report::default();
    let request = R::from_wire(Value::Object(members), &Shape::NONE, &Path::Root, &mut report)
        .map_err(|wrong| KmsError::new(ErrorCode::Serialization, wrong.to_string()))?;
    match (request, report.message()) {
        (Some(request), None) => Ok(request),
        (_, message) => Err(KmsError::new(ErrorCode::Validation, message.unwrap_or_default())),
    }
}
