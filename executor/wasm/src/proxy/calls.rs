//! The requests to other servers that one run makes: those being written, on their way, answered.
//! All is bounded. A request goes out when it is whole and handed over; its answer is waited for
//! when the guest asks for it, so the order of events is the guest's own and a replay has the same.

use super::fields::Field;
use super::state::Proxy;
use super::types::{DnsErrorPayload, ErrorCode};
use crate::outbound::{OutboundAnswer, OutboundFault, OutboundReply, OutboundRequest};
use crate::profile::{OUTBOUND_BODY_BYTES_MAX, OUTBOUND_HELD_BYTES_MAX, OUTBOUND_MAX, OUTBOUND_PARALLEL_MAX};
use crate::run::Stop;
use std::collections::{BTreeMap, VecDeque};

/// Where a request's body is.
enum Stage {
    Writing,
    Whole,
    /// It will never be whole.
    Broken(ErrorCode),
}

struct Call {
    /// What goes out; its body grows while it is written.
    request: OutboundRequest,
    declared: Option<u64>,
    stage: Stage,
    handed_over: bool,
    in_flight: bool,
    reply: Option<Result<OutboundAnswer, ErrorCode>>,
    /// Of the answer's body, what has been read.
    read: usize,
}

#[derive(Default)]
pub struct Calls {
    calls: BTreeMap<u32, Call>,
    in_flight: VecDeque<u32>,
    sent: u32,
    /// Bodies in `calls`.
    held_bytes: u64,
}

impl Proxy {
    /// A new request; its body is empty until it is written to.
    pub fn new_call(&mut self, fields: Vec<Field>, declared: Option<u64>) -> Result<u32, Stop> {
        self.hold(256)?;
        let request = OutboundRequest {
            method: String::new(),
            tls: true,
            authority: String::new(),
            path_with_query: String::new(),
            fields,
            body: Vec::new(),
            connect_ms: None,
            first_byte_ms: None,
            between_bytes_ms: None,
        };
        let call = Call {
            request,
            declared,
            stage: Stage::Whole,
            handed_over: false,
            in_flight: false,
            reply: None,
            read: 0,
        };
        let number = self.calls.calls.len() as u32;
        self.calls.calls.insert(number, call);
        Ok(number)
    }

    fn call(&mut self, number: u32) -> Result<&mut Call, Stop> {
        self.calls.calls.get_mut(&number).ok_or_else(|| Stop::Guest("a request that is none".into()))
    }

    pub fn call_fields(&mut self, number: u32) -> Result<Vec<Field>, Stop> {
        Ok(self.call(number)?.request.fields.clone())
    }

    /// The guest is going to write a body.
    pub fn begin_call_body(&mut self, number: u32) -> Result<(), Stop> {
        self.call(number)?.stage = Stage::Writing;
        Ok(())
    }

    /// False where it takes no more.
    pub fn write_call_body(&mut self, number: u32, bytes: &[u8]) -> Result<bool, Stop> {
        let room = OUTBOUND_HELD_BYTES_MAX.saturating_sub(self.calls.held_bytes);
        let call = self.call(number)?;
        if !matches!(call.stage, Stage::Writing) {
            return Ok(false);
        }
        let size = (call.request.body.len() + bytes.len()) as u64;
        if size > OUTBOUND_BODY_BYTES_MAX || bytes.len() as u64 > room {
            call.stage = Stage::Broken(ErrorCode::HttpRequestBodySize(Some(size)));
            return Ok(false);
        }
        call.request.body.extend_from_slice(bytes);
        self.calls.held_bytes += bytes.len() as u64;
        Ok(true)
    }

    /// The body is whole. Err where it is not as long as the head has said, or has been cut.
    pub fn finish_call_body(&mut self, number: u32) -> Result<Result<(), ErrorCode>, Stop> {
        let call = self.call(number)?;
        let size = call.request.body.len() as u64;
        if matches!(call.stage, Stage::Writing) {
            call.stage = match call.declared {
                Some(declared) if declared != size => {
                    Stage::Broken(ErrorCode::HttpRequestBodySize(Some(size)))
                }
                _ => Stage::Whole,
            };
        }
        if let Stage::Broken(code) = &call.stage {
            return Ok(Err(code.clone()));
        }
        self.send_if_whole(number)?;
        Ok(Ok(()))
    }

    /// The guest has let go of a body that it did not finish: the request never goes out.
    pub fn abandon_call_body(&mut self, number: u32) {
        if let Some(call) = self.calls.calls.get_mut(&number)
            && matches!(call.stage, Stage::Writing)
        {
            call.stage = Stage::Broken(ErrorCode::ConnectionTerminated);
        }
    }

    /// The guest wants it sent. `fill` puts in what is known by now.
    pub fn hand_over(&mut self, number: u32, fill: impl FnOnce(&mut OutboundRequest)) -> Result<(), Stop> {
        let call = self.call(number)?;
        fill(&mut call.request);
        call.handed_over = true;
        self.send_if_whole(number)
    }

