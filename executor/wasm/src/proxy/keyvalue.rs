//! `wasi:keyvalue` in its drafts 0.2.0-draft and 0.2.0-draft2: one store, which the host keeps. Every
//! call is bounded and charged here, so that what a guest sees depends on the host's answers alone.
//!
//! The drafts differ in a few types, and draft2 in itself, since it was changed without a new name:
//! so each function is linked as the component's own type says.

use super::link::Link;
use super::state::{Bucket, Cas, Proxy};
use crate::keyvalue::{KeyvalueCall, KeyvalueFault, KeyvalueOp, KeyvalueReply};
use crate::profile::{
    KEYVALUE_BATCH_MAX, KEYVALUE_CALL_BYTES_MAX, KEYVALUE_CALL_FUEL, KEYVALUE_CALLS_MAX,
    KEYVALUE_KEY_BYTES_MAX, KEYVALUE_VALUE_BYTES_MAX, KEYVALUE_WRITTEN_BYTE_FUEL,
};
use crate::run::Stop;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum StoreError {
    #[component(name = "no-such-store")]
    NoSuchStore,
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "other")]
    Other(String),
}

#[derive(Debug, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum CasError {
    #[component(name = "store-error")]
    StoreError(StoreError),
    #[component(name = "cas-failed")]
    CasFailed(Resource<Cas>),
}

#[derive(Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub struct KeyResponse {
    pub keys: Vec<String>,
    pub cursor: Option<String>,
}

#[derive(Debug, ComponentType, Lift, Lower)]
#[component(record)]
pub struct NumberedKeyResponse {
    pub keys: Vec<String>,
    pub cursor: Option<u64>,
}

type Done<T> = Result<T, Stop>;
/// What a guest is told.
type Told<T> = Result<T, StoreError>;
type This = Resource<Bucket>;
type Bytes = Vec<u8>;

fn other<T>(text: impl Into<String>) -> Told<T> {
    Err(StoreError::Other(text.into()))
}

// The calls

fn call(op: KeyvalueOp, entries: Vec<(String, Bytes)>) -> KeyvalueCall {
    KeyvalueCall { op, entries, expected: None, delta: 0 }
}

fn keys_of(keys: Vec<String>) -> Vec<(String, Bytes)> {
    keys.into_iter().map(|key| (key, Bytes::new())).collect()
}

/// Within bounds, or why not; and its bytes.
fn measure(call: &KeyvalueCall) -> Told<u64> {
    if call.entries.len() > KEYVALUE_BATCH_MAX {
        return other(format!("more than {KEYVALUE_BATCH_MAX} keys at once"));
    }
    let mut bytes = 0;
    for (key, value) in &call.entries {
        if key.is_empty() || key.len() > KEYVALUE_KEY_BYTES_MAX {
            return other(format!("a key must have 1 to {KEYVALUE_KEY_BYTES_MAX} bytes"));
        }
        if value.len() > KEYVALUE_VALUE_BYTES_MAX {
            return other(format!("a value may have {KEYVALUE_VALUE_BYTES_MAX} bytes at most"));
        }
        bytes += key.len() + value.len();
    }
    if bytes > KEYVALUE_CALL_BYTES_MAX {
        return other(format!("more than {KEYVALUE_CALL_BYTES_MAX} bytes at once"));
    }
    Ok(bytes as u64)
}

impl Proxy {
    /// Asks the host. Err within: what the guest is told; a swap that met another value: Changed.
    fn keep(&mut self, call: &KeyvalueCall) -> Done<Told<Result<KeyvalueReply, Option<[u8; 32]>>>> {
        let bytes = match measure(call) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        if self.keyvalue_calls >= KEYVALUE_CALLS_MAX {
            return Ok(other(format!("more than {KEYVALUE_CALLS_MAX} calls in one request")));
        }
        self.keyvalue_calls += 1;
        let writes = matches!(call.op, KeyvalueOp::Set | KeyvalueOp::Swap);
        let each = if writes { KEYVALUE_WRITTEN_BYTE_FUEL } else { 1 };
        self.world.charge(KEYVALUE_CALL_FUEL + bytes * each)?;
        let reply = self.world.host.keyvalue(call).map_err(|_| Stop::Aborted)?;
        self.world.check_wall()?;
        let reply = match reply {
            Ok(reply) => reply,
            Err(KeyvalueFault::Changed(now)) => return Ok(Ok(Err(now))),
            Err(fault) => return Ok(other(words_of(&fault))),
        };
        let bytes: usize = reply.values.iter().flatten().map(Vec::len).sum();
        self.world.charge_bytes(bytes as u64)?;
        let given = match call.op {
            KeyvalueOp::Get => reply.values.len() == call.entries.len(),
            KeyvalueOp::List => reply.values.len() <= KEYVALUE_BATCH_MAX,
            _ => reply.values.is_empty(),
        };
        if !given || bytes > KEYVALUE_CALL_BYTES_MAX {
            return Err(Stop::Host("the key-value store gave something else than asked for".into()));
        }
        Ok(Ok(Ok(reply)))
    }

