//! Answers in XML, as the query protocol has them.

/// An answer under way.
pub(super) struct Xml {
    text: String,
    open: Vec<String>,
}

impl Xml {
    /// Begins the answer to an action: what comes next is in its result.
    pub(super) fn response(action: &str) -> Self {
        let mut xml = Self::root(&format!("{action}Response"));
        xml.begin(&format!("{action}Result"));
        xml
    }

    /// Begins an answer with this root element.
    pub(super) fn root(name: &str) -> Self {
        let text = format!("<{name} xmlns=\"{NAMESPACE}\">\n");
        Self { text, open: vec![name.to_owned()] }
    }

    /// Begins an element with elements in it.
    pub(super) fn begin(&mut self, name: &str) {
        self.indent();
        self.push(&["<", name, ">\n"]);
        self.open.push(name.to_owned());
    }

    /// Ends what was begun last.
    pub(super) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.push(&["</", &name, ">\n"]);
        }
    }

    /// An element with a text in it.
    pub(super) fn leaf(&mut self, name: &str, value: &str) {
        self.indent();
        self.push(&["<", name, ">"]);
        push_escaped(&mut self.text, value);
        self.push(&["</", name, ">\n"]);
    }

    /// Ends the result and the answer.
    pub(super) fn with_metadata(mut self, request_id: &str) -> String {
        self.end();
        self.begin("ResponseMetadata");
        self.leaf("RequestId", request_id);
        self.finish()
    }

    /// Ends all that was begun.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text
    }

    fn push(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.open.len()));
    }
}

/// Appends a text. Characters that XML 1.0 cannot hold are replaced.
fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\0'..=' ' if character != ' ' => out.push(char::REPLACEMENT_CHARACTER),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
    }
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_its_result_and_metadata() {
        let mut xml = Xml::response("GetCallerIdentity");
        xml.leaf("Account", "111122223333");
        xml.begin("Nested");
        xml.leaf("Empty", "");
        xml.end();
        let expected = "\
<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <GetCallerIdentityResult>
    <Account>111122223333</Account>
    <Nested>
      <Empty></Empty>
    </Nested>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>id</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
";
        assert_eq!(xml.with_metadata("id"), expected);
    }

    #[test]
    fn texts_stay_texts() {
        let mut text = String::new();
        push_escaped(&mut text, "<a b=\"c\" d='e'>&amp;\r\n\t ä\u{1f511}");
        let expected = "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;&#13;\n\t ä\u{1f511}";
        assert_eq!(text, expected);
        text.clear();
        push_escaped(&mut text, "\0\u{1}\u{1f}\u{fffe}\u{ffff}");
        assert_eq!(text, "\u{fffd}".repeat(5));
    }
}
