//! Measures what a request costs before and after the guest's own work: `cargo run --release
//! --example start -- MODULE.wasm [BODY_BYTES]`. Prints microseconds for both ways of allocation.

use fog_wasm::check::{Caps, World};
use fog_wasm::engine::{Engine, Pool};
use fog_wasm::run::{Host, Limits, Refused, Request, run};
use std::time::{Duration, Instant};

struct Body(usize);

impl Host for Body {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Refused> {
        let n = buffer.len().min(self.0);
        buffer[..n].fill(b'x');
        self.0 -= n;
        Ok(n)
    }
    fn write(&mut self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
    fn log(&mut self, _: &[u8]) -> Result<(), Refused> {
        Ok(())
    }
}

fn request() -> Request {
    Request {
        args: vec![b"service".to_vec()],
        env: vec![],
        limits: Limits {
            fuel_max: 1 << 40,
            memory_bytes_max: 64 << 20,
            wall_ms_max: 60_000,
            stdout_bytes_max: 1 << 30,
            stderr_bytes_max: 1 << 20,
        },
        wall_clock_ns: 0,
        seed: [1; 32],
        http: None,
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let wasm = std::fs::read(&args[1]).expect("a module");
    let body: usize = args.get(2).map_or(100, |n| n.parse().expect("bytes"));
    let caps = Caps { module_bytes_max: 64 << 20, memory_bytes_max: 64 << 20 };
    for pool in [Pool::None, Pool::Commands(16), Pool::None, Pool::Commands(16)] {
        let engine = Engine::new(pool, true).expect("an engine");
        let begin = Instant::now();
        let code = engine.compile(&wasm, World::Command, &caps).expect("compiles");
        let compiled = begin.elapsed();
        let begin = Instant::now();
        // SAFETY: compiled above.
        let module = unsafe { engine.load(&code) }.expect("loads");
        let loaded = begin.elapsed();
        let mut times: Vec<Duration> = vec![];
        let mut last = None;
        let all = Instant::now();
        while times.len() < 100_000 && all.elapsed() < Duration::from_secs(3) {
            let begin = Instant::now();
            last = Some(run(&module, request(), Box::new(Body(body))).expect("a good request"));
            times.push(begin.elapsed());
        }
        times.sort();
        println!(
            "{pool:?}: compile {compiled:?} ({} bytes), load {loaded:?}; {} runs, p50 {:?} p99 {:?}",
            code.len(),
            times.len(),
            times[times.len() / 2],
            times[times.len() * 99 / 100]
        );
        println!("  {:?}", last.expect("one run"));
    }
}
