//! `fog_wasm_run`: a request of the caller's, its callbacks as a `Host`, the outcome.

use super::layout::*;
use super::memory::*;
use crate::check::World;
use crate::engine::Module;
use crate::error::{Error, Result};
use crate::keyvalue::{KeyvalueCall, KeyvalueFault, KeyvalueReply, KeyvalueResult};
use crate::outbound::{OutboundAnswer, OutboundFault, OutboundReply, OutboundRequest};
use crate::proxy::HttpRequest;
use crate::run::{self, Host, HostCall, Limits, Outcome, Refused};
use std::ffi::c_void;

fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), size: bytes.len() }
}

fn pairs(fields: &[(String, Vec<u8>)]) -> Vec<Pair> {
    fields.iter().map(|(name, value)| Pair { name: slice(name.as_bytes()), value: slice(value) }).collect()
}

/// The caller's callbacks as a `Host`.
struct Callbacks {
    ctx: *mut c_void,
    read: Option<Read>,
    write: Write,
    log: Option<Write>,
    trace: Option<Trace>,
    head: Option<Head>,
    send: Option<SendCall>,
    receive: Option<ReceiveCall>,
    keyvalue: Option<KeepCall>,
}

// SAFETY: never leaves the thread that called fog_wasm_run, which the store does not know.
unsafe impl Send for Callbacks {}

impl Host for Callbacks {
    fn read(&mut self, buffer: &mut [u8]) -> std::result::Result<usize, Refused> {
        let Some(read) = self.read else { return Ok(0) };
        usize::try_from(read(self.ctx, buffer.as_mut_ptr(), buffer.len())).map_err(|_| Refused)
    }

    fn head(&mut self, status: u16, fields: &[(String, Vec<u8>)]) -> std::result::Result<(), Refused> {
        let Some(head) = self.head else { return Err(Refused) };
        let pairs = pairs(fields);
        if head(self.ctx, status.into(), pairs.as_ptr(), pairs.len()) == 0 { Ok(()) } else { Err(Refused) }
    }

    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused> {
        if (self.write)(self.ctx, bytes.as_ptr(), bytes.len()) == 0 { Ok(()) } else { Err(Refused) }
    }

    fn log(&mut self, bytes: &[u8]) -> std::result::Result<(), Refused> {
        match self.log {
            Some(log) if log(self.ctx, bytes.as_ptr(), bytes.len()) != 0 => Err(Refused),
            _ => Ok(()),
        }
    }

    fn sends(&self) -> bool {
        self.send.is_some() && self.receive.is_some()
    }

    fn send(&mut self, number: u32, request: &OutboundRequest) -> std::result::Result<(), Refused> {
        let Some(send) = self.send else { return Err(Refused) };
        let fields = pairs(&request.fields);
        let outbound = Outbound {
            method: slice(request.method.as_bytes()),
            authority: slice(request.authority.as_bytes()),
            path_with_query: slice(request.path_with_query.as_bytes()),
            fields: fields.as_ptr(),
            fields_count: fields.len(),
            body: slice(&request.body),
            tls: request.tls.into(),
            reserved: 0,
            connect_ms: request.connect_ms.unwrap_or(u64::MAX),
            first_byte_ms: request.first_byte_ms.unwrap_or(u64::MAX),
            between_bytes_ms: request.between_bytes_ms.unwrap_or(u64::MAX),
        };
        if send(self.ctx, number, &outbound) == 0 { Ok(()) } else { Err(Refused) }
    }

    fn receive(&mut self, number: u32) -> std::result::Result<OutboundReply, Refused> {
        let Some(receive) = self.receive else { return Err(Refused) };
        let nothing = Slice { data: std::ptr::null(), size: 0 };
        let mut reply =
            Reply { fault: 0, status: 0, fields: std::ptr::null(), fields_count: 0, body: nothing };
        if receive(self.ctx, number, &mut reply) != 0 {
            return Err(Refused);
        }
        if reply.fault != 0 {
            return Ok(Err(OutboundFault::of(reply.fault)));
        }
        // SAFETY: the caller's promise. What is wrong with it is the host's fault, not the guest's.
        Ok(unsafe { answer(&reply) }.map_err(|_| OutboundFault::Internal))
    }

