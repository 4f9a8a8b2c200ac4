//! What a component's store holds during a run: its world, the things that it has handles to, and
//! how far its answer is.

use super::calls::Calls;
use super::fields::{self, Field, Fields};
use super::types::{ErrorCode, Method, Scheme};
use crate::limits::MemoryLimiter;
use crate::profile::{COMPONENT_HELD_BYTES_MAX, RESOURCES_MAX};
use crate::run::{Kind, Outcome, Stop};
use crate::wasi::World;
use std::any::Any;
use std::collections::BTreeMap;
use wasmtime::component::{Resource, ResourceTable};

pub struct IoError;
/// What no guest ever has a handle to: files, sockets, terminals.
pub struct Never;
/// The answer to a request to another server, once it is there. See `calls` for the numbers.
pub struct FutureResponse {
    pub number: u32,
    pub taken: bool,
}
pub struct IncomingResponse {
    pub number: u32,
    pub status: u16,
    pub fields: Vec<Field>,
    pub consumed: bool,
}
pub struct Outparam;
pub struct FutureTrailers {
    pub taken: bool,
}
#[derive(Clone, Copy)]
pub enum Pollable {
    Ready,
    /// When it is due on the virtual clock.
    Due(u64),
    /// When the request to another server with that number is answered.
    Answer(u32),
}
pub enum InputStream {
    Of(Source),
    Empty,
}
/// Where what is read comes from: the body of the request that came, or of the answer to one that
/// was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Request,
    Answer(u32),
}
pub struct OutputStream(pub Sink);
/// Where what is written goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    Log,
    /// The body of a request to another server, by its number.
    Call(u32),
    /// The body of an answer, by its number.
    Answer(u32),
}
pub struct IncomingRequest {
    pub method: Method,
    pub scheme: Option<Scheme>,
    pub authority: Option<String>,
    pub path_with_query: Option<String>,
    pub fields: Vec<Field>,
    pub consumed: bool,
}
pub struct IncomingBody {
    pub source: Source,
    pub streamed: bool,
}
pub struct OutgoingRequest {
    pub number: u32,
    pub method: Method,
    pub scheme: Option<Scheme>,
    pub authority: Option<String>,
    pub path_with_query: Option<String>,
    pub body_taken: bool,
}
#[derive(Default)]
pub struct RequestOptions {
    pub connect: Option<u64>,
    pub first_byte: Option<u64>,
    pub between_bytes: Option<u64>,
}
pub struct OutgoingResponse {
    pub status: u16,
    pub fields: Vec<Field>,
    /// Its number, once the guest has asked for it.
    pub body: Option<u32>,
}
/// The one store.
pub struct Bucket;
/// Of a value that is to be swapped if it is still what it was.
pub struct Cas {
    pub key: String,
    /// The SHA-256 of what was there; none: nothing.
    pub expected: Option<[u8; 32]>,
}
pub struct OutgoingBody {
    pub sink: Sink,
    pub streamed: bool,
}

/// A body of an answer: what was written before it was known whether it is the one.
#[derive(Default)]
struct Body {
    waiting: Vec<u8>,
    written: u64,
    declared: Option<u64>,
    closed: bool,
}

/// How far the answer is.
enum Answer {
    None,
    /// The head is out; None where no body was asked for.
    Head(Option<u32>),
    Error(String),
}

pub struct Proxy {
    pub(crate) world: World,
    pub(crate) limiter: MemoryLimiter,
    pub(crate) table: ResourceTable,
    /// The handler has been called.
    pub(crate) began: bool,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(super) calls: Calls,
    /// So far.
    pub(super) keyvalue_calls: u32,
    /// Where lists of keys can go on, by the numbers that the guest was given.
    pub(super) cursors: Vec<String>,
    held_bytes: u64,
    bodies: BTreeMap<u32, Body>,
    waiting_bytes: u64,
    answer: Answer,
}

impl Proxy {
    pub fn new(world: World, limiter: MemoryLimiter, args: Vec<Vec<u8>>, env: Vec<Vec<u8>>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pair = |entry: &Vec<u8>| {
            let at = entry.iter().position(|byte| *byte == b'=').unwrap_or(entry.len());
            (text(&entry[..at]), text(entry.get(at + 1..).unwrap_or_default()))
        };
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        Self {
            world,
            limiter,
            table,
            began: false,
            args: args.iter().map(|arg| text(arg)).collect(),
            env: env.iter().map(pair).collect(),
            calls: Calls::default(),
            keyvalue_calls: 0,
            cursors: Vec::new(),
            held_bytes: 0,
            bodies: BTreeMap::new(),
            waiting_bytes: 0,
            answer: Answer::None,
        }
    }

    // Handles

