//! Components with a key-value store: both drafts, every function, and each bound; and that equal
//! answers of the store give equal runs.

mod support;

use fog_wasm::engine::Module;
use fog_wasm::keyvalue::{KeyvalueCall, KeyvalueFault, KeyvalueOp, KeyvalueReply, KeyvalueResult};
use fog_wasm::proxy::HttpRequest;
use fog_wasm::run::{Host, HostCall, Kind, Outcome, Refused, run};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use support::*;

fn keep() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        load(&engine().compile(&component("keep"), World::HttpProxy, &CAPS).unwrap()).unwrap()
    })
}

/// A store in memory that remembers what it was asked, or says again what it once said.
#[derive(Default)]
struct Store {
    entries: BTreeMap<String, Vec<u8>>,
    asked: Vec<KeyvalueCall>,
    said: Vec<KeyvalueResult>,
    replays: bool,
    words: Vec<String>,
    out: Vec<u8>,
}

fn hash(value: Option<&Vec<u8>>) -> Option<[u8; 32]> {
    value.map(|value| Sha256::digest(value).into())
}

impl Store {
    fn answer(&mut self, call: &KeyvalueCall) -> KeyvalueResult {
        let number = |number: i64| Ok(KeyvalueReply { number, ..KeyvalueReply::default() });
        let key = call.entries.first().map(|(key, _)| key.clone()).unwrap_or_default();
        match call.op {
            KeyvalueOp::Get => {
                let values = call.entries.iter().map(|(key, _)| self.entries.get(key).cloned()).collect();
                Ok(KeyvalueReply { values, number: 0 })
            }
            KeyvalueOp::Set => {
                self.entries.extend(call.entries.iter().cloned());
                number(0)
            }
            KeyvalueOp::Delete => {
                call.entries.iter().for_each(|(key, _)| drop(self.entries.remove(key)));
                number(0)
            }
            KeyvalueOp::Exists => number(self.entries.contains_key(&key).into()),
            KeyvalueOp::List => {
                let later = self.entries.keys().filter(|each| call.entries.is_empty() || **each > key);
                let keys: Vec<_> = later.map(|key| Some(key.clone().into_bytes())).collect();
                let more = keys.len() > 3;
                Ok(KeyvalueReply { values: keys.into_iter().take(3).collect(), number: more.into() })
            }
            KeyvalueOp::Increment => {
                let now = self
                    .entries
                    .get(&key)
                    .map_or(Some(0), |value| std::str::from_utf8(value).ok()?.parse().ok());
                let Some(now) = now else { return Err(KeyvalueFault::NotNumber) };
                let Some(sum) = i64::checked_add(now, call.delta) else {
                    return Err(KeyvalueFault::Overflow);
                };
                self.entries.insert(key, sum.to_string().into_bytes());
                number(sum)
            }
            KeyvalueOp::Swap => {
                let now = hash(self.entries.get(&key));
                if now != call.expected {
                    return Err(KeyvalueFault::Changed(now));
                }
                self.entries.extend(call.entries.iter().cloned());
                number(0)
            }
        }
    }
}

struct Keeper {
    body: Vec<u8>,
    store: Option<Arc<Mutex<Store>>>,
}

