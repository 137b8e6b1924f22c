//! Amazon Resource Names, taken apart; whether one names something that exists is not known here.

/// The parts of an ARN: `arn:partition:service:region:account:resource`.
///
/// AWS: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// Such as `aws` or `aws-cn`.
    pub partition: &'a str,
    /// `iam`, `sts`, `kms` and so on.
    pub service: &'a str,
    /// Empty for IAM and STS.
    pub region: &'a str,
    /// 12 digits, as a rule.
    pub account: &'a str,
    /// The rest, which may have colons of its own.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`, unjudged; `None` if there are fewer than six.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts() {
        let arn = Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:x:*").unwrap();
        assert_eq!(arn.partition, "aws");
        assert_eq!(arn.service, "logs");
        assert_eq!(arn.region, "eu-west-1");
        assert_eq!(arn.account, "111122223333");
        assert_eq!(arn.resource, "log-group:x:*");
        for text in ["", "arn", "*", "arn:aws:iam::111122223333", "ARN:aws:iam::1:root", "x:::::y"]
        {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