    fn keeps(&self) -> bool {
        self.keyvalue.is_some()
    }

    fn keyvalue(&mut self, call: &KeyvalueCall) -> std::result::Result<KeyvalueResult, Refused> {
        let Some(keyvalue) = self.keyvalue else { return Err(Refused) };
        let entries = pairs(&call.entries);
        let out = Keyvalue {
            op: call.op as u32,
            reserved: 0,
            entries: entries.as_ptr(),
            entries_count: entries.len(),
            expected: call.expected.as_ref().map_or(std::ptr::null(), |hash| hash.as_ptr()),
            delta: call.delta,
        };
        let mut kept = Kept { fault: 0, reserved: 0, values: std::ptr::null(), values_count: 0, number: 0 };
        if keyvalue(self.ctx, &out, &mut kept) != 0 {
            return Err(Refused);
        }
        // SAFETY: the caller's promise. What is wrong with it is the host's fault, not the guest's.
        Ok(unsafe { kept_of(&kept) }.unwrap_or(Err(KeyvalueFault::Failed)))
    }

    fn wants_trace(&self) -> bool {
        self.trace.is_some()
    }

    fn trace(&mut self, call: &HostCall<'_>) {
        let Some(trace) = self.trace else { return };
        let call = Call {
            index: call.index,
            function: call.function,
            wasi_errno: call.errno,
            fuel_used: call.fuel_used,
            memory: call.memory.as_ptr(),
            memory_size: call.memory.len(),
            words: slice(call.words.as_bytes()),
        };
        trace(self.ctx, &call);
    }
}

/// # Safety
/// See `fog_wasm_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fog_wasm_run(
    module: *const Module,
    request: *const Request,
    outcome: *mut OutcomeOut,
    error: *mut FogError,
) -> i32 {
    guarded(error, || unsafe {
        let module = handle(module, "module")?;
        let request = take(request, 160, "request")?;
        let size = known_size(outcome, 592, "outcome")?;
        let write = request.write.ok_or_else(|| Error::argument("write is null"))?;
        if module.world() == World::HttpProxy && request.head.is_none() {
            return Err(Error::argument("head is null"));
        }
        let host = Callbacks {
            ctx: request.ctx,
            read: request.read,
            write,
            log: request.log,
            trace: request.trace,
            head: request.head,
            send: request.send,
            receive: request.receive,
            keyvalue: request.keyvalue,
        };
        let result = run::run(module, translate(&request)?, Box::new(host))?;
        put(outcome, &report(size, &result), size);
        Ok(())
    })
}

/// # Safety
/// The reply's values are the caller's.
unsafe fn kept_of(kept: &Kept) -> Result<KeyvalueResult> {
    // SAFETY: the caller's promise.
    let values = unsafe { list(kept.values, kept.values_count, "values")? };
    // SAFETY: the caller's promise.
    let values = values.iter().map(|value| unsafe {
        if value.data.is_null() {
            Ok(None)
        } else {
            bytes(*value, "a value").map(|value| Some(value.to_vec()))
        }
    });
    let values = values.collect::<Result<Vec<_>>>()?;
    Ok(match kept.fault {
        0 => Ok(KeyvalueReply { values, number: kept.number }),
        1 => Err(KeyvalueFault::Full),
        2 => Err(KeyvalueFault::TooLarge),
        3 => Err(KeyvalueFault::NotNumber),
        4 => Err(KeyvalueFault::Overflow),
        5 => {
            let now = values.into_iter().next().flatten();
            let hash = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes.as_slice()).ok();
            match now {
                None => Err(KeyvalueFault::Changed(None)),
                Some(now) => {
                    Err(hash(now).map_or(KeyvalueFault::Failed, |now| KeyvalueFault::Changed(Some(now))))
                }
            }
        }
        _ => Err(KeyvalueFault::Failed),
    })
}

