//! What ordinary services see: their request, their answer, a world without surprises.

mod support;

use fog_wasm::run::Kind;
use support::*;

#[test]
fn a_c_service_answers_its_request() {
    let module = load(&engine().compile(&guest("upper"), World::Command, &CAPS).unwrap()).unwrap();
    let mut request = request();
    request.args.push(b"--loud".to_vec());
    request.env.push(b"REQUEST_METHOD=POST".to_vec());
    let (outcome, seen) = run_with(&module, request, b"hello, world", 5);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 0), "{}", outcome.message);
    assert_eq!(String::from_utf8_lossy(&seen.out), "service 2 POST\nHELLO, WORLD");
    assert_eq!(seen.log, b"done\n");
    assert_eq!((outcome.stdin_bytes, outcome.stdout_bytes, outcome.stderr_bytes), (12, 27, 5));
    assert_eq!(outcome.host_calls as usize, seen.calls.len());
    assert!(outcome.fuel_used >= outcome.fuel_at_last_call && outcome.fuel_at_last_call > 0);
    assert!(outcome.memory_peak_bytes >= module.memory_bytes_min());
}

#[test]
fn a_c_service_sees_only_what_it_is_given() {
    let module = load(&engine().compile(&guest("world"), World::Command, &CAPS).unwrap()).unwrap();
    let (outcome, seen) = run_plain(&module);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 3), "{}", outcome.message);
    let text = String::from_utf8_lossy(&seen.out).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].len(), 32);
    assert_eq!(lines[1], "1700000000 1000");
    assert_eq!(lines[2], "slept 3600 s");
    assert_eq!(lines[3], "open 1");
    assert_eq!(lines[4], "tty 0");
    assert!(outcome.memory_denied, "it asked until it was refused");
    assert!((15 << 20..=16 << 20).contains(&outcome.memory_peak_bytes));
    assert!(lines[6].starts_with("nan 1 0.28049"));
}

#[test]
fn random_is_the_chacha20_keystream_of_the_seed() {
    // Two requests, of 5 and 59 bytes, together give the first block of RFC 8439, appendix A.1,
    // test vector 1 (all-zero key and nonce, counter 0).
    let module = command(
        "(drop (call $random_get (i32.const 100) (i32.const 5)))
         (drop (call $random_get (i32.const 105) (i32.const 59)))
         (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 64))
         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))",
    );
    let mut request = request();
    request.seed = [0; 32];
    let (_, seen) = run_with(&module, request, b"", 1);
    let hex: String = seen.out.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        hex,
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7\
         da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    );
}

#[test]
fn a_poll_for_time_moves_the_clock_and_nothing_else() {
    // Subscription at 64: monotonic clock, 5 s from now; then exits with the seconds that passed.
    let module = command(
        "(drop (call $clock (i32.const 1) (i64.const 0) (i32.const 0)))
         (i32.store8 (i32.const 72) (i32.const 0))
         (i32.store (i32.const 80) (i32.const 1))
         (i64.store (i32.const 88) (i64.const 5000000000))
         (if (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 16))
           (then (call $exit (i32.const 99))))
         (if (i32.ne (i32.load (i32.const 16)) (i32.const 1)) (then (call $exit (i32.const 98))))
         (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 8)))
         (call $exit (i32.wrap_i64 (i64.div_u
           (i64.sub (i64.load (i32.const 8)) (i64.load (i32.const 0))) (i64.const 1000000000))))",
    );
    assert_eq!(run_plain(&module).0.exit_code, 5);
}

#[test]
fn a_closed_or_moved_stream_is_bad_afterwards() {
    let module = command(
        "(i32.store (i32.const 4) (i32.const 1))
         (if (call $fd_renumber (i32.const 1) (i32.const 2)) (then (call $exit (i32.const 90))))
         (if (i32.ne (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
             (i32.const 8)) (then (call $exit (i32.const 91))))
         (if (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))
           (then (call $exit (i32.const 92))))
         (if (call $fd_close (i32.const 2)) (then (call $exit (i32.const 93))))
         (call $exit (call $fd_close (i32.const 2)))",
    );
    let (outcome, seen) = run_plain(&module);
    assert_eq!(outcome.exit_code, 8);
    assert_eq!((seen.out.len(), seen.log.len()), (1, 0), "what was stderr is stdout now");
}

#[test]
fn files_and_sockets_do_not_exist() {
    let module = command(
        "(if (i32.ne (i32.const 8) (call $path_open (i32.const 3) (i32.const 0) (i32.const 0)
             (i32.const 4) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 64)))
           (then (call $exit (i32.const 90))))
         (call $exit (call $sock_accept (i32.const 0) (i32.const 0) (i32.const 0)))",
    );
    assert_eq!(run_plain(&module).0.exit_code, 57);
}

#[test]
fn many_threads_run_one_module() {
    let module = load(&engine().compile(&guest("upper"), World::Command, &CAPS).unwrap()).unwrap();
    let fuel: Vec<u64> = std::thread::scope(|scope| {
        let one = |_| {
            let (outcome, seen) = run_with(&module, request(), b"abc", 1);
            assert!(seen.out.ends_with(b"ABC"));
            outcome.fuel_used
        };
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || one(i))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(fuel.iter().all(|f| *f == fuel[0]));
}
