//! wasi:http/types for a component that answers one request: fields, the request that came, the
//! answer. What it sends to others is in `outbound`.

use super::fields::{self, Fault, Field, Fields};
use super::link::Link;
use super::outbound;
use super::state::*;
use super::types::{ErrorCode, HeaderError};
use crate::run::Stop;
use wasmtime::component::Resource;

type Done<T> = Result<T, Stop>;
type Headers = Resource<Fields>;
type Request = Resource<IncomingRequest>;
type Response = Resource<OutgoingResponse>;

pub fn define(interface: &str, link: &mut Link<'_>) -> wasmtime::Result<()> {
    match interface {
        "wasi:http/types" => {
            link.func("http-error-code", |_, _: (Resource<IoError>,)| Ok(None::<ErrorCode>))?;
            header_fields(link)?;
            incoming(link)?;
            outbound::types(link)?;
            response(link)
        }
        "wasi:http/outgoing-handler" => outbound::handler(link),
        _ => Ok(()),
    }
}

// Fields

fn typed(result: Result<(), Fault>) -> Done<Result<(), HeaderError>> {
    match result {
        Ok(()) => Ok(Ok(())),
        Err(Fault::Header(error)) => Ok(Err(error)),
        Err(Fault::Stop(stop)) => Err(stop),
    }
}

/// Pays for what a change of fields brings.
fn pay(p: &mut Proxy, name: &str, values: &[Vec<u8>]) -> Done<()> {
    let bytes = name.len() * values.len().max(1) + values.iter().map(Vec::len).sum::<usize>();
    p.world.charge_bytes(bytes as u64)?;
    p.hold(bytes + 64 * values.len())
}

