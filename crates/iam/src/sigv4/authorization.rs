//! What a request claims about its signature, from the `Authorization` header or the query.
//!
//! Deliberately trusts nothing and verifies nothing: that is `verification.rs`.
//!
//! AWS: IAM User Guide, "Authentication methods"
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/aws-signing-authentication-methods.html>.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::canonical::Form;
use super::date::SignatureDate;
use super::{ALGORITHM, AuthenticationError, SIGNATURE_PARAMETER, SigningKey, query};
use crate::Request;

/// What the caller claims; nothing in it is verified yet.
pub struct Authorization {
    pub(super) form: Form,
    pub(super) credential: Credential,
    pub(super) signed_headers: String,
    /// `None` if it is not 64 lower-case hex digits, so that it matches nothing.
    pub(super) signature: Option<[u8; SIGNATURE_BYTES]>,
    pub(super) date: SignatureDate,
    /// Presigned requests may state how long they are good for.
    pub(super) expires_seconds: Option<u32>,
    session_token: Option<String>,
}

impl Authorization {
    /// Reads the header or, without one, the query of a presigned request.
    ///
    /// Fails as missing if there is neither, and as incomplete if it cannot be understood.
    // DEVIATION: a request with both is read from its header; DynamoDB refuses it. The query is
    // signed like any other then, so nothing is left unsigned.
    pub fn parse(request: &Request<'_>) -> Result<Self, AuthenticationError> {
        let mut headers = headers_named(request, "authorization");
        match (headers.next(), headers.next()) {
            (Some(value), None) => parse_header(request, value),
            // AWS: the text is not known.
            (Some(_), Some(_)) => {
                Err(AuthenticationError::incomplete("Authorization header must not be repeated."))
            }
            (None, _) if query::has_parameter(request.query, "X-Amz-Algorithm") => {
                parse_query(request)
            }
            (None, _) => Err(AuthenticationError::missing()),
        }
    }

    /// The access key id: at least one and at most 128 visible ASCII characters.
    pub fn access_key_id(&self) -> &str {
        self.credential.part(0)
    }

    /// The date of the credential scope, `YYYYMMDD`.
    pub fn scope_date(&self) -> &str {
        self.credential.part(1)
    }

    /// The Region of the credential scope.
    pub fn region(&self) -> &str {
        self.credential.part(2)
    }

    /// The session token of temporary credentials.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// The credential scope: day, Region, service and terminator.
    pub fn scope(&self) -> &str {
        self.credential.scope()
    }

    /// The key that must have signed if `secret` is that of the access key. It is good for all
    /// requests with the same access key and [`Self::scope`].
    pub fn signing_key(&self, secret: &str) -> SigningKey {
        SigningKey::derive(secret, self.scope_date(), self.region(), self.credential.part(3))
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("credential", &self.credential.text)
            .field("signed_headers", &self.signed_headers)
            .field("date", &self.date.text)
            .finish_non_exhaustive()
    }
}

/// `<access key id>/<date>/<region>/<service>/aws4_request`.
pub(super) struct Credential {
    text: String,
    /// Where the parts end.
    slashes: [usize; CREDENTIAL_PARTS - 1],
}

impl Credential {
    fn parse(text: &str) -> Result<Self, AuthenticationError> {
        let mut slashes = [0; CREDENTIAL_PARTS - 1];
        let mut slash_count = 0;
        for (at, _) in text.bytes().enumerate().filter(|(_, byte)| *byte == b'/') {
            if let Some(slash) = slashes.get_mut(slash_count) {
                *slash = at;
            }
            slash_count += 1;
        }
        let sound = slash_count == slashes.len()
            && (1..=ACCESS_KEY_ID_BYTES_MAX).contains(&slashes[0])
            && text.len() <= CREDENTIAL_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !sound {
            let text: String = text.chars().take(CREDENTIAL_BYTES_MAX).collect();
            return Err(AuthenticationError::incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, \
                 e.g. keyid/date/region/service/term, got '{text}'"
            )));
        }
        Ok(Self { text: text.to_owned(), slashes })
    }

    pub(super) fn part(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.slashes[before] + 1);
        let end = self.slashes.get(index).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default()
    }

    /// All but the access key id.
    pub(super) fn scope(&self) -> &str {
        self.text.get(self.slashes[0] + 1..).unwrap_or_default()
    }
}

/// The parameters of an `Authorization` header.
#[derive(Default)]
struct HeaderParameters<'a> {
    algorithm: &'a str,
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