    fn send_if_whole(&mut self, number: u32) -> Result<(), Stop> {
        let call = self.call(number)?;
        if !call.handed_over || !matches!(call.stage, Stage::Whole) {
            return Ok(());
        }
        while self.calls.in_flight.len() >= OUTBOUND_PARALLEL_MAX
            && let Some(oldest) = self.calls.in_flight.front().copied()
        {
            self.receive(oldest)?;
        }
        let full = self.calls.sent >= OUTBOUND_MAX || self.calls.held_bytes >= OUTBOUND_HELD_BYTES_MAX;
        self.calls.sent += 1;
        let call = self.call(number)?;
        if full {
            call.reply = Some(Err(ErrorCode::ConnectionLimitReached));
            return Ok(());
        }
        call.in_flight = true;
        let body = std::mem::take(&mut call.request.body);
        let request = OutboundRequest { body, ..call.request.clone() };
        call.request.fields = Vec::new();
        self.calls.held_bytes -= request.body.len() as u64;
        self.calls.in_flight.push_back(number);
        self.world.host.send(number, &request).map_err(|_| Stop::Aborted)
    }

    /// Waits for the answer of a request that is on its way.
    fn receive(&mut self, number: u32) -> Result<(), Stop> {
        let reply = self.world.host.receive(number).map_err(|_| Stop::Aborted)?;
        self.world.check_wall()?;
        self.calls.in_flight.retain(|each| *each != number);
        let reply = checked(reply);
        let held = reply.as_ref().map_or(0, |answer| answer.body.len() as u64);
        self.calls.held_bytes += held;
        let call = self.call(number)?;
        call.in_flight = false;
        call.reply = Some(reply);
        Ok(())
    }

    /// Waits for the answer; false where there will be none before the guest does something more.
    pub fn await_call(&mut self, number: u32) -> Result<bool, Stop> {
        let call = self.call(number)?;
        if call.in_flight {
            self.receive(number)?;
            return Ok(true);
        }
        if let (true, None, Stage::Broken(code)) = (call.handed_over, &call.reply, &call.stage) {
            call.reply = Some(Err(code.clone()));
        }
        Ok(call.reply.is_some())
    }

    /// Status and fields of an answer that await_call has waited for.
    pub fn answered(&mut self, number: u32) -> Result<Result<(u16, Vec<Field>), ErrorCode>, Stop> {
        match &mut self.call(number)?.reply {
            Some(Ok(answer)) => Ok(Ok((answer.status, std::mem::take(&mut answer.fields)))),
            Some(Err(code)) => Ok(Err(code.clone())),
            None => Err(Stop::Host("an answer that was not waited for".into())),
        }
    }

    /// Fills the buffer from the answer's body as far as that goes.
    pub fn read_answer(&mut self, number: u32, length: usize) -> Result<Vec<u8>, Stop> {
        let call = self.call(number)?;
        let Some(Ok(answer)) = &call.reply else { return Ok(Vec::new()) };
        let rest = &answer.body[call.read..];
        let bytes = rest[..rest.len().min(length)].to_vec();
        call.read += bytes.len();
        Ok(bytes)
    }

    /// The guest will not read the answer's body any more.
    pub fn drop_answer(&mut self, number: u32) {
        let Some(call) = self.calls.calls.get_mut(&number) else { return };
        let Some(Ok(answer)) = &mut call.reply else { return };
        self.calls.held_bytes -= std::mem::take(&mut answer.body).len() as u64;
        call.read = 0;
    }
}

/// The answer as a guest may see it: a Host that hands over more than its bounds is at fault.
fn checked(reply: OutboundReply) -> Result<OutboundAnswer, ErrorCode> {
    let mut answer = reply.map_err(code_of)?;
    if answer.body.len() as u64 > OUTBOUND_BODY_BYTES_MAX {
        return Err(code_of(OutboundFault::BodyTooLarge));
    }
    for (name, _) in &mut answer.fields {
        name.make_ascii_lowercase();
    }
    Ok(answer)
}

fn code_of(fault: OutboundFault) -> ErrorCode {
    match fault {
        OutboundFault::Denied => ErrorCode::HttpRequestDenied,
        OutboundFault::DnsTimeout => ErrorCode::DnsTimeout,
        OutboundFault::DnsError => ErrorCode::DnsError(DnsErrorPayload { rcode: None, info_code: None }),
        OutboundFault::Prohibited => ErrorCode::DestinationIpProhibited,
        OutboundFault::Refused => ErrorCode::ConnectionRefused,
        OutboundFault::Unavailable => ErrorCode::DestinationUnavailable,
        OutboundFault::ConnectTimeout => ErrorCode::ConnectionTimeout,
        OutboundFault::Terminated => ErrorCode::ConnectionTerminated,
        OutboundFault::ResponseTimeout => ErrorCode::HttpResponseTimeout,
        OutboundFault::ReadTimeout => ErrorCode::ConnectionReadTimeout,
        OutboundFault::TlsProtocol => ErrorCode::TlsProtocolError,
        OutboundFault::TlsCertificate => ErrorCode::TlsCertificateError,
        OutboundFault::HeadTooLarge => ErrorCode::HttpResponseHeaderSectionSize(None),
        OutboundFault::BodyTooLarge => ErrorCode::HttpResponseBodySize(None),
        OutboundFault::Incomplete => ErrorCode::HttpResponseIncomplete,
        OutboundFault::Protocol => ErrorCode::HttpProtocolError,
        OutboundFault::Limit => ErrorCode::ConnectionLimitReached,
        OutboundFault::Internal => ErrorCode::InternalError(None),
    }
}
