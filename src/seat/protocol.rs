//! What goes over the socket: frames, and the values in them.
//!
//! A frame is its length (four bytes, big endian, what follows), its kind (one byte: 0 words, 1 bytes of a file) and its content; words
//! are one JSON value. The first frame of a seat is [`Asked::Hello`], the first of the desk [`Told::Welcome`] or [`Told::Refused`].
//! What is asked carries a number that its answer repeats; answers come in any order.

use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::desk::authority::Authority;
use crate::desk::command::{Command, Refusal};
use crate::desk::files::Attachment;
use crate::desk::ids::{AgentName, CommandId};
use crate::engine::handle::{Answer, Receipt, Request};
use crate::engine::views::{Revision, View, ViewRequest};

/// Rises whenever one end would not understand the other.
pub(super) const VERSION: u32 = 2;

/// A frame of a seat is no longer than this: a long text, a query, a part of a file.
pub(super) const MOST_ASKED: usize = 1 << 20;

/// A frame of the desk is no longer than this: a large view.
pub(super) const MOST_TOLD: usize = 64 << 20;

/// Files go in parts of this many bytes.
pub(super) const PART: usize = 256 << 10;

/// Said by a seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub(super) enum Asked {
    /// Always first.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// The program's version, for people.
        program: String,
        /// Who the seat says it is; believed only of those who may be anybody.
        agent: Option<AgentName>,
    },
    /// Carry out a command.
    Submit { number: u64, id: CommandId, command: Box<Command> },
    /// Read a view.
    Read {
        number: u64,
        request: ViewRequest,
        #[serde(default)]
        urgent: bool,
    },
    /// Keep a file for a reply; its bytes follow.
    Put { number: u64, name: String, size: u64 },
    /// Forget such a file.
    Forget { file: Attachment },
    /// Send a file of the cache, by its name there.
    Get { number: u64, name: String },
    /// Something about the desk as a whole.
    Operate { number: u64, request: Request },
}

/// Said by the desk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "told")]
pub(super) enum Told {
    /// The seat is in.
    Welcome { version: u32, program: String, desk: String, agent: AgentName, authority: Authority, pid: u32 },
    /// The seat is not let in, and the connection ends.
    Refused { version: u32, why: String },
    /// The answer to `Submit`.
    Done { number: u64, result: Result<Receipt, Refusal> },
    /// The answer to `Read`.
    View { number: u64, view: Box<View> },
    /// Something has changed.
    Revision { revision: Revision },
    /// The answer to `Put`.
    Kept { number: u64, result: Result<Attachment, String> },
    /// The answer to `Get`: so many bytes follow, or a reason why none do.
    File { number: u64, size: Result<u64, String> },
    /// The answer to `Operate`.
    Operated { number: u64, result: Result<Answer, String> },
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A JSON value.
    Words(Vec<u8>),
    /// A part of a file.
    Bytes(Vec<u8>),
}

/// What is wrong with a frame.
#[derive(Debug, Error)]
pub(super) enum FrameError {
    /// Its length is none, or too much.
    #[error("a frame of {0} bytes")]
    Length(usize),
    /// Its kind is unknown.
    #[error("a frame of kind {0}")]
    Kind(u8),
    /// Its words are no value that is known.
    #[error("{0}")]
    Words(#[from] serde_json::Error),
    /// A request that is none. What it says is not repeated: it may be a password.
    #[error("words that are no request")]
    NoRequest,
    /// It is longer than the other end takes.
    #[error("{0} bytes, and at most {MOST_ASKED} are taken")]
    Long(usize),
    /// The stream ended, or broke.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Frame {
    /// Puts a value into a frame.
    pub(super) fn of(value: &impl Serialize) -> Result<Frame, FrameError> {
        Ok(Frame::Words(serde_json::to_vec(value)?))
    }

    /// Puts what a seat says into a frame.
    pub(super) fn asked(asked: &Asked) -> Result<Frame, FrameError> {
        match Frame::of(asked)? {
            Frame::Words(words) if words.len() > MOST_ASKED => Err(FrameError::Long(words.len())),
            frame => Ok(frame),
        }
    }

    /// Takes what a seat says out of a frame.
    pub(super) fn request(&self) -> Result<Asked, FrameError> {
        self.value().map_err(|_| FrameError::NoRequest)
    }

    /// Takes the value out of a frame.
    pub(super) fn value<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        match self {
            Frame::Words(words) => Ok(serde_json::from_slice(words)?),
            Frame::Bytes(_) => Err(FrameError::Kind(1)),
        }
    }
}

