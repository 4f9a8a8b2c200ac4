//! wasi:io, wasi:clocks, wasi:random and wasi:cli: streams, waiting, time, chance, environment. Of
//! wasi:filesystem and wasi:sockets nothing is here, so `Link` refuses it.

use super::link::Link;
use super::state::*;
use super::types::{DateTime, StreamError};
use crate::run::Stop;
use crate::wasi::world::CLOCK_READ_NS;
use wasmtime::component::Resource;

type Done<T> = Result<T, Stop>;
type Streamed<T> = Result<T, StreamError>;
type Input = Resource<InputStream>;
type Output = Resource<OutputStream>;

/// The most that one read gives; it fills this unless the body ends.
const READ_BYTES_MAX: u64 = 64 << 10;
/// What `check-write` always allows.
const WRITE_BYTES_MAX: u64 = 64 << 10;
const RANDOM_BYTES_MAX: u64 = 16 << 20;
const POLLABLES_MAX: usize = 4096;

pub fn define(interface: &str, link: &mut Link<'_>) -> wasmtime::Result<()> {
    match interface {
        "wasi:io/error" => {
            link.func("[method]error.to-debug-string", |_, _: (Resource<IoError>,)| Ok("failed".to_owned()))
        }
        "wasi:io/poll" => poll(link),
        "wasi:io/streams" => input(link).and_then(|()| output(link)),
        "wasi:clocks/monotonic-clock" => monotonic(link),
        "wasi:clocks/wall-clock" => wall(link),
        "wasi:random/random" => random(link, "get-random-bytes", "get-random-u64"),
        "wasi:random/insecure" => random(link, "get-insecure-random-bytes", "get-insecure-random-u64"),
        "wasi:random/insecure-seed" => {
            link.func("insecure-seed", |p, (): ()| Ok((random_u64(p)?, random_u64(p)?)))
        }
        "wasi:cli/environment" => environment(link),
        "wasi:cli/exit" => exit(link),
        "wasi:cli/stdin" => link.func("get-stdin", |p, (): ()| p.push(InputStream::Empty)),
        "wasi:cli/stdout" => link.func("get-stdout", |p, (): ()| p.push(OutputStream(Sink::Log))),
        "wasi:cli/stderr" => link.func("get-stderr", |p, (): ()| p.push(OutputStream(Sink::Log))),
        _ => Ok(()),
    }
}

// Waiting: streams are always ready, since a read waits itself; waiting for time moves the clock.

fn poll(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[method]pollable.ready", |p, (this,): (Resource<Pollable>,)| match *p.get(&this)? {
        Pollable::Ready => Ok(true),
        Pollable::Due(due) => Ok(due <= p.world.monotonic_ns()),
        Pollable::Answer(number) => p.await_call(number),
    })?;
    link.proc("[method]pollable.block", |p, (this,): (Resource<Pollable>,)| {
        let pollable = *p.get(&this)?;
        wait(p, &[pollable]).map(|_| ())
    })?;
    link.func("poll", |p, (list,): (Vec<Resource<Pollable>>,)| {
        if list.is_empty() || list.len() > POLLABLES_MAX {
            return Err(Stop::Guest(format!("polls for {} things; 1 to {POLLABLES_MAX} can be", list.len())));
        }
        p.world.charge_bytes(8 * list.len() as u64)?;
        let pollables = list.iter().map(|each| p.get(each).copied()).collect::<Done<Vec<_>>>()?;
        wait(p, &pollables)
    })
}

/// The places of those that are ready. Answers of other servers are waited for, which takes none of
/// the guest's time; only where nothing else is ready, the clock moves to the first timer.
fn wait(p: &mut Proxy, pollables: &[Pollable]) -> Done<Vec<u32>> {
    let mut ready = Vec::new();
    for (pollable, place) in pollables.iter().zip(0u32..) {
        let is_ready = match pollable {
            Pollable::Ready => true,
            Pollable::Due(_) => false,
            Pollable::Answer(number) => p.await_call(*number)?,
        };
        if is_ready {
            ready.push(place);
        }
    }
    let dues = |pollable: &Pollable| if let Pollable::Due(due) = pollable { Some(*due) } else { None };
    if ready.is_empty() {
        let Some(first) = pollables.iter().filter_map(dues).min() else {
            let text = "waits for the answer to a request whose body it has not finished";
            return Err(Stop::Guest(text.into()));
        };
        p.world.sleep_until(first);
    }
    let now = p.world.now_ns();
    let due = pollables.iter().zip(0u32..).filter(|(each, _)| dues(each).is_some_and(|due| due <= now));
    ready.extend(due.map(|(_, place)| place));
    ready.sort_unstable();
    Ok(ready)
}

fn monotonic(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("now", |p, (): ()| Ok(p.world.monotonic_ns()))?;
    link.func("resolution", |_, (): ()| Ok(CLOCK_READ_NS))?;
    link.func("subscribe-instant", |p, (due,): (u64,)| p.push(Pollable::Due(due)))?;
    link.func("subscribe-duration", |p, (time,): (u64,)| {
        let due = p.world.now_ns().saturating_add(time);
        p.push(Pollable::Due(due))
    })
}

fn wall(link: &mut Link<'_>) -> wasmtime::Result<()> {
    let time = |ns: u64| DateTime { seconds: ns / 1_000_000_000, nanoseconds: (ns % 1_000_000_000) as u32 };
    link.func("now", move |p, (): ()| Ok(time(p.world.wall_ns())))?;
    link.func("resolution", move |_, (): ()| Ok(time(CLOCK_READ_NS)))
}

