//! Requests to other servers: outgoing-request, wasi:http/outgoing-handler, and the answers. Whether
//! one may go out is the host's to say.

use super::fields::{self, Fields};
use super::http::{declared_length, tell};
use super::link::Link;
use super::state::*;
use super::types::{ErrorCode, Method, Scheme};
use crate::run::Stop;
use wasmtime::component::Resource;

type Done<T> = Result<T, Stop>;
type Headers = Resource<Fields>;
type Outgoing = Resource<OutgoingRequest>;
type Options = Resource<RequestOptions>;
type Future = Resource<FutureResponse>;
type Response = Resource<IncomingResponse>;

const AUTHORITY_BYTES_MAX: usize = 256;
const PATH_BYTES_MAX: usize = 8 << 10;

pub fn types(link: &mut Link<'_>) -> wasmtime::Result<()> {
    request(link)?;
    options(link)?;
    response(link)
}

// The request

fn request(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[constructor]outgoing-request", |p, (headers,): (Headers,)| {
        let fields = p.take(headers)?.list().to_vec();
        let declared = declared_length(&fields);
        let number = p.new_call(fields, declared)?;
        p.push(OutgoingRequest {
            number,
            method: Method::Get,
            scheme: None,
            authority: None,
            path_with_query: None,
            body_taken: false,
        })
    })?;
    link.func("[method]outgoing-request.body", |p, (this,): (Outgoing,)| {
        let request = p.get(&this)?;
        if std::mem::replace(&mut request.body_taken, true) {
            return Ok(Err(()));
        }
        let number = request.number;
        p.begin_call_body(number)?;
        p.push(OutgoingBody { sink: Sink::Call(number), streamed: false }).map(Ok)
    })?;
    link.func("[method]outgoing-request.headers", |p, (this,): (Outgoing,)| {
        let number = p.get(&this)?.number;
        let list = p.call_fields(number)?;
        p.push_fields(Fields::given(list))
    })?;
    link.func("[method]outgoing-request.method", |p, (this,): (Outgoing,)| Ok(p.get(&this)?.method.clone()))?;
    link.func("[method]outgoing-request.set-method", |p, (this, method): (Outgoing, Method)| {
        if let Method::Other(name) = &method {
            p.hold(name.len())?;
            if fields::name_of(name).is_none() {
                return Ok(Err(()));
            }
        }
        p.get(&this)?.method = method;
        Ok(Ok(()))
    })?;
    link.func("[method]outgoing-request.scheme", |p, (this,): (Outgoing,)| Ok(p.get(&this)?.scheme.clone()))?;
    link.func("[method]outgoing-request.set-scheme", |p, (this, scheme): (Outgoing, Option<Scheme>)| {
        if let Some(Scheme::Other(name)) = &scheme {
            p.hold(name.len())?;
        }
        p.get(&this)?.scheme = scheme;
        Ok(Ok::<_, ()>(()))
    })?;
    link.func("[method]outgoing-request.authority", |p, (this,): (Outgoing,)| {
        let authority = p.get(&this)?.authority.clone();
        tell(p, authority)
    })?;
    link.func("[method]outgoing-request.set-authority", |p, (this, text): (Outgoing, Option<String>)| {
        let text = keep(p, text)?;
        p.get(&this)?.authority = text;
        Ok(Ok::<_, ()>(()))
    })?;
    link.func("[method]outgoing-request.path-with-query", |p, (this,): (Outgoing,)| {
        let path = p.get(&this)?.path_with_query.clone();
        tell(p, path)
    })?;
    link.func(
        "[method]outgoing-request.set-path-with-query",
        |p, (this, text): (Outgoing, Option<String>)| {
            let text = keep(p, text)?;
            p.get(&this)?.path_with_query = text;
            Ok(Ok::<_, ()>(()))
        },
    )
}

/// A text taken from the guest, paid for and accounted for.
fn keep(p: &mut Proxy, text: Option<String>) -> Done<Option<String>> {
    let bytes = text.as_ref().map_or(0, String::len);
    p.world.charge_bytes(bytes as u64)?;
    p.hold(bytes)?;
    Ok(text)
}

