//! Guests that mean harm, and modules that are none: each is stopped or refused by name, and the
//! next run is not the worse for it.

mod support;

use fog_wasm::engine::{Engine, Module};
use fog_wasm::error::Status;
use fog_wasm::run::{Host, Kind, Outcome, Refused, run};
use std::sync::{Arc, Mutex};
use support::*;

fn exit_code(body: &str) -> u32 {
    let (outcome, _) = run_plain(&command(body));
    assert_eq!(outcome.kind, Kind::Exited, "{}", outcome.message);
    outcome.exit_code
}

fn ends(body: &str) -> Outcome {
    run_plain(&command(body)).0
}

// Stopped

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let outcome = ends("(loop (br 0))");
    assert_eq!(outcome.kind, Kind::OutOfFuel);
    assert_eq!(outcome.fuel_used, request().limits.fuel_max);
    assert_eq!(outcome.fuel_at_last_call, 0);
}

#[test]
fn an_endless_loop_with_fuel_for_ever_meets_the_safety_stop() {
    let mut request = request();
    request.limits.fuel_max = i64::MAX as u64;
    request.limits.wall_ms_max = 30;
    let (outcome, _) = run_with(&command("(loop (br 0))"), request, b"", 1);
    assert_eq!(outcome.kind, Kind::WallTime);
}

#[test]
fn fuel_just_enough_is_enough_and_one_less_is_not() {
    let module = command("(call $exit (call $fd_close (i32.const 1)))");
    let fuel = run_plain(&module).0.fuel_used;
    let with = |fuel_max| {
        let mut request = request();
        request.limits.fuel_max = fuel_max;
        run_with(&module, request, b"", 1).0
    };
    assert_eq!(with(fuel).kind, Kind::Exited);
    assert_eq!(with(fuel - 1).kind, Kind::OutOfFuel);
    assert_eq!(with(0).kind, Kind::OutOfFuel);
}

#[test]
fn a_memory_bomb_is_denied_at_the_cap_and_goes_on() {
    // Grows by a page until it is told no; exits with the pages it has.
    let module = command(
        "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
         (call $exit (memory.size))",
    );
    let (outcome, _) = run_plain(&module);
    assert_eq!((outcome.kind, outcome.exit_code), (Kind::Exited, 256));
    assert!(outcome.memory_denied);
    assert_eq!(outcome.memory_peak_bytes, 16 << 20);
}

#[test]
fn a_trap_after_denied_memory_is_a_memory_fault() {
    let outcome = ends("(if (i32.eq (memory.grow (i32.const 65535)) (i32.const -1)) (then unreachable))");
    assert_eq!(outcome.kind, Kind::MemoryExceeded);
}

#[test]
fn growing_past_the_format_or_the_own_maximum_is_not_the_caps_doing() {
    let outcome = ends("(drop (memory.grow (i32.const -1))) unreachable");
    assert_eq!((outcome.kind, outcome.memory_denied), (Kind::Trap, false));
    let own = r#"(module (memory (export "memory") 1 2) (func (export "_start")
        (drop (memory.grow (i32.const 5)))))"#;
    let outcome = run_plain(&module(own)).0;
    assert_eq!((outcome.kind, outcome.memory_denied), (Kind::Exited, false));
}

#[test]
fn a_start_above_the_runs_cap_never_starts() {
    let module = module(r#"(module (memory (export "memory") 300) (func (export "_start")))"#);
    let (outcome, _) = run_plain(&module);
    assert_eq!((outcome.kind, outcome.fuel_used), (Kind::MemoryExceeded, 0));
}

#[test]
fn endless_output_ends_at_its_cap() {
    let write = "(i32.store (i32.const 4) (i32.const 60000))
        (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))";
    let (outcome, seen) = run_plain(&command(write));
    assert_eq!(outcome.kind, Kind::OutputExceeded);
    assert_eq!(outcome.stdout_bytes, 60000 * ((1 << 20) / 60000));
    assert_eq!(seen.out.len() as u64, outcome.stdout_bytes);
}

#[test]
fn endless_log_is_cut_and_the_run_goes_on_to_the_end_of_its_fuel() {
    let write = "(i32.store (i32.const 4) (i32.const 60000))
        (loop (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))";
    let (outcome, seen) = run_plain(&command(write));
    assert_eq!((outcome.kind, outcome.stderr_cut), (Kind::OutOfFuel, true));
    assert_eq!((seen.log.len(), outcome.stderr_bytes), (1024, 1024));
}