    /// As keep, of calls that no other value can thwart.
    fn ask(&mut self, call: &KeyvalueCall) -> Done<Told<KeyvalueReply>> {
        Ok(match self.keep(call)? {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => return Err(Stop::Host("the key-value store compared what was not to be".into())),
            Err(error) => Err(error),
        })
    }

    fn look_up(&mut self, key: String) -> Done<Told<Option<Bytes>>> {
        let reply = self.ask(&call(KeyvalueOp::Get, vec![(key, Bytes::new())]))?;
        Ok(reply.map(|mut reply| reply.values.pop().flatten()))
    }

    fn push_cas(&mut self, key: String, expected: Option<[u8; 32]>) -> Done<Resource<Cas>> {
        self.hold(key.len() + 64)?;
        self.push(Cas { key, expected })
    }
}

fn words_of(fault: &KeyvalueFault) -> &'static str {
    match fault {
        KeyvalueFault::Full => "the store is full: it has the size that the manifest gives it",
        KeyvalueFault::TooLarge => "the values are too many bytes for one call: ask for fewer keys",
        KeyvalueFault::NotNumber => "the value is not a whole number in decimal",
        KeyvalueFault::Overflow => "the number would be too large",
        KeyvalueFault::Changed(_) => "another value is there",
        KeyvalueFault::Failed => "the Host's disk failed",
    }
}

fn hash_of(value: &Option<Bytes>) -> Option<[u8; 32]> {
    value.as_ref().map(|value| Sha256::digest(value).into())
}

// The component's own types

/// The type of a function of the interface, if it is there.
fn function(engine: &Engine, ty: &ComponentInstance, name: &str) -> Option<ComponentFunc> {
    match ty.get_export(engine, name)?.ty {
        ComponentItem::ComponentFunc(function) => Some(function),
        _ => None,
    }
}

fn param(function: Option<ComponentFunc>, place: usize) -> Option<Type> {
    function?.params().nth(place).map(|(_, ty)| ty)
}

/// Whether what a good result lists are pairs, and not options of pairs.
fn lists_pairs(function: Option<ComponentFunc>) -> bool {
    let result = function.and_then(|function| function.results().next());
    let Some(Type::Result(result)) = result else { return false };
    let Some(Type::List(list)) = result.ok() else { return false };
    matches!(list.ty(), Type::Tuple(_))
}

pub fn define(
    engine: &Engine,
    interface: &str,
    ty: &ComponentInstance,
    link: &mut Link<'_>,
) -> wasmtime::Result<()> {
    let of = |name: &str| function(engine, ty, name);
    match interface {
        "wasi:keyvalue/store" => {
            let numbered = matches!(param(of("[method]bucket.list-keys"), 1), Some(Type::Option(cursor)) if matches!(cursor.ty(), Type::U64));
            store(link)?;
            if numbered { list_by_number(link) } else { list_by_key(link) }
        }
        "wasi:keyvalue/atomics" => {
            cas(link)?;
            if matches!(param(of("increment"), 2), Some(Type::U64)) {
                increment_unsigned(link)
            } else {
                increment(link)
            }
        }
        "wasi:keyvalue/batch" => {
            batch(link)?;
            if lists_pairs(of("get-many")) { get_pairs(link) } else { get_many(link) }
        }
        _ => Ok(()),
    }
}

// Store

fn store(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("open", |p, (name,): (String,)| {
        if !p.world.host.keeps() {
            return Ok(Err(StoreError::AccessDenied));
        }
        if !name.is_empty() && name != "default" {
            return Ok(Err(StoreError::NoSuchStore));
        }
        p.push(Bucket).map(Ok)
    })?;
    link.func("[method]bucket.get", |p, (this, key): (This, String)| {
        p.get(&this)?;
        p.look_up(key)
    })?;
    link.func("[method]bucket.set", |p, (this, key, value): (This, String, Bytes)| {
        p.get(&this)?;
        Ok(p.ask(&call(KeyvalueOp::Set, vec![(key, value)]))?.map(|_| ()))
    })?;
    link.func("[method]bucket.delete", |p, (this, key): (This, String)| {
        p.get(&this)?;
        Ok(p.ask(&call(KeyvalueOp::Delete, keys_of(vec![key])))?.map(|_| ()))
    })?;
    link.func("[method]bucket.exists", |p, (this, key): (This, String)| {
        p.get(&this)?;
        Ok(p.ask(&call(KeyvalueOp::Exists, keys_of(vec![key])))?.map(|reply| reply.number == 1))
    })
}

