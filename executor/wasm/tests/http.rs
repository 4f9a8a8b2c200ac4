//! Components of the world wasi:http/proxy: their answer, a world without surprises, and each kind
//! of hostility contained.

mod support;

use fog_wasm::check::Caps;
use fog_wasm::engine::{Engine, Module};
use fog_wasm::error::Status;
use fog_wasm::proxy::HttpRequest;
use fog_wasm::run::{Kind, Outcome, Request};
use std::sync::OnceLock;
use support::*;

fn service_code() -> &'static [u8] {
    static CODE: OnceLock<Vec<u8>> = OnceLock::new();
    CODE.get_or_init(|| engine().compile(&component("service"), World::HttpProxy, &CAPS).unwrap())
}

fn service() -> &'static Module {
    static SERVICE: OnceLock<Module> = OnceLock::new();
    SERVICE.get_or_init(|| load(service_code()).unwrap())
}

fn http(path: &str) -> Request {
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut request = request();
    request.http = Some(HttpRequest {
        method: "POST".to_owned(),
        scheme: Some("https".to_owned()),
        authority: Some("fog.example:8443".to_owned()),
        path_with_query: Some(path.to_owned()),
        fields: vec![field("X-One", "1"), field("Host", "fog.example"), field("x-two", "\u{e9}")],
    });
    request
}

fn ask(path: &str) -> (Outcome, Seen) {
    run_with(service(), http(path), b"", 1 << 16)
}

#[test]
fn a_component_answers_its_request() {
    let (outcome, seen) = run_with(service(), http("/echo?a=b"), b"hello, world", 5);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "{}", outcome.message);
    let fields = vec![("content-type".to_owned(), b"text/plain".to_vec())];
    assert_eq!(seen.head, Some((200, fields)));
    assert_eq!(
        String::from_utf8_lossy(&seen.out),
        "post https fog.example:8443/echo?a=b\nx-one=1\nx-two=\u{e9}\nHELLO, WORLD"
    );
    assert_eq!((outcome.stdin_bytes, outcome.stdout_bytes as usize), (12, seen.out.len()));
    assert_eq!(outcome.host_calls as usize, seen.calls.len());
    assert!(outcome.fuel_used >= outcome.fuel_at_last_call && outcome.fuel_at_last_call > 0);
    assert!(outcome.memory_peak_bytes >= service().memory_bytes_min());
    assert!(seen.words[0].starts_with("wasi:http/types#[method]incoming-request.path-with-query("));
    assert!(seen.words[0].ends_with("-> Ok(Some(\"/echo?a=b\"))"), "{}", seen.words[0]);
    assert_eq!(ask("/teapot").1.head.unwrap().0, 418);
}

#[test]
fn a_component_sees_only_what_it_is_given() {
    let mut request = http("/world");
    request.env = vec![b"GREETING=hello".to_vec(), b"EMPTY=".to_vec()];
    let (outcome, seen) = run_with(service(), request, b"", 1);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "{}", outcome.message);
    let text = String::from_utf8_lossy(&seen.out).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "1700000000 1000");
    assert_eq!(lines[1], "slept 3600 first 1");
    // The first eight bytes of the stream that a command of the same seed gets.
    assert!(lines[2].starts_with("random ") && lines[2].len() > 15, "{text}");
    assert_eq!(lines[3..5], ["GREETING=hello", "EMPTY="]);
    // access-denied is the error-code's second case; HTTP-request-denied the sixteenth.
    assert_eq!(lines[5], "folders 0 socket 11 outgoing 115");
    assert_eq!(seen.log, b"seen\n");
}

#[test]
fn a_run_without_a_whole_answer_has_code_1_and_says_why() {
    for (path, reason) in [
        ("/nothing", "without an answer"),
        ("/error", "HttpResponseTimeout"),
        ("/unfinished", "before its answer's body was finished"),
    ] {
        let (outcome, seen) = ask(path);
        assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 1), "{path}");
        assert!(outcome.message.contains(reason), "{path}: {}", outcome.message);
        assert_eq!(seen.head.is_some(), path == "/unfinished");
    }
    let (outcome, _) = ask("/exit");
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 1));
}

