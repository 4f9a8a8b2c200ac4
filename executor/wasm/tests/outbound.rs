//! Components that ask other servers: what goes out, what comes back, every fault by its name, and
//! each bound.

mod support;

use fog_wasm::engine::Module;
use fog_wasm::outbound::{OutboundAnswer, OutboundFault, OutboundReply, OutboundRequest};
use fog_wasm::proxy::HttpRequest;
use fog_wasm::run::{Kind, Outcome};
use std::sync::OnceLock;
use support::*;

fn fetch() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| {
        load(&engine().compile(&component("fetch"), World::HttpProxy, &CAPS).unwrap()).unwrap()
    })
}

/// Says what it was asked.
fn echo(request: &OutboundRequest) -> OutboundReply {
    let body = format!("{} {} {}", request.method, request.path_with_query, request.body.len());
    Ok(OutboundAnswer {
        status: 201,
        fields: vec![("X-Host".to_owned(), request.authority.clone().into_bytes())],
        body: body.into_bytes(),
    })
}

fn ask(mode: &str, lines: &str, answer: fn(&OutboundRequest) -> OutboundReply) -> (Outcome, Seen) {
    let mut request = request();
    request.http = Some(HttpRequest {
        method: "POST".to_owned(),
        path_with_query: Some(mode.to_owned()),
        ..HttpRequest::default()
    });
    run_answered(fetch(), request, lines.as_bytes(), 1 << 16, Some(answer))
}

fn said(seen: &Seen) -> String {
    String::from_utf8_lossy(&seen.out).into_owned()
}

#[test]
fn a_request_goes_out_whole_and_its_answer_comes_back() {
    let (outcome, seen) = ask("/", "PATCH https api.example:8443 /a?b=c body", echo);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "{}", outcome.message);
    let expected = OutboundRequest {
        method: "PATCH".to_owned(),
        tls: true,
        authority: "api.example:8443".to_owned(),
        path_with_query: "/a?b=c".to_owned(),
        fields: vec![("x-sent".to_owned(), b"yes".to_vec())],
        body: b"body".to_vec(),
        connect_ms: None,
        first_byte_ms: Some(2501),
        between_bytes_ms: None,
    };
    assert_eq!(seen.sent, [(0, expected)]);
    assert_eq!(said(&seen), "201 x-host=api.example:8443 PATCH /a?b=c 4\n");
    let (_, seen) = ask("/", "PURGE http a /", echo);
    assert_eq!(said(&seen), "201 x-host=a PURGE / 0\n");
    assert!(!seen.sent[0].1.tls);
}

#[test]
fn requests_are_sent_before_the_first_is_waited_for_but_four_at_once() {
    let lines = (0..6).map(|i| format!("GET http host-{i} /{i}")).collect::<Vec<_>>().join("\n");
    let (_, seen) = ask("/", &lines, echo);
    assert_eq!(seen.sent.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(seen.received, [0, 1, 2, 3, 4, 5]);
    assert_eq!(said(&seen).lines().count(), 6);
    let (in_turn, _) = ask("/in-turn", &lines, echo);
    assert_eq!((in_turn.kind, in_turn.exit_code), (Kind::Exited, 0));
}

#[test]
fn every_fault_has_its_error_code() {
    // Places in the specification's variant.
    let codes = [15, 0, 1, 4, 6, 3, 8, 7, 33, 9, 12, 13, 26, 28, 25, 35, 11, 38];
    assert_eq!(codes.len(), OutboundFault::ALL.len());
    let lines: String = (1..=codes.len()).map(|i| format!("GET http a /{i}\n")).collect();
    let (_, seen) =
        ask("/", &lines, |request| Err(OutboundFault::of(request.path_with_query[1..].parse().unwrap())));
    let expected: String = codes.iter().map(|code| format!("error {code}\n")).collect();
    assert_eq!(said(&seen), expected);
}

#[test]
fn what_is_no_request_never_goes_out() {
    for (line, code) in [
        ("GET http user@host /", 19),
        ("GET http a/b /", 19),
        ("GET http a b", 19),
        ("GET http a /\u{e9}", 19),
        ("CONNECT http a /", 18),
        ("TRACE http a /", 18),
    ] {
        let (outcome, seen) = ask("/", line, echo);
        assert_eq!((said(&seen), seen.sent.len()), (format!("error {code}\n"), 0), "{line}");
        assert_eq!(outcome.exit_code, 0);
    }
    let (_, seen) = ask("/no-authority", "GET http a /", echo);
    assert_eq!((said(&seen).as_str(), seen.sent.len()), ("error 19\n", 0));
    let long = format!("GET http a /{}", "x".repeat(8 << 10));
    assert_eq!(said(&ask("/", &long, echo).1), "error 20\n");
    let (outcome, seen) = ask("/unfinished", "POST http a / body", echo);
    assert_eq!((outcome.kind, seen.sent.len()), (Kind::Trap, 0));
    assert!(outcome.message.contains("body it has not finished"), "{}", outcome.message);
    let (_, seen) = ask("/abandoned", "POST http a / body", echo);
    assert_eq!((said(&seen).as_str(), seen.sent.len()), ("error 7\n", 0));
}

#[test]
fn an_answer_is_taken_once() {
    let (_, seen) = ask("/twice", "GET http a /", echo);
    assert_eq!(said(&seen), "201 x-host=a GET / 0\nagain 11\n");
}

#[test]
fn a_run_sends_so_many_and_no_more() {
    let (_, seen) = ask("/in-turn", &"GET http a /\n".repeat(34), echo);
    assert_eq!(seen.sent.len(), 32);
    assert_eq!(said(&seen).lines().filter(|line| *line == "error 11").count(), 2);
}

fn large(request: &OutboundRequest) -> OutboundReply {
    let size: usize = request.path_with_query[1..].parse().unwrap();
    Ok(OutboundAnswer { status: 200, fields: vec![], body: vec![b'x'; size] })
}

#[test]
fn answers_are_bounded_one_by_one_and_together() {
    let too_large = format!("GET http a /{}", (4 << 20) + 1);
    assert_eq!(said(&ask("/", &too_large, large).1), "error 28\n");
    // Heads only are asked for: the bodies stay with the host, which sends no more once it holds 16 MiB.
    let hoard = format!("GET http a /{}\n", 4 << 20).repeat(12);
    let (outcome, seen) = ask("/hoard", &hoard, large);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "{}", outcome.message);
    assert!(seen.sent.len() <= 8, "{}", seen.sent.len());
    assert!(said(&seen).contains("error 11"));
}

#[test]
fn without_leave_nothing_goes_out() {
    let mut request = request();
    request.http = Some(HttpRequest { method: "POST".to_owned(), ..HttpRequest::default() });
    let (outcome, seen) = run_with(fetch(), request, b"GET http a /", 100);
    assert_eq!((said(&seen).as_str(), outcome.exit_code), ("error 15\n", 0));
}

#[test]
fn equal_answers_give_equal_runs() {
    let facts = || {
        let (outcome, seen) = ask("/", "GET http a /x\nPOST https b /y body", echo);
        (outcome.fuel_used, outcome.memory_peak_bytes, seen.out, seen.words)
    };
    assert!(facts() == facts());
}
