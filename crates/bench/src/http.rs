//! A client of HTTP/1.1 that costs little: requests are bytes made beforehand, answers are read
//! as far as needed to find their end.

use anyhow::{Context as _, Result, ensure};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a whole request and returns the body of its answer, whose status must be 200.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await.context("sending a request")?;
        self.buffer.clear();
        let head = loop {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await.context("reading an answer")? > 0,
                "the server closed the connection instead of answering"
            );
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        let end = head.bytes + head.body_bytes;
        while self.buffer.len() < end {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await.context("reading an answer")? > 0,
                "the server closed the connection in the middle of an answer"
            );
        }
        ensure!(self.buffer.len() == end, "the server answered more than was asked");
        let body = &self.buffer[head.bytes..];
        ensure!(
            head.status == 200,
            "the server answered {} {} to {}",
            head.status,
            String::from_utf8_lossy(body),
            target(request)
        );
        Ok(body)
    }
}

/// What is to be known of the head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// `None`: it is not complete.
    fn parse(answer: &[u8]) -> Result<Option<Self>> {
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&answer[..end]).context("the head of an answer")?;
        let status = text
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .with_context(|| format!("not an answer of HTTP/1.1: `{text}`"))?;
        let body_bytes = text
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            })
            .with_context(|| format!("an answer without its length: `{text}`"))?;
        Ok(Some(Self { status, bytes: end + 4, body_bytes }))
    }
}

/// What a request is for, for messages.
fn target(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let target = text.lines().find(|line| line.starts_with("x-amz-target:"));
    target.or(text.lines().next()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let answer = b"HTTP/1.1 400 Bad Request\r\ndate: x\r\nContent-Length: 12\r\n\r\n{}";
        let head = Head { status: 400, bytes: answer.len() - 2, body_bytes: 12 };
        assert_eq!(Head::parse(answer).unwrap(), Some(head));
        assert_eq!(Head::parse(&answer[..20]).unwrap(), None);
        Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap_err();
        Head::parse(b"SSH-2.0\r\n\r\n").unwrap_err();
    }
}