    pub fn push<T: Send + 'static>(&mut self, entry: T) -> Result<Resource<T>, Stop> {
        let full = |_| Stop::Guest(format!("holds more than {RESOURCES_MAX} resources"));
        self.table.push(entry).map_err(full)
    }

    pub fn get<T: 'static>(&mut self, handle: &Resource<T>) -> Result<&mut T, Stop> {
        self.table.get_mut(handle).map_err(|_| Stop::Guest("a handle to nothing".into()))
    }

    pub fn take<T: Send + 'static>(&mut self, handle: Resource<T>) -> Result<T, Stop> {
        self.table.delete(handle).map_err(|_| Stop::Guest("a handle to nothing".into()))
    }

    /// Counts what the host keeps for the guest. Never given back, so that the bound holds whatever
    /// the guest does.
    pub fn hold(&mut self, bytes: usize) -> Result<(), Stop> {
        self.held_bytes = self.held_bytes.saturating_add(bytes as u64);
        if self.held_bytes <= COMPONENT_HELD_BYTES_MAX {
            return Ok(());
        }
        Err(Stop::Guest(format!("has the host keep more than {COMPONENT_HELD_BYTES_MAX} bytes for it")))
    }

    /// A handle to a list of fields, accounted for.
    pub fn push_fields(&mut self, fields: Fields) -> Result<Resource<Fields>, Stop> {
        let bytes = fields::bytes_of(fields.list());
        self.world.charge_bytes(bytes as u64)?;
        self.hold(bytes + 64 * fields.list().len())?;
        self.push(fields)
    }

    // The answer

    /// A new body of an answer that has said its length, or not.
    pub fn new_body(&mut self, declared: Option<u64>) -> Result<u32, Stop> {
        self.hold(256)?;
        let number = self.bodies.len() as u32;
        self.bodies.insert(number, Body { declared, ..Body::default() });
        Ok(number)
    }

    /// The guest has said which answer it is. Called once: there is one outparam.
    pub fn answer(&mut self, response: Result<OutgoingResponse, ErrorCode>) -> Result<(), Stop> {
        let response = match response {
            Ok(response) => response,
            Err(code) => {
                self.answer = Answer::Error(format!("{code:?}").chars().take(200).collect());
                return Ok(());
            }
        };
        self.world.charge_bytes(fields::bytes_of(&response.fields) as u64)?;
        self.world.host.head(response.status, &response.fields).map_err(|_| Stop::Aborted)?;
        self.world.check_wall()?;
        self.answer = Answer::Head(response.body);
        let body = response.body.and_then(|number| self.bodies.get_mut(&number));
        let waiting = body.map(|body| std::mem::take(&mut body.waiting)).unwrap_or_default();
        // What waits for another answer will never be asked for.
        self.bodies.values_mut().for_each(|body| body.waiting = Vec::new());
        self.waiting_bytes = 0;
        if waiting.is_empty() { Ok(()) } else { self.world.write(&waiting) }
    }

    /// Writes to a stream; false when it is closed.
    pub fn write(&mut self, sink: Sink, bytes: &[u8]) -> Result<bool, Stop> {
        self.world.charge_bytes(bytes.len() as u64)?;
        let number = match sink {
            Sink::Log => return self.world.log(bytes).map(|()| true),
            Sink::Call(number) => return self.write_call_body(number, bytes),
            Sink::Answer(number) => number,
        };
        if self.bodies.get(&number).is_none_or(|body| body.closed) {
            return Ok(false);
        }
        if !self.world.has_room(self.waiting_bytes.saturating_add(bytes.len() as u64)) {
            return Err(Stop::Output);
        }
        let Some(body) = self.bodies.get_mut(&number) else { return Ok(false) };
        body.written += bytes.len() as u64;
        match self.answer {
            Answer::None => {
                body.waiting.extend_from_slice(bytes);
                self.waiting_bytes += bytes.len() as u64;
            }
            Answer::Head(Some(sent)) if sent == number && !bytes.is_empty() => self.world.write(bytes)?,
            _ => {}
        }
        Ok(true)
    }

    /// The body is whole. Err where it is not as long as its head has said.
    pub fn finish(&mut self, sink: Sink) -> Result<Result<(), ErrorCode>, Stop> {
        let number = match sink {
            Sink::Log => return Ok(Ok(())),
            Sink::Call(number) => return self.finish_call_body(number),
            Sink::Answer(number) => number,
        };
        let Some(body) = self.bodies.get_mut(&number) else { return Ok(Ok(())) };
        if body.declared.is_some_and(|declared| declared != body.written) {
            return Ok(Err(ErrorCode::HttpResponseBodySize(Some(body.written))));
        }
        body.closed = true;
        Ok(Ok(()))
    }

    /// What a source holds is not wanted any more.
    pub fn let_go(&mut self, source: Source) {
        if let Source::Answer(number) = source {
            self.drop_answer(number);
        }
    }

    /// The guest has dropped a handle.
    pub fn dropped(&mut self, thing: &dyn Any) {
        if let Some(body) = thing.downcast_ref::<OutgoingBody>()
            && let Sink::Call(number) = body.sink
        {
            self.abandon_call_body(number);
        } else if let Some(body) = thing.downcast_ref::<IncomingBody>() {
            self.let_go(body.source);
        } else if let Some(response) = thing.downcast_ref::<IncomingResponse>()
            && !response.consumed
        {
            self.drop_answer(response.number);
        }
    }

    /// A run that went to its end is good only if there is a whole answer.
    pub fn judge(&self, outcome: &mut Outcome) {
        if outcome.kind != Kind::Exited || outcome.exit_code != 0 {
            return;
        }
        let fault = match &self.answer {
            Answer::None => "it ended without an answer (response-outparam.set was not called)".to_owned(),
            Answer::Error(code) => format!("it answered with the error {code}"),
            Answer::Head(Some(number)) if !self.bodies[number].closed => {
                "it ended before its answer's body was finished (outgoing-body.finish)".to_owned()
            }
            Answer::Head(_) => return,
        };
        outcome.exit_code = 1;
        outcome.message = fault;
    }
}