/// Reads a frame of at most `most` bytes; `None` at the end of the stream.
///
/// # Errors
/// A length that is none or too much, an unknown kind, a stream that ends in the middle.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), most: usize) -> Result<Option<Frame>, FrameError> {
    let mut head = [0_u8; 4];
    if stream.read(&mut head[..1]).await? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut head[1..]).await?;
    let length = u32::from_be_bytes(head) as usize;
    if length == 0 || length > most + 1 {
        return Err(FrameError::Length(length));
    }
    let kind = stream.read_u8().await?;
    // Memory is taken as bytes come, not as they are announced.
    let mut content = Vec::with_capacity((length - 1).min(PART));
    stream.take(length as u64 - 1).read_to_end(&mut content).await?;
    if content.len() < length - 1 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    match kind {
        0 => Ok(Some(Frame::Words(content))),
        1 => Ok(Some(Frame::Bytes(content))),
        other => Err(FrameError::Kind(other)),
    }
}

/// Writes a frame.
///
/// # Errors
/// The stream's.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    let (kind, content) = match frame {
        Frame::Words(content) => (0_u8, content),
        Frame::Bytes(content) => (1, content),
    };
    let length = u32::try_from(content.len() + 1).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&[kind]).await?;
    stream.write_all(content).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(future)
    }

    fn read_all(mut bytes: &[u8]) -> Vec<Result<Option<Frame>, String>> {
        wait(async {
            let mut all = Vec::new();
            loop {
                let one = read(&mut bytes, 1000).await.map_err(|error| error.to_string());
                let goes_on = matches!(one, Ok(Some(_)));
                all.push(one);
                if !goes_on {
                    return all;
                }
            }
        })
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let hello = Asked::Hello { version: 1, program: "x".to_owned(), agent: None };
        let frames = [Frame::of(&hello).expect("frames"), Frame::Bytes(vec![7; 900]), Frame::Bytes(Vec::new())];
        let mut bytes = Vec::new();
        for frame in &frames {
            wait(write(&mut bytes, frame)).expect("writes");
        }
        let all = read_all(&bytes);
        assert_eq!(all, [frames.map(|frame| Ok(Some(frame))).to_vec(), vec![Ok(None)]].concat());
        assert_eq!(frames_value(&bytes), hello);
    }

    fn frames_value(bytes: &[u8]) -> Asked {
        match read_all(bytes).remove(0) {
            Ok(Some(frame)) => frame.value().expect("a value"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_frame_is_said() {
        for (bytes, why) in [
            (&[0, 0, 0, 0][..], "a frame of 0 bytes"),
            (&[0xff, 0xff, 0xff, 0xff, 0], "a frame of 4294967295 bytes"),
            (&[0, 0, 0, 2, 9, 1], "a frame of kind 9"),
            (&[0, 0, 0, 9, 0, 1], "unexpected end of file"),
            (&[0, 0], "early eof"),
        ] {
            assert_eq!(read_all(bytes), [Err(why.to_owned())], "{bytes:?}");
        }
        let frame = Frame::Words(b"{\"ask\":\"everything\"}".to_vec());
        assert!(frame.request().is_err());
        // Nor is what somebody has typed in it, wherever it stands.
        for wrong in [
            r#"{"ask":"operate","number":"hunter2","request":{"operation":"logout"}}"#,
            r#"{"ask":"operate","number":1,"request":{"operation":"login","login":"hunter2"}}"#,
            r#"{"ask":"operate","number":1,"request":"hunter2"}"#,
        ] {
            let said = Frame::Words(wrong.as_bytes().to_vec()).request().expect_err("no request");
            assert!(!format!("{said} {said:?}").contains("hunter2"), "{said:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for frame in read_all(&bytes).into_iter().flatten().flatten() {
                let _asked = frame.value::<Asked>();
                let _told = frame.value::<Told>();
            }
            let words = Frame::Words(bytes);
            let _asked = words.value::<Asked>();
        }

        #[test]
        fn values_that_are_nearly_right_are_read_without_a_panic(
            which in any::<prop::sample::Index>(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut words = which.get(&samples()).clone();
            for (at, how, byte) in changes {
                let at = at.index(words.len());
                match how {
                    0 => words[at] = byte,
                    1 => words.insert(at, byte),
                    2 => drop(words.remove(at)),
                    // A value in the place of another, or twice.
                    _ => {
                        let from = usize::from(byte).min(at);
                        let copy = words[from..at].to_vec();
                        words.splice(at..at, copy);
                    }
                }
                if words.is_empty() {
                    words.push(byte);
                }
            }
            let mut bytes = Vec::new();
            wait(write(&mut bytes, &Frame::Words(words))).expect("writes");
            let most = bytes.len() - 5;
            for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
                let mut stream = bytes;
                if let Ok(Some(frame)) = wait(read(&mut stream, most)) {
                    // What can be read at all is read the same again.
                    if let Ok(asked) = frame.value::<Asked>() {
                        prop_assert_eq!(Frame::of(&asked).expect("frames").value::<Asked>().expect("reads"), asked);
                    }
                    if let Ok(told) = frame.value::<Told>() {
                        prop_assert_eq!(Frame::of(&told).expect("frames").value::<Told>().expect("reads"), told);
                    }
                }
            }
        }
    }

    /// One of each kind that is asked and told.
    fn samples() -> Vec<Vec<u8>> {
        let id = || CommandId("c".to_owned());
        let ticket =
            crate::desk::ids::TicketKey { group: crate::desk::ids::GroupId(77), topic: crate::desk::ids::TopicId(5) };
        let written = crate::clock::Timestamp::from_millis(0);
        let file = Attachment { stored: "1".to_owned(), name: "a.pdf".to_owned(), size: 3, written };
        let reply = Command::Reply {
            ticket,
            text: "dear \u{1f600}".to_owned(),
            reply_to: None,
            hold: true,
            seen: None,
            file: Some(file.clone()),
            along: Default::default(),
        };
        let look = Command::Look { screen: crate::desk::ids::ScreenId(9), ticket: Some(ticket) };
        let asked = [
            Asked::Hello { version: 1, program: "x".to_owned(), agent: Some(AgentName::from("anna")) },
            Asked::Submit { number: 1, id: id(), command: Box::new(reply) },
            Asked::Submit { number: 2, id: id(), command: Box::new(look) },
            Asked::Read { number: 3, request: ViewRequest::Activity { ticket }, urgent: true },
            Asked::Put { number: 4, name: "a.pdf".to_owned(), size: 3 },
            Asked::Forget { file: file.clone() },
            Asked::Get { number: 5, name: "1-2".to_owned() },
            Asked::Operate { number: 6, request: Request::Backup { to: "/tmp/x".into() } },
        ];
        let refused = Refusal::Senseless("no".to_owned());
        let told = [
            Told::Welcome {
                version: 1,
                program: "x".to_owned(),
                desk: "Shop".to_owned(),
                agent: AgentName::from("anna"),
                authority: Authority::Lead,
                pid: 7,
            },
            Told::Refused { version: 1, why: "no".to_owned() },
            Told::Done { number: 1, result: Ok(Receipt::default()) },
            Told::Done { number: 2, result: Err(refused) },
            Told::View { number: 3, view: Box::new(View::Unreadable { why: "no".to_owned() }) },
            Told::Revision { revision: Revision { all: true, ..Revision::default() } },
            Told::Kept { number: 4, result: Ok(file) },
            Told::File { number: 5, size: Ok(3) },
            Told::Operated { number: 6, result: Ok(Answer::Done { said: "copied".to_owned() }) },
        ];
        let frames = asked.iter().map(Frame::of).chain(told.iter().map(Frame::of));
        let words = frames.map(|frame| match frame.expect("frames") {
            Frame::Words(words) | Frame::Bytes(words) => words,
        });
        // Deeper than any stack, if it were not refused.
        words.chain([[b"{\"told\":".repeat(50_000), b"[".repeat(50_000)].concat()]).collect()
    }
}
