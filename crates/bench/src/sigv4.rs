//! Signs requests with AWS Signature Version 4.
//!
//! AWS: IAM User Guide, "Create a signed AWS API request"
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use aws_lc_rs::{digest, hmac};

/// Who signs, when, and for what.
pub(crate) struct Scope<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) secret: &'a str,
    /// `YYYYMMDDTHHMMSSZ`
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl Scope<'_> {
    /// The `Authorization` header of a `POST /` with these headers, which are in lower case and
    /// in order.
    pub(crate) fn authorization(&self, headers: &[(&str, &str)], body: &[u8]) -> String {
        let day = self.date.split('T').next().unwrap_or_default();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String =
            headers.iter().flat_map(|(name, value)| [name, ":", value, "\n"]).collect();
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(body));
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign =
            format!("{ALGORITHM}\n{}\n{scope}\n{}", self.date, sha256(canonical.as_bytes()));
        let mut key = hmac_sha256(format!("AWS4{}", self.secret).as_bytes(), day);
        for part in [self.region, self.service, "aws4_request"] {
            key = hmac_sha256(key.as_ref(), part);
        }
        let signature = hex::encode(hmac_sha256(key.as_ref(), &to_sign));
        format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key_id
        )
    }
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

#[cfg(test)]
mod tests {
    use super::*;

    /// `post-vanilla` and `post-x-www-form-urlencoded` of AWS's test suite for Signature
    /// Version 4.
    #[test]
    fn signs_as_aws_does() {
        let scope = Scope {
            access_key_id: "AKIDEXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            date: "20150830T123600Z",
            region: "us-east-1",
            service: "service",
        };
        let host = ("host", "example.amazonaws.com");
        let date = ("x-amz-date", scope.date);
        assert_eq!(
            scope.authorization(&[host, date], b""),
            "AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = ("content-type", "application/x-www-form-urlencoded");
        let authorization = scope.authorization(&[form, host, date], b"Param1=value1");
        let signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a";
        assert!(authorization.ends_with(signature), "{authorization}");
    }
}