impl Host for Keeper {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Refused> {
        let n = buffer.len().min(self.body.len());
        buffer[..n].copy_from_slice(&self.body[..n]);
        self.body.drain(..n);
        Ok(n)
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        if let Some(store) = &self.store {
            store.lock().unwrap().out.extend_from_slice(bytes);
        }
        Ok(())
    }
    fn log(&mut self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
    fn keeps(&self) -> bool {
        self.store.is_some()
    }
    fn keyvalue(&mut self, call: &KeyvalueCall) -> Result<KeyvalueResult, Refused> {
        let mut store = self.store.as_ref().unwrap().lock().unwrap();
        let place = store.asked.len();
        store.asked.push(call.clone());
        if store.replays {
            return Ok(store.said[place].clone());
        }
        let said = store.answer(call);
        store.said.push(said.clone());
        Ok(said)
    }
    fn wants_trace(&self) -> bool {
        true
    }
    fn trace(&mut self, call: &HostCall<'_>) {
        if let Some(store) = &self.store {
            store.lock().unwrap().words.push(format!("{} {}", call.words, call.fuel_used));
        }
    }
}

fn ask(store: &Arc<Mutex<Store>>, path: &str, lines: &str) -> Outcome {
    let mut request = request();
    request.http = Some(HttpRequest { path_with_query: Some(path.to_owned()), ..HttpRequest::default() });
    let host = Keeper { body: lines.as_bytes().to_vec(), store: Some(store.clone()) };
    run(keep(), request, Box::new(host)).unwrap()
}

/// What the guest says of the lines.
fn said(store: &Arc<Mutex<Store>>, path: &str, lines: &str) -> Vec<String> {
    store.lock().unwrap().out.clear();
    let outcome = ask(store, path, lines);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "{}", outcome.message);
    String::from_utf8(store.lock().unwrap().out.clone()).unwrap().lines().map(str::to_owned).collect()
}

fn new_store() -> Arc<Mutex<Store>> {
    Arc::new(Mutex::new(Store::default()))
}

#[test]
fn every_function_of_the_second_draft() {
    let store = new_store();
    let told = said(
        &store,
        "/",
        "get a\nset a hello\nget a\nexists a\nexists b\nset e \nget e\ndelete a\nget a\nadd n 5\nadd n -7\nget n",
    );
    assert_eq!(
        told,
        ["none", "done", "is hello", "yes", "no", "done", "is ", "done", "none", "5", "-2", "is -2"]
    );
    let told = said(
        &store,
        "/",
        "swap s one\nget s\ncurrent s\nlate s two\nget s\nput a 1 b 2 c 3\nmany a x c\ndrop a c zz\nmany a b",
    );
    assert_eq!(
        told,
        [
            "swapped",
            "is one",
            "is one",
            "changed, then swapped",
            "is two",
            "done",
            "a=1 none c=3",
            "done",
            "none b=2"
        ]
    );
    assert_eq!(said(&store, "/", "list\nlist e\nlist s"), ["3: b e n more n", "2: n s", "0:"]);
}

#[test]
fn the_first_draft_has_its_own_types() {
    let store = new_store();
    let told = said(
        &store,
        "/old",
        "set a 1\nget a\nadd n 5\nadd n 6\nmany a x n\nset b 1\nset c 1\nlist\nlist 0\nlist 7",
    );
    assert_eq!(
        told,
        [
            "done",
            "is 1",
            "5",
            "11",
            "a=1 none n=11",
            "done",
            "done",
            "3: a b c more 0",
            "1: n",
            "error: this request was given no such cursor"
        ]
    );
    store.lock().unwrap().entries.insert("n".into(), b"-9".to_vec());
    assert_eq!(said(&store, "/old", "add n 5"), ["error: the number is below zero"]);
}

#[test]
fn what_is_wrong_is_said_and_asked_of_nobody() {
    let store = new_store();
    let long = "k".repeat(257);
    let many = "k ".repeat(129);
    let told = said(
        &store,
        "/",
        &format!("set {long} x\nset  x\nmany {many}\nsize a 524289\nopen other\nopen default\nopen "),
    );
    assert_eq!(
        told,
        [
            "error: a key must have 1 to 256 bytes",
            "error: a key must have 1 to 256 bytes",
            "error: more than 128 keys at once",
            "error: a value may have 524288 bytes at most",
            "no-such-store",
            "done",
            "done"
        ]
    );
    assert!(store.lock().unwrap().asked.is_empty());
    let longest = "k".repeat(256);
    assert_eq!(
        said(&store, "/", &format!("set {longest} x\nsize a 524288\nget a")),
        ["done", "done", "is 524288 bytes"]
    );
    let two = "size b 524288\nmany a b";
    assert_eq!(
        ask(&store, "/", two).kind,
        Kind::HostError,
        "a store that brings back more than it may is broken"
    );
}