#[test]
fn hostile_components_end_in_their_own_outcome() {
    for (path, kind, reason) in [
        ("/fields", Kind::Trap, "resources"),
        ("/one-list", Kind::Trap, "header fields"),
        ("/churn", Kind::Trap, "has the host keep"),
        ("/responses", Kind::Trap, "resources"),
        ("/random", Kind::Trap, "random bytes at once"),
        ("/handle", Kind::Trap, ""),
        ("/pointer", Kind::Trap, ""),
        ("/huge", Kind::Trap, ""),
        ("/trap", Kind::Trap, "unreachable"),
        ("/spin", Kind::OutOfFuel, ""),
        ("/deep", Kind::StackOverflow, ""),
        ("/memory", Kind::MemoryExceeded, ""),
        ("/flood", Kind::OutputExceeded, ""),
    ] {
        let (outcome, _) = ask(path);
        assert_eq!(outcome.kind, kind, "{path}: {}", outcome.message);
        assert!(outcome.message.contains(reason), "{path}: {}", outcome.message);
        assert!(outcome.fuel_used <= 100_000_000 && outcome.memory_peak_bytes <= 16 << 20, "{path}");
        assert!(outcome.stdout_bytes <= 1 << 20, "{path}");
    }
    let (outcome, _) = ask("/echo");
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "the module serves the next request");
}

#[test]
fn the_safety_stop_ends_a_component() {
    let mut request = http("/spin");
    request.limits.fuel_max = i64::MAX as u64;
    request.limits.wall_ms_max = 50;
    assert_eq!(run_with(service(), request, b"", 1).0.kind, Kind::WallTime);
}

#[test]
fn equal_requests_are_equal_however_they_arrive_and_wherever_they_run() {
    let story = |module: &Module, path: &str, piece: usize| {
        let (outcome, seen) = run_with(module, http(path), &[b'x'; 5000], piece);
        (outcome.kind, outcome.fuel_at_last_call, outcome.memory_peak_bytes, seen.out, seen.calls, seen.words)
    };
    let plain = Engine::new(Pool::None, false).unwrap();
    let code = plain.compile(&component("service"), World::HttpProxy, &CAPS).unwrap();
    assert!(code == service_code(), "the same code on every engine of the profile");
    // SAFETY: compiled above.
    let elsewhere = unsafe { plain.load(&code) }.unwrap();
    for path in ["/echo", "/world", "/trap", "/fields", "/memory"] {
        let first = story(service(), path, 1);
        assert!(first == story(service(), path, 4999), "{path}");
        assert!(first == story(&elsewhere, path, 70_000), "{path}");
    }
}