fn from_list(p: &mut Proxy, list: Vec<Field>) -> Done<Result<Headers, HeaderError>> {
    let mut fields = Fields::default();
    for (name, value) in list {
        match typed(fields.append(&name, value))? {
            Ok(()) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    p.push_fields(fields).map(Ok)
}

fn header_fields(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[constructor]fields", |p, (): ()| p.push_fields(Fields::default()))?;
    link.func("[static]fields.from-list", |p, (list,): (Vec<Field>,)| from_list(p, list))?;
    link.func("[method]fields.get", |p, (this, name): (Headers, String)| {
        let values = p.get(&this)?.get(&name);
        p.world.charge_bytes((name.len() + values.iter().map(Vec::len).sum::<usize>()) as u64)?;
        Ok(values)
    })?;
    link.func("[method]fields.has", |p, (this, name): (Headers, String)| {
        p.world.charge_bytes(name.len() as u64)?;
        Ok(!p.get(&this)?.get(&name).is_empty())
    })?;
    link.func("[method]fields.set", |p, (this, name, values): (Headers, String, Vec<Vec<u8>>)| {
        pay(p, &name, &values)?;
        typed(p.get(&this)?.set(&name, values))
    })?;
    link.func("[method]fields.append", |p, (this, name, value): (Headers, String, Vec<u8>)| {
        let values = [value];
        pay(p, &name, &values)?;
        let [value] = values;
        typed(p.get(&this)?.append(&name, value))
    })?;
    link.func("[method]fields.delete", |p, (this, name): (Headers, String)| {
        p.world.charge_bytes(name.len() as u64)?;
        typed(p.get(&this)?.delete(&name))
    })?;
    link.func("[method]fields.entries", |p, (this,): (Headers,)| {
        let list = p.get(&this)?.list().to_vec();
        p.world.charge_bytes(fields::bytes_of(&list) as u64)?;
        Ok(list)
    })?;
    link.func("[method]fields.clone", |p, (this,): (Headers,)| {
        let mut copy = p.get(&this)?.clone();
        copy.immutable = false;
        p.push_fields(copy)
    })
}

/// A text given to the guest, paid for.
pub fn tell(p: &mut Proxy, text: Option<String>) -> Done<Option<String>> {
    p.world.charge_bytes(text.as_ref().map_or(0, String::len) as u64)?;
    Ok(text)
}

// The request that came

fn incoming(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[method]incoming-request.method", |p, (this,): (Request,)| Ok(p.get(&this)?.method.clone()))?;
    link.func("[method]incoming-request.path-with-query", |p, (this,): (Request,)| {
        let path = p.get(&this)?.path_with_query.clone();
        tell(p, path)
    })?;
    link.func("[method]incoming-request.scheme", |p, (this,): (Request,)| Ok(p.get(&this)?.scheme.clone()))?;
    link.func("[method]incoming-request.authority", |p, (this,): (Request,)| {
        let authority = p.get(&this)?.authority.clone();
        tell(p, authority)
    })?;
    link.func("[method]incoming-request.headers", |p, (this,): (Request,)| {
        let list = p.get(&this)?.fields.clone();
        p.push_fields(Fields::given(list))
    })?;
    link.func("[method]incoming-request.consume", |p, (this,): (Request,)| {
        if std::mem::replace(&mut p.get(&this)?.consumed, true) {
            return Ok(Err(()));
        }
        p.push(IncomingBody { source: Source::Request, streamed: false }).map(Ok)
    })?;
    link.func("[method]incoming-body.stream", |p, (this,): (Resource<IncomingBody>,)| {
        let body = p.get(&this)?;
        if std::mem::replace(&mut body.streamed, true) {
            return Ok(Err(()));
        }
        let source = body.source;
        p.push(InputStream::Of(source)).map(Ok)
    })?;
    link.func("[static]incoming-body.finish", |p, (this,): (Resource<IncomingBody>,)| {
        let body = p.take(this)?;
        p.let_go(body.source);
        p.push(FutureTrailers { taken: false })
    })?;
    link.func("[method]future-trailers.subscribe", |p, _: (Resource<FutureTrailers>,)| {
        p.push(Pollable::Ready)
    })?;
    link.func("[method]future-trailers.get", |p, (this,): (Resource<FutureTrailers>,)| {
        let taken = std::mem::replace(&mut p.get(&this)?.taken, true);
        let none: Result<Option<Headers>, ErrorCode> = Ok(None);
        Ok(Some(if taken { Err(()) } else { Ok(none) }))
    })
}

// The answer

fn response(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[constructor]outgoing-response", |p, (headers,): (Headers,)| {
        let fields = p.take(headers)?.list().to_vec();
        p.push(OutgoingResponse { status: 200, fields, body: None })
    })?;
    link.func("[method]outgoing-response.status-code", |p, (this,): (Response,)| Ok(p.get(&this)?.status))?;
    link.func("[method]outgoing-response.set-status-code", |p, (this, status): (Response, u16)| {
        if !(200..=599).contains(&status) {
            return Ok(Err(()));
        }
        p.get(&this)?.status = status;
        Ok(Ok(()))
    })?;
    link.func("[method]outgoing-response.headers", |p, (this,): (Response,)| {
        let list = p.get(&this)?.fields.clone();
        p.push_fields(Fields::given(list))
    })?;
    link.func("[method]outgoing-response.body", |p, (this,): (Response,)| {
        let response = p.get(&this)?;
        if response.body.is_some() {
            return Ok(Err(()));
        }
        let declared = declared_length(&response.fields);
        let number = p.new_body(declared)?;
        p.get(&this)?.body = Some(number);
        p.push(OutgoingBody { sink: Sink::Answer(number), streamed: false }).map(Ok)
    })?;
    link.func("[method]outgoing-body.write", |p, (this,): (Resource<OutgoingBody>,)| {
        let body = p.get(&this)?;
        if std::mem::replace(&mut body.streamed, true) {
            return Ok(Err(()));
        }
        let sink = body.sink;
        p.push(OutputStream(sink)).map(Ok)
    })?;
    // Trailers are dropped, as HTTP allows: the link to the gateway has none.
    link.func("[static]outgoing-body.finish", |p, args: (Resource<OutgoingBody>, Option<Headers>)| {
        let body = p.take(args.0)?;
        args.1.map(|trailers| p.take(trailers)).transpose()?;
        p.finish(body.sink)
    })?;
    link.proc(
        "[static]response-outparam.set",
        |p, (param, response): (Resource<Outparam>, Result<Response, ErrorCode>)| {
            p.take(param)?;
            let response = response.map(|response| p.take(response));
            match response {
                Ok(response) => {
                    let response = response?;
                    p.answer(Ok(response))
                }
                Err(code) => p.answer(Err(code)),
            }
        },
    )
}

/// What content-length says, where it is one number.
pub fn declared_length(list: &[Field]) -> Option<u64> {
    let (_, value) = list.iter().find(|(name, _)| name == "content-length")?;
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}
