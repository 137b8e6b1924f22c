//! The baseline: a bare hyper server that reads the body and answers with as many bytes as Trent.

use anyhow::Result;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Serves until killed. Announces itself as Trent does.
pub(crate) async fn serve(address: SocketAddr, reply_bytes: usize) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("Echo on http://{}\nReady.", listener.local_addr()?);
    let reply = Bytes::from(vec![b'x'; reply_bytes]);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let reply = reply.clone();
        let handler = service_fn(move |request| answer(request, reply.clone()));
        tokio::spawn(async move {
            // A client that goes away is none of our business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    reply: Bytes,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    Ok(Response::new(Full::new(reply)))
}