/// # Safety
/// The reply's lists are the caller's.
unsafe fn answer(reply: &Reply) -> Result<OutboundAnswer> {
    // SAFETY: the caller's promise.
    let fields = unsafe { list(reply.fields, reply.fields_count, "fields")? };
    // SAFETY: the caller's promise.
    let fields = fields.iter().map(|pair| unsafe {
        let name = String::from_utf8_lossy(bytes(pair.name, "a field's name")?).into_owned();
        Ok((name, bytes(pair.value, "a field's value")?.to_vec()))
    });
    let status = u16::try_from(reply.status).map_err(|_| Error::argument("a status above 65535"))?;
    // SAFETY: the caller's promise.
    let body = unsafe { bytes(reply.body, "a body")? }.to_vec();
    Ok(OutboundAnswer { status, fields: fields.collect::<Result<_>>()?, body })
}

/// # Safety
/// The request's lists are the caller's.
unsafe fn translate(request: &Request) -> Result<run::Request> {
    // SAFETY: the caller's promise.
    let (args, env) = unsafe {
        (list(request.args, request.args_count, "args")?, list(request.env, request.env_count, "env")?)
    };
    // SAFETY: the caller's promise.
    let args = args.iter().map(|a| unsafe { bytes(*a, "an argument") }.map(<[u8]>::to_vec));
    // SAFETY: the caller's promise.
    let env = env.iter().map(|pair| unsafe {
        let (name, value) = (bytes(pair.name, "a name")?, bytes(pair.value, "a value")?);
        if name.is_empty() || name.contains(&b'=') {
            return Err(Error::argument("a variable's name is empty or holds '='"));
        }
        Ok([name, b"=", value].concat())
    });
    Ok(run::Request {
        args: args.collect::<Result<_>>()?,
        env: env.collect::<Result<_>>()?,
        limits: Limits {
            fuel_max: request.fuel_max,
            memory_bytes_max: request.memory_bytes_max,
            wall_ms_max: request.wall_ms_max,
            stdout_bytes_max: request.stdout_bytes_max,
            stderr_bytes_max: request.stderr_bytes_max,
        },
        wall_clock_ns: request.wall_clock_ns,
        seed: request.seed,
        // SAFETY: the caller's promise.
        http: unsafe { request.http.as_ref().map(|http| translate_http(http)).transpose()? },
    })
}

/// # Safety
/// The request's texts and lists are the caller's.
unsafe fn translate_http(http: &Http) -> Result<HttpRequest> {
    // SAFETY: the caller's promise.
    let text = |slice: Slice, name: &str| unsafe {
        // A stranger's bytes: what is no text must not fail the run.
        bytes(slice, name).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let optional = |slice: Slice, name: &str| {
        if slice.data.is_null() { Ok(None) } else { text(slice, name).map(Some) }
    };
    // SAFETY: the caller's promise.
    let fields = unsafe { list(http.fields, http.fields_count, "fields")? };
    // SAFETY: the caller's promise.
    let fields = fields.iter().map(|pair| unsafe {
        Ok((text(pair.name, "a field's name")?, bytes(pair.value, "a field's value")?.to_vec()))
    });
    Ok(HttpRequest {
        method: text(http.method, "method")?,
        scheme: optional(http.scheme, "scheme")?,
        authority: optional(http.authority, "authority")?,
        path_with_query: optional(http.path_with_query, "path_with_query")?,
        fields: fields.collect::<Result<_>>()?,
    })
}

fn report(size: usize, outcome: &Outcome) -> OutcomeOut {
    let mut message = [0; 512];
    put_text(&mut message, &outcome.message);
    OutcomeOut {
        size,
        kind: outcome.kind as u32,
        exit_code: outcome.exit_code,
        memory_denied: outcome.memory_denied.into(),
        stderr_cut: outcome.stderr_cut.into(),
        fuel_used: outcome.fuel_used,
        fuel_at_last_call: outcome.fuel_at_last_call,
        memory_peak_bytes: outcome.memory_peak_bytes,
        stdin_bytes: outcome.stdin_bytes,
        stdout_bytes: outcome.stdout_bytes,
        stderr_bytes: outcome.stderr_bytes,
        host_calls: outcome.host_calls,
        message,
    }
}