/// A page of keys after that one; and the last of them, where there are more.
fn page(p: &mut Proxy, after: Option<String>) -> Done<Told<(Vec<String>, Option<String>)>> {
    let reply = match p.ask(&call(KeyvalueOp::List, keys_of(after.into_iter().collect())))? {
        Ok(reply) => reply,
        Err(error) => return Ok(Err(error)),
    };
    let more = reply.number == 1;
    let keys: Vec<String> =
        reply.values.into_iter().flatten().map(|key| String::from_utf8_lossy(&key).into_owned()).collect();
    let last = keys.last().filter(|_| more).cloned();
    Ok(Ok((keys, last)))
}

fn list_by_key(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[method]bucket.list-keys", |p, (this, cursor): (This, Option<String>)| {
        p.get(&this)?;
        Ok(page(p, cursor)?.map(|(keys, cursor)| KeyResponse { keys, cursor }))
    })
}

/// There a cursor is a number: of a key in the list of those that this run was given.
fn list_by_number(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[method]bucket.list-keys", |p, (this, cursor): (This, Option<u64>)| {
        p.get(&this)?;
        let after = match cursor {
            None => None,
            Some(number) => {
                let place = usize::try_from(number).unwrap_or(usize::MAX);
                let Some(key) = p.cursors.get(place) else {
                    return Ok(other("this request was given no such cursor"));
                };
                Some(key.clone())
            }
        };
        let (keys, last) = match page(p, after)? {
            Ok(page) => page,
            Err(error) => return Ok(Err(error)),
        };
        let mut cursor = None;
        if let Some(key) = last {
            p.hold(key.len() + 32)?;
            cursor = Some(p.cursors.len() as u64);
            p.cursors.push(key);
        }
        Ok(Ok(NumberedKeyResponse { keys, cursor }))
    })
}

// Atomics

fn add(p: &mut Proxy, key: String, delta: i64) -> Done<Told<i64>> {
    let call = KeyvalueCall { delta, ..call(KeyvalueOp::Increment, keys_of(vec![key])) };
    Ok(p.ask(&call)?.map(|reply| reply.number))
}

fn increment(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("increment", |p, (this, key, delta): (This, String, i64)| {
        p.get(&this)?;
        add(p, key, delta)
    })
}

fn increment_unsigned(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("increment", |p, (this, key, delta): (This, String, u64)| {
        p.get(&this)?;
        let Ok(delta) = i64::try_from(delta) else { return Ok(other("the number would be too large")) };
        Ok(match add(p, key, delta)? {
            Ok(number) => u64::try_from(number).map_or_else(|_| other("the number is below zero"), Ok),
            Err(error) => Err(error),
        })
    })
}

fn cas(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("[static]cas.new", |p, (this, key): (This, String)| {
        p.get(&this)?;
        match p.look_up(key.clone())? {
            Ok(value) => p.push_cas(key, hash_of(&value)).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    })?;
    link.func("[method]cas.current", |p, (this,): (Resource<Cas>,)| {
        let key = p.get(&this)?.key.clone();
        let value = match p.look_up(key)? {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        p.get(&this)?.expected = hash_of(&value);
        Ok(Ok(value))
    })?;
    link.func("swap", |p, (this, value): (Resource<Cas>, Bytes)| {
        let Cas { key, expected } = p.take(this)?;
        let call = KeyvalueCall { expected, ..call(KeyvalueOp::Swap, vec![(key.clone(), value)]) };
        Ok(match p.keep(&call)? {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(now)) => Err(CasError::CasFailed(p.push_cas(key, now)?)),
            Err(error) => Err(CasError::StoreError(error)),
        })
    })
}

// Batch

/// Keys with what was found, one after the other as asked.
fn found(p: &mut Proxy, keys: Vec<String>) -> Done<Told<Vec<(String, Option<Bytes>)>>> {
    let call = call(KeyvalueOp::Get, keys_of(keys));
    let reply = p.ask(&call)?;
    Ok(reply.map(|reply| call.entries.into_iter().map(|(key, _)| key).zip(reply.values).collect()))
}

fn get_many(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("get-many", |p, (this, keys): (This, Vec<String>)| {
        p.get(&this)?;
        let pair = |(key, value): (String, Option<Bytes>)| value.map(|value| (key, value));
        Ok(found(p, keys)?.map(|list| list.into_iter().map(pair).collect::<Vec<_>>()))
    })
}

fn get_pairs(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("get-many", |p, (this, keys): (This, Vec<String>)| {
        p.get(&this)?;
        found(p, keys)
    })
}

fn batch(link: &mut Link<'_>) -> wasmtime::Result<()> {
    link.func("set-many", |p, (this, entries): (This, Vec<(String, Bytes)>)| {
        p.get(&this)?;
        Ok(p.ask(&call(KeyvalueOp::Set, entries))?.map(|_| ()))
    })?;
    link.func("delete-many", |p, (this, keys): (This, Vec<String>)| {
        p.get(&this)?;
        Ok(p.ask(&call(KeyvalueOp::Delete, keys_of(keys)))?.map(|_| ()))
    })
}