#[test]
fn many_threads_run_one_component() {
    let fuel: Vec<u64> = std::thread::scope(|scope| {
        let one = |_| {
            let (outcome, seen) = run_with(service(), http("/echo"), b"abc", 1);
            assert!(seen.out.ends_with(b"ABC"), "{}", outcome.message);
            outcome.fuel_used
        };
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || one(i))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(fuel.iter().all(|f| *f == fuel[0]));
}

// What is refused before it runs

fn refused(bytes: &[u8], world: World) -> Status {
    engine().compile(bytes, world, &CAPS).unwrap_err().status
}

fn refused_text(text: &str) -> Status {
    // Without a pool, whose slots would refuse some of these in the compiler.
    static PLAIN: OnceLock<Engine> = OnceLock::new();
    let engine = PLAIN.get_or_init(|| Engine::new(Pool::None, false).unwrap());
    engine.compile(&wat::parse_str(text).unwrap(), World::HttpProxy, &CAPS).unwrap_err().status
}

#[test]
fn each_world_refuses_the_others_modules() {
    let core = wat::parse_str(command_text("")).unwrap();
    assert_eq!(refused(&core, World::HttpProxy), Status::IsModule);
    assert_eq!(refused(&component("service"), World::Command), Status::IsComponent);
    assert_eq!(refused(b"<html>..", World::HttpProxy), Status::NotWasm);
}

#[test]
fn what_is_no_proxy_is_refused_with_its_reason() {
    assert_eq!(refused_text("(component)"), Status::NoStart);
    let import = r#"(component (import "fermyon:spin/key-value@2.0.0" (instance)))"#;
    assert_eq!(refused_text(import), Status::BadImport);
    let handler = r#"(core module $m (func (export "f") (param i32 i32)))
        (core instance $i (instantiate $m))
        (func $f (param "a" u32) (param "b" u32) (canon lift (core func $i "f")))
        (instance $h (export "handle" (func $f)))
        (export "wasi:http/incoming-handler@0.2.0" (instance $h))"#;
    let with = |extra: &str| format!("(component {extra} {handler})");
    assert_eq!(refused_text(&with("")), Status::NoStart, "a handler of another type");
    assert_eq!(refused_text(&with(r#"(import "fermyon:spin/kv@2.0.0" (instance))"#)), Status::BadImport);
    assert_eq!(refused_text(&with(r#"(import "wasi:io/streams@0.3.0" (instance))"#)), Status::BadImport);
    assert_eq!(refused_text(&with(r#"(import "a" (func))"#)), Status::BadImport);
    assert_eq!(
        refused_text(&with(
            r#"(import "wasi:clocks/wall-clock@0.2.9" (instance (export "now" (func (result u32)))))"#
        )),
        Status::BadImport,
        "a known function of another type"
    );
    let memories = "(core module $big (memory 1)) (core instance (instantiate $big))".to_owned()
        + &"(core instance (instantiate $big))".repeat(4);
    assert_eq!(refused_text(&with(&memories)), Status::MemoryTooLarge);
    let tables = "(core module $t (table 1 funcref) (table 1 funcref) (table 1 funcref))".to_owned()
        + &"(core instance (instantiate $t))".repeat(3);
    assert_eq!(refused_text(&with(&tables)), Status::TableTooLarge);
    assert_eq!(refused_text(&with("(core module (memory 2000))")), Status::MemoryTooLarge);
    assert_eq!(refused_text(&with("(core module (table 300000 funcref))")), Status::TableTooLarge);
    assert_eq!(refused_text(&with(&"(core module)".repeat(70))), Status::InvalidModule);
    assert_eq!(refused_text(&with("(core module (memory 1 1 shared))")), Status::InvalidModule);
}

#[test]
fn start_functions_of_a_component_are_metered() {
    // What some toolchains make of _initialize runs while the instance is made.
    let wasm = component("start");
    let module = load(&engine().compile(&wasm, World::HttpProxy, &CAPS).unwrap()).unwrap();
    let (outcome, _) = run_with(&module, http("/"), b"", 1);
    assert_eq!(outcome.kind, Kind::OutOfFuel, "{}", outcome.message);
    assert_eq!(outcome.fuel_used, 100_000_000);
}

#[test]
fn a_component_that_is_too_large_is_refused_by_its_size() {
    let wasm = component("service");
    let caps = Caps { module_bytes_max: wasm.len() as u64 - 1, ..CAPS };
    let refused = engine().compile(&wasm, World::HttpProxy, &caps).unwrap_err();
    assert_eq!(refused.status, Status::ModuleTooLarge);
}

#[test]
fn damaged_components_are_refused_or_run_but_never_more() {
    let wasm = component("service");
    let engine = Engine::new(Pool::None, false).unwrap();
    for cut in (0..wasm.len()).step_by(wasm.len() / 40) {
        assert!(engine.compile(&wasm[..cut], World::HttpProxy, &CAPS).is_err());
    }
}
