//! The judgement of a claim: its scope, its date, its signature.
//!
//! AWS: IAM User Guide, "Create a signed AWS API request", steps 2 to 5
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>;
//! "Troubleshoot Signature Version 4" for the texts
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.

use aws_lc_rs::{constant_time, digest};
use jiff::{SignedDuration, Timestamp};

use super::canonical::{canonical_request, is_signed, push_hex};
use super::date::format_basic;
use super::{ALGORITHM, AuthenticationError, Authorization, SigningKey, TERMINATOR};
use crate::Request;

impl Authorization {
    /// Checks that the credential scope has the form of a Region, names `service`, ends properly
    /// and is of the day of the request. All complaints are told at once.
    pub fn check_scope(&self, service: &str) -> Result<(), AuthenticationError> {
        let (date, region) = (self.scope_date(), self.region());
        let terminator = self.credential.part(4);
        let mut complaints = Vec::new();
        if !is_region(region) {
            complaints
                .push(format!("Credential should be scoped to a valid Region, not '{region}'."));
        }
        if self.credential.part(3) != service {
            complaints
                .push(format!("Credential should be scoped to correct service: '{service}'."));
        }
        if terminator != TERMINATOR {
            complaints.push(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', \
                 not '{terminator}'."
            ));
        }
        if date != self.date.day() {
            complaints.push(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{date}' != '{}', from '{}'.",
                self.date.day(),
                self.date.text
            ));
        }
        if complaints.is_empty() {
            return Ok(());
        }
        Err(AuthenticationError::invalid(complaints.join(" ")))
    }

    /// Verifies that `request`, from which this was parsed, is of `now` and was signed with `key`.
    ///
    /// 1. The date is at most five minutes from `now`; a presigned request may be as old as it
    ///    says.
    /// 2. `host` and every `x-amz-*` header are signed.
    /// 3. The signature is right, compared in constant time.
    ///
    /// Call [`Self::check_scope`] first: the scope decides what `key` is for.
    pub fn verify(
        &self,
        request: &Request<'_>,
        key: &SigningKey,
        now: Timestamp,
    ) -> Result<(), AuthenticationError> {
        self.check_date(now)?;
        self.check_signed_headers(request)?;
        let Some(signature) = &self.signature else {
            return Err(AuthenticationError::mismatch());
        };
        let mut buffer = canonical_request(request, self.form, &self.signed_headers)
            .ok_or_else(AuthenticationError::mismatch)?;
        let hash = digest::digest(&digest::SHA256, &buffer);

        // The string to sign, in the same buffer.
        buffer.clear();
        for line in [ALGORITHM, &self.date.text, self.credential.scope()] {
            buffer.extend_from_slice(line.as_bytes());
            buffer.push(b'\n');
        }
        push_hex(&mut buffer, hash.as_ref());
        constant_time::verify_slices_are_equal(key.sign(&buffer).as_ref(), signature)
            .map_err(|_| AuthenticationError::mismatch())
    }

    fn check_date(&self, now: Timestamp) -> Result<(), AuthenticationError> {
        // Signature dates have whole seconds, so the comparison and its text have them too.
        let age = now.as_second().saturating_sub(self.date.instant.as_second());
        let age_max = self.expires_seconds.map_or(SKEW_SECONDS, i64::from);
        let date = &self.date.text;
        if age > age_max {
            return Err(AuthenticationError::invalid(format!(
                "Signature expired: {date} is now earlier than {} ({} - {}.)",
                basic_after(now, -age_max),
                basic_after(now, 0),
                duration_text(age_max)
            )));
        }
        if age < -SKEW_SECONDS {
            return Err(AuthenticationError::invalid(format!(
                "Signature not yet current: {date} is still later than {} ({} + {}.)",
                basic_after(now, SKEW_SECONDS),
                basic_after(now, 0),
                duration_text(SKEW_SECONDS)
            )));
        }
        Ok(())
    }

    fn check_signed_headers(&self, request: &Request<'_>) -> Result<(), AuthenticationError> {
        if !is_signed(&self.signed_headers, "host") {
            let message =
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(AuthenticationError::invalid(message));
        }
        let is_amz = |name: &str| {
            name.get(..AMZ_PREFIX.len())
                .is_some_and(|prefix| prefix.eq_ignore_ascii_case(AMZ_PREFIX))
        };
        let all_signed = request
            .headers
            .iter()
            .filter(|header| is_amz(header.0))
            .all(|header| is_signed(&self.signed_headers, header.0));
        if all_signed { Ok(()) } else { Err(AuthenticationError::mismatch()) }
    }
}

/// `^([a-z]+-){2,3}\d+$`
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=3).contains(&words.split('-').count())
        && words.split('-').all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn basic_after(now: Timestamp, seconds: i64) -> String {
    format_basic(now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now))
}

fn duration_text(seconds: i64) -> String {
    match seconds % 60 {
        0 => format!("{} min", seconds / 60),
        _ => format!("{seconds} sec"),
    }
}

/// How far the clocks of client and service may be apart.
const SKEW_SECONDS: i64 = 5 * 60;
/// Headers with this prefix speak to AWS and must be signed.
const AMZ_PREFIX: &str = "x-amz-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_two_or_three_words_and_a_number() {
        for region in ["us-east-1", "ap-southeast-12", "us-gov-west-1", "eusc-de-east-1"] {
            assert!(is_region(region), "{region}");
        }
        let wrong = [
            "",
            "us",
            "us-1",
            "us-east",
            "us-east-",
            "us--1",
            "-east-1",
            "US-east-1",
            "us-east-1a",
            "us-east-1 ",
            "a-b-c-d-1",
            "us_east-1",
            "us-east-\u{661}",
        ];
        for region in wrong {
            assert!(!is_region(region), "{region}");
        }
    }
}