fn random_u64(p: &mut Proxy) -> Done<u64> {
    let mut bytes = [0; 8];
    p.world.random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn random(link: &mut Link<'_>, bytes: &str, number: &str) -> wasmtime::Result<()> {
    link.func(bytes, |p, (length,): (u64,)| {
        if length > RANDOM_BYTES_MAX {
            return Err(Stop::Guest(format!("asks for {length} random bytes at once")));
        }
        p.world.charge_bytes(0)?;
        let mut out = vec![0; length as usize];
        p.world.random(&mut out)?;
        Ok(out)
    })?;
    link.func(number, |p, (): ()| random_u64(p))
}

// Streams

fn read(p: &mut Proxy, this: &Input, length: u64) -> Done<Streamed<Vec<u8>>> {
    let InputStream::Of(source) = p.get(this)? else {
        return Ok(Err(StreamError::Closed));
    };
    let wanted = length.min(READ_BYTES_MAX) as usize;
    let bytes = match *source {
        Source::Request => read_body(p, wanted)?,
        Source::Answer(number) => p.read_answer(number, wanted)?,
    };
    p.world.charge_bytes(bytes.len() as u64)?;
    Ok(if bytes.is_empty() && length > 0 { Err(StreamError::Closed) } else { Ok(bytes) })
}

fn read_body(p: &mut Proxy, wanted: usize) -> Done<Vec<u8>> {
    let mut bytes = vec![0; wanted];
    let got = p.world.fill(&mut bytes)?;
    bytes.truncate(got);
    p.world.stdin_bytes += got as u64;
    Ok(bytes)
}

fn skip(p: &mut Proxy, this: &Input, length: u64) -> Done<Streamed<u64>> {
    Ok(read(p, this, length)?.map(|bytes| bytes.len() as u64))
}

fn input(link: &mut Link<'_>) -> wasmtime::Result<()> {
    for name in ["[method]input-stream.read", "[method]input-stream.blocking-read"] {
        link.func(name, |p, (this, length): (Input, u64)| read(p, &this, length))?;
    }
    for name in ["[method]input-stream.skip", "[method]input-stream.blocking-skip"] {
        link.func(name, |p, (this, length): (Input, u64)| skip(p, &this, length))?;
    }
    link.func("[method]input-stream.subscribe", |p, _: (Input,)| p.push(Pollable::Ready))
}

fn write(p: &mut Proxy, this: &Output, bytes: &[u8]) -> Done<Streamed<()>> {
    let sink = p.get(this)?.0;
    Ok(if p.write(sink, bytes)? { Ok(()) } else { Err(StreamError::Closed) })
}

fn write_zeroes(p: &mut Proxy, this: &Output, length: u64) -> Done<Streamed<()>> {
    if length > WRITE_BYTES_MAX {
        return Err(Stop::Guest("writes more zeroes at once than check-write allows".into()));
    }
    write(p, this, &vec![0; length as usize])
}

fn splice(p: &mut Proxy, this: &Output, from: &Input, length: u64) -> Done<Streamed<u64>> {
    let bytes = match read(p, from, length)? {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error)),
    };
    Ok(write(p, this, &bytes)?.map(|()| bytes.len() as u64))
}

fn output(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[method]output-stream.check-write", |p, (this,): (Output,)| {
        let sink = p.get(&this)?.0;
        Ok(if p.write(sink, &[])? { Ok(WRITE_BYTES_MAX) } else { Err(StreamError::Closed) })
    })?;
    for name in ["[method]output-stream.write", "[method]output-stream.blocking-write-and-flush"] {
        link.func(name, |p, (this, bytes): (Output, Vec<u8>)| write(p, &this, &bytes))?;
    }
    for name in ["[method]output-stream.flush", "[method]output-stream.blocking-flush"] {
        link.func(name, |p, (this,): (Output,)| write(p, &this, &[]))?;
    }
    link.func("[method]output-stream.subscribe", |p, _: (Output,)| p.push(Pollable::Ready))?;
    for name in
        ["[method]output-stream.write-zeroes", "[method]output-stream.blocking-write-zeroes-and-flush"]
    {
        link.func(name, |p, (this, length): (Output, u64)| write_zeroes(p, &this, length))?;
    }
    for name in ["[method]output-stream.splice", "[method]output-stream.blocking-splice"] {
        link.func(name, |p, (this, from, length): (Output, Input, u64)| splice(p, &this, &from, length))?;
    }
    Ok(())
}

// The command line that there is not

fn environment(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("get-environment", |p, (): ()| {
        let bytes: usize = p.env.iter().map(|(name, value)| name.len() + value.len()).sum();
        p.world.charge_bytes(bytes as u64)?;
        Ok(p.env.clone())
    })?;
    link.func("get-arguments", |p, (): ()| {
        p.world.charge_bytes(p.args.iter().map(String::len).sum::<usize>() as u64)?;
        Ok(p.args.clone())
    })?;
    link.func("initial-cwd", |_, (): ()| Ok(None::<String>))
}

fn exit(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.proc("exit", |_, (status,): (Result<(), ()>,)| Err(Stop::Exit(status.is_err().into())))?;
    link.proc("exit-with-code", |_, (code,): (u8,)| Err(Stop::Exit(code.into())))
}