fn options(link: &mut Link<'_>) -> wasmtime::Result<()> {
    type Place = fn(&mut RequestOptions) -> &mut Option<u64>;
    let places: [(&str, Place); 3] = [
        ("connect-timeout", |o| &mut o.connect),
        ("first-byte-timeout", |o| &mut o.first_byte),
        ("between-bytes-timeout", |o| &mut o.between_bytes),
    ];
    link.func("[constructor]request-options", |p, (): ()| p.push(RequestOptions::default()))?;
    for (name, place) in places {
        let get = format!("[method]request-options.{name}");
        link.func(&get, move |p, (this,): (Options,)| Ok(*place(p.get(&this)?)))?;
        let set = format!("[method]request-options.set-{name}");
        link.func(&set, move |p, (this, time): (Options, Option<u64>)| {
            *place(p.get(&this)?) = time;
            Ok(Ok::<_, ()>(()))
        })?;
    }
    Ok(())
}

// Sending it

pub fn handler(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("handle", |p, (request, options): (Outgoing, Option<Options>)| {
        let request = p.take(request)?;
        let options = options.map(|options| p.take(options)).transpose()?.unwrap_or_default();
        if !p.world.host.sends() {
            return Ok(Err(ErrorCode::HttpRequestDenied));
        }
        let (number, target) = (request.number, target(request));
        let (tls, authority, path_with_query, method) = match target {
            Ok(target) => target,
            Err(code) => return Ok(Err(code)),
        };
        p.world.charge_bytes((authority.len() + path_with_query.len()) as u64)?;
        let ms = |ns: Option<u64>| ns.map(|ns| ns.div_ceil(1_000_000));
        p.hand_over(number, |out| {
            out.method = method;
            out.tls = tls;
            out.authority = authority;
            out.path_with_query = path_with_query;
            out.connect_ms = ms(options.connect);
            out.first_byte_ms = ms(options.first_byte);
            out.between_bytes_ms = ms(options.between_bytes);
        })?;
        p.push(FutureResponse { number, taken: false }).map(Ok)
    })
}

/// Whether TLS, authority, path, method; what a server would take them for must not be open to
/// argument.
fn target(request: OutgoingRequest) -> Result<(bool, String, String, String), ErrorCode> {
    let tls = match request.scheme {
        None | Some(Scheme::Https) => true,
        Some(Scheme::Http) => false,
        Some(Scheme::Other(_)) => return Err(ErrorCode::HttpProtocolError),
    };
    let authority = request.authority.unwrap_or_default();
    let host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if authority.is_empty() || authority.len() > AUTHORITY_BYTES_MAX || !authority.bytes().all(host) {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    let path = request.path_with_query.filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    if path.len() > PATH_BYTES_MAX {
        return Err(ErrorCode::HttpRequestUriTooLong);
    }
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    let method = request.method.name();
    if matches!(request.method, Method::Connect | Method::Trace) || method.len() > fields::METHOD_BYTES_MAX {
        return Err(ErrorCode::HttpRequestMethodInvalid);
    }
    Ok((tls, authority, path, method))
}

// The answer

fn response(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[method]future-incoming-response.subscribe", |p, (this,): (Future,)| {
        let number = p.get(&this)?.number;
        p.push(Pollable::Answer(number))
    })?;
    link.func("[method]future-incoming-response.get", |p, (this,): (Future,)| {
        let future = p.get(&this)?;
        let number = future.number;
        if future.taken {
            return Ok(Some(Err(())));
        }
        if !p.await_call(number)? {
            return Ok(None);
        }
        p.get(&this)?.taken = true;
        Ok(Some(Ok(match p.answered(number)? {
            Err(code) => Err(code),
            Ok((status, fields)) => {
                p.hold(fields::bytes_of(&fields))?;
                Ok(p.push(IncomingResponse { number, status, fields, consumed: false })?)
            }
        })))
    })?;
    link.func("[method]incoming-response.status", |p, (this,): (Response,)| Ok(p.get(&this)?.status))?;
    link.func("[method]incoming-response.headers", |p, (this,): (Response,)| {
        let list = p.get(&this)?.fields.clone();
        p.push_fields(Fields::given(list))
    })?;
    link.func("[method]incoming-response.consume", |p, (this,): (Response,)| {
        let response = p.get(&this)?;
        if std::mem::replace(&mut response.consumed, true) {
            return Ok(Err(()));
        }
        let source = Source::Answer(response.number);
        p.push(IncomingBody { source, streamed: false }).map(Ok)
    })
}
