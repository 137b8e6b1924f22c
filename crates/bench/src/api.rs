//! Trent as its clients see it: signed requests, and answers.

use crate::http::Connection;
use crate::load::{Clients, End, Outcome};
use crate::machine;
use crate::process::{Pinning, Server};
use crate::sigv4::Scope;
use crate::stats::Round;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// A running Trent, with a connection for single calls.
pub(crate) struct Trent {
    pub(crate) server: Server,
    connection: Connection,
}

impl Trent {
    /// Starts `trent dev`, which verifies the signatures of our access key.
    pub(crate) async fn start(
        pinning: Pinning,
        binary: &Path,
        data_dir: Option<&Path>,
    ) -> Result<Self> {
        let access_key = format!("{ACCESS_KEY_ID}:{SECRET}");
        let mut arguments = vec!["--access-key", access_key.as_str()];
        if let Some(path) = data_dir {
            arguments.extend(["--data-dir", path.to_str().context("a path that is not text")?]);
        }
        Self::start_with(pinning, binary, &arguments).await
    }

    /// Starts `trent dev` with these arguments, which make it know our access key.
    pub(crate) async fn start_with(
        pinning: Pinning,
        binary: &Path,
        arguments: &[&str],
    ) -> Result<Self> {
        let arguments = [&["dev", "--listen", "127.0.0.1:0"], arguments].concat();
        let server = Server::start(pinning, binary, &arguments).await?;
        let connection = Connection::open(server.address).await?;
        Ok(Self { server, connection })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Signs a request.
    pub(crate) fn request(&self, operation: &str, body: &Value) -> Vec<u8> {
        let host = self.address().to_string();
        let date = machine::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let target = format!("TrentService.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", &host),
            ("x-amz-date", &date),
            ("x-amz-target", &target),
        ];
        let scope = Scope {
            access_key_id: ACCESS_KEY_ID,
            secret: SECRET,
            date: &date,
            region: "us-east-1",
            service: "kms",
        };
        let body = body.to_string();
        let authorization = scope.authorization(&headers, body.as_bytes());
        let mut head = String::from("POST / HTTP/1.1\r\n");
        let length = body.len().to_string();
        let others = [("authorization", authorization.as_str()), ("content-length", &length)];
        for (name, value) in headers.iter().chain(&others) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        (head + "\r\n" + &body).into_bytes()
    }

    /// Sends one request, for the body of its answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.connection.send(request).await
    }

    /// Does one operation.
    pub(crate) async fn call(&mut self, operation: &str, body: &Value) -> Result<Value> {
        let request = self.request(operation, body);
        let answer = self.send(&request).await?;
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(answer).with_context(|| format!("the answer to {operation}"))
    }

    /// Moves the clock on; what becomes due happens before the answer.
    pub(crate) async fn advance(&mut self, period: &str) -> Result<()> {
        let body = json!({ "advance": period }).to_string();
        let request = format!(
            "POST /_trent/clock HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address(),
            body.len()
        );
        self.send(request.as_bytes()).await?;
        Ok(())
    }

    /// The ids of keys, at most `count`.
    pub(crate) async fn list_keys(&mut self, count: usize) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut request = json!({ "Limit": 1000 });
        loop {
            let page = self.call("ListKeys", &request).await?;
            let listed = page["Keys"].as_array().context("ListKeys answered no keys")?;
            keys.extend(listed.iter().filter_map(|key| Some(key["KeyId"].as_str()?.to_owned())));
            if keys.len() >= count || page["Truncated"] != true {
                keys.truncate(count);
                return Ok(keys);
            }
            request["Marker"] = page["NextMarker"].clone();
        }
    }

    /// Creates keys with many clients.
    pub(crate) async fn create_keys(&mut self, mut count: usize) -> Result<Vec<Outcome>> {
        let mut clients = Clients::connect(self.address(), CLIENTS_MANY).await?;
        let mut outcomes = Vec::new();
        while count > 0 {
            // Signed anew from time to time: a signature is valid for minutes.
            let requests = Arc::from([self.request("CreateKey", &json!({}))]);
            let some = count.min(CREATED_PER_SIGNATURE);
            outcomes.push(clients.run(&requests, End::Requests(some)).await?);
            count -= some;
        }
        // The server does not wait that long for a request.
        self.connection = Connection::open(self.address()).await?;
        Ok(outcomes)
    }
}

/// One round of load, with the CPU time that the server spent on it.
pub(crate) async fn round(
    server: &Server,
    clients: &mut Clients,
    requests: &Arc<[Vec<u8>]>,
    end: End,
) -> Result<Round> {
    let before = server.cpu_time()?;
    let Outcome { elapsed, latencies } = clients.run(requests, end).await?;
    let cpu = server.cpu_time()?.saturating_sub(before);
    Ok(Round::new(elapsed, cpu, latencies))
}

/// Where many clients write at once.
pub(crate) const CLIENTS_MANY: usize = 64;

const CREATED_PER_SIGNATURE: usize = 5_000;

pub(crate) const ACCESS_KEY_ID: &str = "AKIDBENCH00000000000";
pub(crate) const SECRET: &str = "not/a/secret+of/anybody";
