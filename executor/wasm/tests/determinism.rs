//! The auditor's promise: the same module, request and seed give the same answer, fuel, memory and
//! host calls, whoever runs it and however the body arrived.

mod support;

use fog_wasm::engine::Engine;
use fog_wasm::run::{Host, Outcome, Refused, run};
use support::*;

/// All that must be equal.
fn facts(outcome: &Outcome, seen: &Seen) -> String {
    format!("{outcome:?} {:?} {:?} {:?}", seen.out, seen.log, seen.calls)
}

fn world_facts() -> String {
    let module = load(&engine().compile(&guest("world"), World::Command, &CAPS).unwrap()).unwrap();
    let (outcome, seen) = run_plain(&module);
    facts(&outcome, &seen)
}

#[test]
fn runs_repeat() {
    let module = load(&engine().compile(&guest("world"), World::Command, &CAPS).unwrap()).unwrap();
    let one = run_plain(&module);
    let two = run_plain(&module);
    assert_eq!(facts(&one.0, &one.1), facts(&two.0, &two.1));
    let mut request = request();
    request.seed[31] ^= 1;
    let three = run_with(&module, request, b"", 1);
    assert_ne!(one.1.out, three.1.out, "another seed gives other random bytes");
}

#[test]
fn the_bodys_pieces_do_not_show() {
    let module = load(&engine().compile(&guest("upper"), World::Command, &CAPS).unwrap()).unwrap();
    let body: Vec<u8> = (0..10_000u32).map(|i| (i * 7 % 251) as u8).collect();
    let whole = run_with(&module, request(), &body, usize::MAX);
    for piece in [1, 7, 1023, 4096] {
        let cut = run_with(&module, request(), &body, piece);
        assert_eq!(facts(&whole.0, &whole.1), facts(&cut.0, &cut.1), "pieces of {piece}");
    }
}

struct Quiet;

impl Host for Quiet {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Refused> {
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
fn engines_with_other_allocation_agree() {
    let wasm = guest("world");
    let run_on = |engine: &Engine| {
        let code = engine.compile(&wasm, World::Command, &CAPS).unwrap();
        // SAFETY: made one line above.
        let module = unsafe { engine.load(&code) }.unwrap();
        let outcome = run(&module, request(), Box::new(Quiet)).unwrap();
        (code, format!("{outcome:?}"))
    };
    let pooled = run_on(&Engine::new(Pool::Commands(2), false).unwrap());
    let plain = run_on(&Engine::new(Pool::None, true).unwrap());
    assert!(pooled.0 == plain.0, "compiled code differs");
    assert_eq!(pooled.1, plain.1);
}

#[test]
fn another_process_agrees() {
    const NAME: &str = "FOG_WASM_TEST_CHILD";
    if let Ok(path) = std::env::var(NAME) {
        std::fs::write(path, world_facts()).unwrap();
        return;
    }
    let path = std::env::temp_dir().join(format!("fog_wasm_facts_{}", std::process::id()));
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "another_process_agrees"])
        .env(NAME, &path)
        .output()
        .unwrap();
    assert!(child.status.success());
    let theirs = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(theirs, world_facts());
}

#[test]
fn nans_are_canonical() {
    // A NaN with a payload goes through arithmetic; its bits come out as the canonical NaN's.
    let module =
        command("(call $exit (i32.reinterpret_f32 (f32.add (f32.const nan:0x123456) (f32.const 1))))");
    assert_eq!(run_plain(&module).0.exit_code, 0x7fc0_0000);
}