#[test]
fn traps_are_named_and_placed() {
    let (outcome, _) =
        run_plain(&command("(drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0))) (unreachable)"));
    assert_eq!(outcome.kind, Kind::Trap);
    assert!(outcome.message.contains("unreachable") && outcome.message.ends_with("in: start"));
    assert!(outcome.fuel_at_last_call >= 200 && outcome.fuel_at_last_call <= outcome.fuel_used);
    assert_eq!(ends("(drop (i32.load (i32.const -4)))").kind, Kind::Trap);
    assert_eq!(ends("(drop (i32.div_s (i32.const 1) (i32.const 0)))").kind, Kind::Trap);
}

#[test]
fn recursion_without_end_is_a_stack_overflow() {
    assert_eq!(ends("(call $start)").kind, Kind::StackOverflow);
    // C keeps variables in linear memory: there the stack meets the memory's edge, or the native one.
    let module = load(&engine().compile(&guest("deep"), World::Command, &CAPS).unwrap()).unwrap();
    let (outcome, _) = run_plain(&module);
    assert!(matches!(outcome.kind, Kind::Trap | Kind::StackOverflow), "{:?}", outcome.kind);
}

#[test]
fn exit_codes_arrive_whole() {
    assert_eq!(exit_code("(call $exit (i32.const 0))"), 0);
    assert_eq!(exit_code("(call $exit (i32.const 255))"), 255);
    assert_eq!(exit_code("(call $exit (i32.const -1))"), u32::MAX);
}

struct Gone;

impl Host for Gone {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Refused> {
        Err(Refused)
    }
    fn write(&mut self, _: &[u8]) -> Result<(), Refused> {
        Err(Refused)
    }
    fn log(&mut self, _: &[u8]) -> Result<(), Refused> {
        Err(Refused)
    }
}

#[test]
fn an_end_user_who_leaves_ends_the_run() {
    for fd in ["1", "2"] {
        let body = format!(
            "(i32.store (i32.const 4) (i32.const 9))
             (drop (call $fd_write (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 8)))"
        );
        assert_eq!(run(&command(&body), request(), Box::new(Gone)).unwrap().kind, Kind::Aborted);
    }
    let read = "(i32.store (i32.const 4) (i32.const 9))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))";
    assert_eq!(run(&command(read), request(), Box::new(Gone)).unwrap().kind, Kind::Aborted);
}

#[test]
fn the_safety_stop_wakes_again_after_a_quiet_time() {
    let module = command("(loop (br 0))");
    let mut request = request();
    request.limits.fuel_max = i64::MAX as u64;
    request.limits.wall_ms_max = 20;
    assert_eq!(run_with(&module, request.clone(), b"", 1).0.kind, Kind::WallTime);
    // Longer than the ticker stays awake without work.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(run_with(&module, request, b"", 1).0.kind, Kind::WallTime);
}

/// While its guest waits for the body, runs the same module once more.
struct Nested(Arc<Module>, Arc<Mutex<Option<Outcome>>>);

impl Host for Nested {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Refused> {
        let inner = run(&self.0, request(), Box::new(Gone)).unwrap();
        *self.1.lock().unwrap() = Some(inner);
        Ok(0)
    }
    fn write(&mut self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
    fn log(&mut self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
}

#[test]
fn more_runs_than_slots_fail_as_the_hosts_fault_and_leave_the_others_alone() {
    let engine = Engine::new(Pool::Commands(1), false).unwrap();
    let text = command_text(
        "(i32.store (i32.const 4) (i32.const 9))
         (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))",
    );
    let code = engine.compile(&wat::parse_str(text).unwrap(), World::Command, &CAPS).unwrap();
    // SAFETY: compiled one line above.
    let module = Arc::new(unsafe { engine.load(&code) }.unwrap());
    for _ in 0..2 {
        let inner = Arc::new(Mutex::new(None));
        let host = Nested(module.clone(), inner.clone());
        assert_eq!(run(&module, request(), Box::new(host)).unwrap().kind, Kind::Exited);
        let inner = inner.lock().unwrap().take().unwrap();
        assert_eq!((inner.kind, inner.fuel_used), (Kind::HostError, 0), "{}", inner.message);
    }
}

// Pointers and lengths

const FAULT: u32 = 21;
const INVAL: u32 = 28;

#[test]
fn buffers_outside_memory_are_a_fault_and_nothing_is_written() {
    for (pointer, length) in [(65536, 1), (65535, 2), (-1, -1), (0, -1), (-1, 1), (0, 65537)] {
        let body = format!(
            "(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 4))
             (i32.store (i32.const 8) (i32.const {pointer})) (i32.store (i32.const 12) (i32.const {length}))
             (call $exit (call $fd_write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 32)))"
        );
        let (outcome, seen) = run_plain(&command(&body));
        assert_eq!((outcome.exit_code, seen.out.len()), (FAULT, 0), "{pointer} {length}");
        let read = body.replace("fd_write (i32.const 1)", "fd_read (i32.const 0)");
        assert_eq!(exit_code(&read), FAULT);
    }
}