/// The header that dates a request; `X-Amz-Date` goes before `Date`.
enum DateHeader<'a> {
    AmzDate(Cow<'a, str>),
    Date(Cow<'a, str>),
}

impl<'a> DateHeader<'a> {
    fn find(request: &Request<'a>) -> Option<Self> {
        let date = || joined_header(request, "date").map(Self::Date);
        joined_header(request, "x-amz-date").map(Self::AmzDate).or_else(date)
    }

    fn parse(&self) -> Result<SignatureDate, AuthenticationError> {
        match self {
            Self::AmzDate(text) => SignatureDate::parse(text),
            Self::Date(text) => SignatureDate::parse_date_header(text),
        }
    }
}

fn parse_header(request: &Request<'_>, value: &[u8]) -> Result<Authorization, AuthenticationError> {
    if value.len() > AUTHORIZATION_BYTES_MAX {
        // AWS: the text is not known.
        return Err(AuthenticationError::incomplete("Authorization header is too long."));
    }
    let value = text(value.trim_ascii());
    if value.is_empty() {
        return Err(AuthenticationError::incomplete("Authorization header cannot be empty."));
    }
    let parameters = header_parameters(&value)?;
    let date = DateHeader::find(request);
    let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
        (parameters.credential, parameters.signature, parameters.signed_headers, &date)
    else {
        return Err(missing_parts(&parameters, date.as_ref(), &value));
    };
    let date = date.parse()?;
    check_algorithm(parameters.algorithm)?;
    Ok(Authorization {
        form: Form::Header,
        credential: Credential::parse(credential)?,
        signed_headers: signed_headers.to_owned(),
        signature: parse_signature(signature),
        date,
        expires_seconds: None,
        session_token: joined_header(request, "x-amz-security-token").map(Cow::into_owned),
    })
}

/// Splits at commas and spaces: the first part is the algorithm, the others are pairs.
///
/// AWS: other schemes are read in the same way, so `Bearer <token>` fails for want of an equal
/// sign and `Basic <base64 with padding>` for want of the parameters. API Gateway answers so;
/// DynamoDB takes a scheme without `AWS4-` for a missing token.
fn header_parameters(value: &str) -> Result<HeaderParameters<'_>, AuthenticationError> {
    // By bytes, which takes half the time of characters.
    let is_between = |byte: &u8| matches!(byte, b',' | b' ' | b'\t');
    let mut rest = value;
    let mut parts = std::iter::from_fn(|| {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let end = rest.bytes().position(|byte| is_between(&byte)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        (!part.is_empty()).then_some(part)
    });
    let mut parameters =
        HeaderParameters { algorithm: parts.next().unwrap_or_default(), ..Default::default() };
    for part in parts {
        let Some((name, content)) = part.split_once('=') else {
            return Err(not_a_pair(part, value));
        };
        let slot = match name {
            "Credential" => &mut parameters.credential,
            "Signature" => &mut parameters.signature,
            "SignedHeaders" => &mut parameters.signed_headers,
            _ => continue,
        };
        // AWS: an empty list of signed headers is told from none; the other two are not.
        if content.is_empty() && name != "SignedHeaders" {
            continue;
        }
        if slot.replace(content).is_some() {
            // AWS: the text is not known.
            let message = format!("Authorization header requires '{name}' parameter only once.");
            return Err(AuthenticationError::incomplete(message));
        }
    }
    Ok(parameters)
}

fn missing_parts(
    parameters: &HeaderParameters<'_>,
    date: Option<&DateHeader<'_>>,
    value: &str,
) -> AuthenticationError {
    let required = [
        (parameters.credential.is_none(), "'Credential' parameter"),
        (parameters.signature.is_none(), "'Signature' parameter"),
        (parameters.signed_headers.is_none(), "'SignedHeaders' parameter"),
        (date.is_none(), "existence of either a 'X-Amz-Date' or a 'Date' header"),
    ];
    let mut message = String::new();
    for (is_missing, what) in required {
        if is_missing {
            message.push_str("Authorization header requires ");
            message.push_str(what);
            message.push_str(". ");
        }
    }
    message.push_str("Authorization=");
    message.push_str(value);
    AuthenticationError::incomplete(message)
}

fn not_a_pair(part: &str, value: &str) -> AuthenticationError {
    let hash = digest::digest(&digest::SHA256, value.as_bytes());
    AuthenticationError::incomplete(format!(
        "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header \
         (hashed with SHA-256 and encoded with Base64): '{}'.",
        STANDARD.encode(hash)
    ))
}

fn parse_query(request: &Request<'_>) -> Result<Authorization, AuthenticationError> {
    let names = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        SIGNATURE_PARAMETER,
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
    ];
    let mut values = query::decoded_values(request.query, names)?;
    // AWS: an empty parameter counts as missing.
    for value in &mut values {
        value.take_if(|value| value.is_empty());
    }
    let [
        Some(algorithm),
        Some(credential),
        Some(signature),
        Some(signed_headers),
        Some(date),
        expires,
        session_token,
    ] = values
    else {
        let required = names.iter().zip(&values).take(QUERY_PARAMETERS_REQUIRED);
        return Err(missing_query_parameters(required));
    };
    let date = SignatureDate::parse(&date)?;
    check_algorithm(&algorithm)?;
    Ok(Authorization {
        form: Form::Query,
        credential: Credential::parse(&credential)?,
        signed_headers,
        signature: parse_signature(&signature),
        date,
        expires_seconds: expires.as_deref().map(parse_expires).transpose()?,
        session_token,
    })
}