#[test]
fn faults_of_the_store_are_told_in_words() {
    let store = new_store();
    store.lock().unwrap().entries.insert("t".into(), b"text".to_vec());
    store.lock().unwrap().entries.insert("m".into(), i64::MAX.to_string().into_bytes());
    assert_eq!(
        said(&store, "/", "add t 1\nadd m 1"),
        ["error: the value is not a whole number in decimal", "error: the number would be too large"]
    );
    let faults = [
        (KeyvalueFault::Full, "error: the store is full: it has the size that the manifest gives it"),
        (KeyvalueFault::TooLarge, "error: the values are too many bytes for one call: ask for fewer keys"),
        (KeyvalueFault::Failed, "error: the Host's disk failed"),
    ];
    for (fault, words) in faults {
        let store = new_store();
        *store.lock().unwrap() = Store { replays: true, said: vec![Err(fault)], ..Store::default() };
        assert_eq!(said(&store, "/", "get a"), [words]);
    }
}

#[test]
fn without_a_store_opening_is_denied() {
    let mut request = request();
    request.http = Some(HttpRequest::default());
    struct Without(Arc<Mutex<Vec<u8>>>);
    impl Host for Without {
        fn read(&mut self, _: &mut [u8]) -> Result<usize, Refused> {
            Ok(0)
        }
        fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        }
        fn log(&mut self, _: &[u8]) -> Result<(), Refused> {
            Ok(())
        }
    }
    let out = Arc::new(Mutex::new(Vec::new()));
    let outcome = run(keep(), request, Box::new(Without(out.clone()))).unwrap();
    assert_eq!(outcome.kind, Kind::Exited, "{}", outcome.message);
    assert_eq!(*out.lock().unwrap(), b"access-denied");
}

#[test]
fn equal_answers_give_equal_runs_without_the_store() {
    let lines = "set a 1\nget a\nadd n 5\nlate s x\nlist\nput p 1 q 2\nmany p q r";
    let first = new_store();
    let outcome = ask(&first, "/", lines);
    let first = std::mem::take(&mut *first.lock().unwrap());
    let second = new_store();
    *second.lock().unwrap() = Store { replays: true, said: first.said.clone(), ..Store::default() };
    let again = ask(&second, "/", lines);
    let second = second.lock().unwrap();
    assert_eq!((outcome.fuel_used, outcome.host_calls), (again.fuel_used, again.host_calls));
    assert_eq!((&first.asked, &first.out, &first.words), (&second.asked, &second.out, &second.words));
    assert!(first.words.iter().any(|words| words.contains("wasi:keyvalue/store#[method]bucket.set")));
}

#[test]
fn calls_cost_fuel_and_have_an_end() {
    let store = new_store();
    let cost = |lines: &str| ask(&store, "/", lines).fuel_used;
    let base = cost("set a 1\nget a");
    assert!(base > 40_000, "{base}");
    // Eight for each byte that is written, and what filling the memory takes.
    assert!(cost("size a 100000") > 800_000 + 20_000);
    let lines = "exists x\n".repeat(4097);
    let mut request = request();
    request.http = Some(HttpRequest::default());
    request.limits.fuel_max = 1_000_000_000;
    let store = new_store();
    let host = Keeper { body: lines.into_bytes(), store: Some(store.clone()) };
    assert_eq!(run(keep(), request, Box::new(host)).unwrap().kind, Kind::Exited);
    let store = store.lock().unwrap();
    assert_eq!(store.asked.len(), 4096);
    assert!(store.out.ends_with(b"no\nerror: more than 4096 calls in one request\n"));
}