#[test]
fn lists_outside_memory_or_too_long_are_refused() {
    let write = |list: i32, count: i32, out: i32| {
        exit_code(&format!(
            "(call $exit (call $fd_write (i32.const 1) (i32.const {list}) (i32.const {count}) (i32.const {out})))"
        ))
    };
    assert_eq!(write(65530, 1, 0), FAULT);
    assert_eq!(write(-8, 2, 0), FAULT);
    assert_eq!(write(0, -1, 0), INVAL);
    assert_eq!(write(0, 1025, 0), INVAL);
    assert_eq!(write(0, 1024, 0), 0);
    assert_eq!(write(0, 1, 65533), FAULT);
    assert_eq!(write(0, 0, -1), FAULT);
}

#[test]
fn a_thousand_views_of_one_buffer_do_not_multiply_it() {
    // 1024 buffers of 60 000 bytes in a page: 61 MB in one call, above the output cap.
    let body = "(local i32) (loop
          (i32.store offset=4 (local.get 0) (i32.const 60000))
          (local.set 0 (i32.add (local.get 0) (i32.const 8)))
          (br_if 0 (i32.lt_u (local.get 0) (i32.const 8192))))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 65000)))";
    let (outcome, seen) = run_plain(&command(body));
    assert_eq!((outcome.kind, seen.out.len()), (Kind::OutputExceeded, 0));
}

#[test]
fn random_asks_are_bounded_by_memory_and_fuel() {
    let ask = |p: i32, n: i32| {
        exit_code(&format!("(call $exit (call $random_get (i32.const {p}) (i32.const {n})))"))
    };
    assert_eq!(ask(0, 65536), 0);
    assert_eq!(ask(1, 65536), FAULT);
    assert_eq!(ask(0, -1), FAULT);
    let mut request = request();
    request.limits.fuel_max = 65536;
    let module = command("(call $exit (call $random_get (i32.const 0) (i32.const 65536)))");
    assert_eq!(run_with(&module, request, b"", 1).0.kind, Kind::OutOfFuel);
}

#[test]
fn polls_with_absurd_counts_and_kinds_are_refused() {
    let poll = |list: i32, count: i32| {
        exit_code(&format!(
            "(i32.store8 (i32.const 8) (i32.const 9))
             (call $exit (call $poll (i32.const {list}) (i32.const 0) (i32.const {count}) (i32.const 4)))"
        ))
    };
    assert_eq!(poll(0, 0), INVAL);
    assert_eq!(poll(0, -1), INVAL);
    assert_eq!(poll(0, 4097), INVAL);
    assert_eq!(poll(0, 4096), FAULT);
    assert_eq!(poll(65535, 1), FAULT);
    assert_eq!(poll(0, 1), INVAL, "an unknown kind of event");
}

#[test]
fn arguments_do_not_fit_at_the_edge_of_memory() {
    let get = |list: i32, buffer: i32| {
        exit_code(&format!("(call $exit (call $args_get (i32.const {list}) (i32.const {buffer})))"))
    };
    assert_eq!(get(0, 65536 - 8), 0);
    assert_eq!(get(0, 65536 - 7), FAULT);
    assert_eq!(get(-1, 0), FAULT);
    assert_eq!(get(0, -1), FAULT);
}

// Refused before anything runs

