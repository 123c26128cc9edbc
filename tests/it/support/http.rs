//! A web service on loopback that does what a test wants it to do, well or badly.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// Answers with a status line's rest, more header lines, and a body.
    Answers(&'static str, String, String),
    /// Answers only after so long.
    Slow(Duration, String),
    /// Sends bytes without an end.
    Endless,
    /// Says that so many bytes come.
    Announces(u64),
    /// Closes without a word.
    Hangs,
    /// Breaks off in the middle.
    Breaks,
}

impl Manner {
    pub(crate) fn right(body: &str) -> Manner {
        Manner::Answers("200 OK", String::new(), body.to_owned())
    }

    pub(crate) fn status(status: &'static str) -> Manner {
        Manner::Answers(status, String::new(), "[]".to_owned())
    }

    pub(crate) fn redirect(status: &'static str, to: &str) -> Manner {
        Manner::Answers(status, format!("Location: {to}\r\n"), String::new())
    }
}

/// The service; it ends with this value.
pub(crate) struct Site {
    pub(crate) port: u16,
    task: JoinHandle<()>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Starts one: each request takes the next manner, the last one stays.
    pub(crate) async fn start(manners: Vec<Manner>) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manners, log) = (manners.clone(), log.clone());
                tokio::spawn(async move {
                    // The client may have gone: that is what some tests are about.
                    let _gone = serve(stream, &manners, &log).await;
                });
            }
        });
        Site { port, task, heard }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/suggest?key=hunter2", self.port)
    }

    /// All requests so far, head and body.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, manners: &[Manner], log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => request.extend_from_slice(&buffer[..length]),
        }
    }
    let place = {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(String::from_utf8_lossy(&request).into_owned());
        log.len() - 1
    };
    let manner = manners.get(place).or(manners.last()).expect("one at least").clone();
    let whole = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n{body}", body.len())
    };
    match manner {
        Manner::Answers(status, more, body) => stream.write_all(whole(status, &more, &body).as_bytes()).await?,
        Manner::Slow(pause, body) => {
            tokio::time::sleep(pause).await;
            stream.write_all(whole("200 OK", "", &body).as_bytes()).await?;
        }
        Manner::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[").await?;
            loop {
                stream.write_all(&[b' '; 4096]).await?;
            }
        }
        Manner::Announces(length) => {
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes()).await?;
        }
        Manner::Hangs => {}
        Manner::Breaks => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"title\": \"a").await?,
    }
    stream.shutdown().await
}