/// AWS: the texts are those of DynamoDB, which has the same front end.
fn missing_query_parameters<'a>(
    required: impl Iterator<Item = (&'a &'a str, &'a Option<String>)>,
) -> AuthenticationError {
    let mut message = String::new();
    for (name, value) in required {
        if value.is_none() {
            message.push_str("AWS query-string parameters must include '");
            message.push_str(name);
            message.push_str("'. ");
        }
    }
    message.push_str("Re-examine the query-string parameters.");
    AuthenticationError::incomplete(message)
}

/// AWS: the texts are those of S3, the only service for which they are established; there is none
/// for zero.
fn parse_expires(text: &str) -> Result<u32, AuthenticationError> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    let too_long = "X-Amz-Expires must be less than a week (in seconds); that is, the given \
        X-Amz-Expires must be less than 604800 seconds";
    match text.parse::<u64>() {
        _ if !digits_only => {
            Err(AuthenticationError::incomplete("X-Amz-Expires should be a number"))
        }
        Ok(0) => Err(AuthenticationError::incomplete("X-Amz-Expires must be at least 1 second")),
        Ok(seconds) => u32::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds <= EXPIRES_SECONDS_MAX)
            .ok_or_else(|| AuthenticationError::incomplete(too_long)),
        Err(_) => Err(AuthenticationError::incomplete(too_long)),
    }
}

fn check_algorithm(algorithm: &str) -> Result<(), AuthenticationError> {
    if algorithm == ALGORITHM {
        return Ok(());
    }
    let algorithm: String = algorithm.chars().take(ALGORITHM_ECHO_CHARS_MAX).collect();
    let message = format!("Unsupported AWS 'algorithm': '{algorithm}'.");
    Err(AuthenticationError::incomplete(message))
}

fn parse_signature(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut signature = [0; SIGNATURE_BYTES];
    if text.len() != 2 * SIGNATURE_BYTES {
        return None;
    }
    for (byte, pair) in signature.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = (nibble(high)? << 4) | nibble(low)?;
    }
    Some(signature)
}

fn headers_named<'a>(request: &Request<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let found = request.headers.iter().filter(move |header| header.0.eq_ignore_ascii_case(name));
    found.map(|header| header.1)
}

/// The value of a header that should occur once. Several are joined, as they are signed, and then
/// are neither a date nor a known token; neither are bytes that are not UTF-8.
fn joined_header<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    let mut values = headers_named(request, name);
    let first = text(values.next()?.trim_ascii());
    Some(values.fold(first, |joined, next| {
        let mut joined = joined.into_owned();
        joined.push(',');
        joined.push_str(&text(next));
        Cow::Owned(joined)
    }))
}

/// What is no UTF-8 is shown as such. Finding that all is UTF-8 is fast by itself alone.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Longest `Authorization` header; SDKs send about 300 bytes.
const AUTHORIZATION_BYTES_MAX: usize = 8 * 1024;
/// Longest access key id: IAM API Reference, `AccessKey`.
const ACCESS_KEY_ID_BYTES_MAX: usize = 128;
/// Longest credential that is looked at.
const CREDENTIAL_BYTES_MAX: usize = 256;
/// Elements of a credential.
const CREDENTIAL_PARTS: usize = 5;
/// How many of the query parameters, from the first, must be there.
const QUERY_PARAMETERS_REQUIRED: usize = 5;
/// A presigned request lives a week at most.
const EXPIRES_SECONDS_MAX: u32 = 604_800;
/// How much of an unknown algorithm is told back.
const ALGORITHM_ECHO_CHARS_MAX: usize = 64;
/// Length of a signature.
pub(super) const SIGNATURE_BYTES: usize = 32;