#[test]
fn modules_that_cannot_be_run_are_refused_by_number() {
    let engine = engine();
    let refuse = |bytes: &[u8]| engine.compile(bytes, World::Command, &CAPS).unwrap_err().status;
    assert_eq!(refuse(b""), Status::NotWasm);
    assert_eq!(refuse(b"#!/bin/sh\nexit 0\n"), Status::NotWasm);
    assert_eq!(refuse(b"\0asm\x01\0\0\0garbage"), Status::InvalidModule);
    assert_eq!(refusal("(component)"), Status::IsComponent);
    assert_eq!(refusal(r#"(module (memory (export "memory") 1))"#), Status::NoStart);
    assert_eq!(refusal(r#"(module (func (export "_start")))"#), Status::NoMemory);
    let main = r#"(memory (export "memory") 1) (func $s (export "_start"))"#;
    assert_eq!(refusal(&format!("(module {main} (start $s))")), Status::HasStartSection);
    assert_eq!(refusal(&format!("(module {main} (table 300000 funcref))")), Status::TableTooLarge);
    assert_eq!(
        refusal(r#"(module (memory (export "memory") 1025) (func (export "_start")))"#),
        Status::MemoryTooLarge
    );
    assert_eq!(
        refusal(r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#),
        Status::NoStart
    );
    assert_eq!(
        refusal(
            r#"(module (memory (export "memory") 1) (func (export "_start") (drop (i32.const 0)) drop))"#
        ),
        Status::InvalidModule
    );
}

#[test]
fn imports_are_those_of_the_world_or_none() {
    let with = |import: &str| {
        refusal(&format!(r#"(module {import} (memory (export "memory") 1) (func (export "_start")))"#))
    };
    assert_eq!(with(r#"(import "env" "system" (func))"#), Status::BadImport);
    assert_eq!(with(r#"(import "wasi_snapshot_preview1" "fd_steal" (func))"#), Status::BadImport);
    assert_eq!(with(r#"(import "wasi_snapshot_preview1" "fd_close" (func))"#), Status::BadImport);
    assert_eq!(with(r#"(import "wasi_snapshot_preview1" "fd_close" (global i32))"#), Status::BadImport);
}

#[test]
fn proposals_that_are_off_do_not_compile() {
    let main = r#"(memory (export "memory") 1) (func (export "_start"))"#;
    for extra in [
        "(memory 1)",
        "(func (result v128) (i32x4.relaxed_trunc_f32x4_s (v128.const i64x2 0 0)))",
        "(func (drop (i32.atomic.load (i32.const 0))))",
        "(type (struct (field i32)))",
        "(tag)",
        "(func (param externref))",
    ] {
        assert_eq!(refusal(&format!("(module {main} {extra})")), Status::InvalidModule, "{extra}");
    }
    let wide = r#"(module (memory (export "memory") i64 1) (func (export "_start")))"#;
    assert_eq!(refusal(wide), Status::InvalidModule);
    // And one that is on.
    module(&format!("(module {main} (func (result v128) (v128.const i64x2 0 0)))"));
}

#[test]
fn a_module_at_its_cap_passes_and_one_byte_more_does_not() {
    let wasm = wat::parse_str(command_text("")).unwrap();
    let caps = |bytes| fog_wasm::check::Caps { module_bytes_max: bytes, memory_bytes_max: 1 << 16 };
    assert!(engine().compile(&wasm, World::Command, &caps(wasm.len() as u64)).is_ok());
    let refused = engine().compile(&wasm, World::Command, &caps(wasm.len() as u64 - 1)).unwrap_err();
    assert_eq!(refused.status, Status::ModuleTooLarge);
}

#[test]
fn every_cut_and_every_changed_byte_of_a_module_is_survived() {
    let wasm = wat::parse_str(command_text("(call $exit (i32.const 1))")).unwrap();
    for cut in 0..wasm.len() {
        let _ = engine().compile(&wasm[..cut], World::Command, &CAPS);
    }
    let mut refused = 0;
    for at in 0..wasm.len() {
        let mut bad = wasm.clone();
        bad[at] ^= 1 << (at % 8);
        match engine().compile(&bad, World::Command, &CAPS) {
            Ok(code) => {
                let _ = run_plain(&load(&code).unwrap());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > wasm.len() / 4);
}

#[test]
fn damaged_code_is_not_loaded() {
    let code = engine().compile(&wat::parse_str(command_text("")).unwrap(), World::Command, &CAPS).unwrap();
    let status = |bytes: &[u8]| load(bytes).err().map(|e| e.status);
    assert_eq!(status(&code), None);
    assert_eq!(status(b""), Some(Status::DamagedCode));
    assert_eq!(status(&code[..71]), Some(Status::DamagedCode));
    assert_eq!(status(&code[..code.len() - 1]), Some(Status::DamagedCode));
    let mut bad = code.clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(status(&bad), Some(Status::DamagedCode));
    bad.clone_from(&code);
    bad[8] ^= 1;
    assert_eq!(status(&bad), Some(Status::OtherProfile));
}

#[test]
fn requests_that_are_wrong_in_themselves_do_not_run() {
    let module = command("");
    let refused = |change: fn(&mut fog_wasm::run::Request)| {
        let mut request = request();
        change(&mut request);
        run(&module, request, Box::new(Gone)).unwrap_err().status
    };
    assert_eq!(refused(|r| r.args.push(b"a\0b".to_vec())), Status::BadArgument);
    assert_eq!(refused(|r| r.args.push(vec![b'a'; 1 << 20])), Status::BadArgument);
    assert_eq!(refused(|r| r.env = vec![vec![]; 4096]), Status::BadArgument);
    assert_eq!(refused(|r| r.limits.fuel_max = 1 << 63), Status::BadArgument);
    assert_eq!(refused(|r| r.limits.wall_ms_max = 0), Status::BadArgument);
}
