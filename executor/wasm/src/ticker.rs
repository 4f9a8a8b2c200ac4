//! The safety stop's heartbeat: one thread per engine that moves Wasmtime's epoch every 10 ms
//! while something runs, starts with the first run and sleeps when nothing has run for a second.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub const TICK: Duration = Duration::from_millis(10);
const IDLE_TICKS_MAX: u32 = 100;

pub struct Ticker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    engine: wasmtime::Engine,
    running: AtomicUsize,
    awake: AtomicBool,
    stop: Mutex<bool>,
    wake: Condvar,
}

/// Keeps the ticker awake while it lives.
pub struct Running<'a>(&'a Shared);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ticker {
    pub fn new(engine: wasmtime::Engine) -> Self {
        let shared = Shared {
            engine,
            running: AtomicUsize::new(0),
            awake: AtomicBool::new(false),
            stop: Mutex::new(false),
            wake: Condvar::new(),
        };
        Self { shared: Arc::new(shared), thread: Mutex::new(None) }
    }

    /// Counts one run in; starts or wakes the thread if needed. Fails if no thread can be started.
    pub fn enter(&self) -> std::io::Result<Running<'_>> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(&self.shared);
        if !self.shared.awake.load(Ordering::SeqCst) {
            let mut thread = lock(&self.thread);
            if thread.is_none() {
                let shared = self.shared.clone();
                let builder = std::thread::Builder::new().name("fog-wasm-tick".into());
                *thread = Some(builder.spawn(move || shared.tick())?);
            }
            let _stop = lock(&self.shared.stop);
            self.shared.wake.notify_all();
        }
        Ok(running)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        *lock(&self.shared.stop) = true;
        self.shared.wake.notify_all();
        if let Some(thread) = lock(&self.thread).take() {
            // A panicked ticker has already stopped, which is all that is wanted here.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn tick(&self) {
        let mut idle = 0;
        let mut stop = lock(&self.stop);
        self.awake.store(true, Ordering::SeqCst);
        while !*stop {
            stop = wait(self.wake.wait_timeout(stop, TICK)).0;
            self.engine.increment_epoch();
            idle = if self.running.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
            if idle >= IDLE_TICKS_MAX {
                stop = self.sleep(stop);
                idle = 0;
            }
        }
    }

    // A run that comes now either sees `awake` false and notifies, for which it needs the lock that
    // this holds until it waits; or has raised `running` before `awake` fell, and is seen here.
    fn sleep<'a>(&self, mut stop: MutexGuard<'a, bool>) -> MutexGuard<'a, bool> {
        self.awake.store(false, Ordering::SeqCst);
        while !*stop && self.running.load(Ordering::SeqCst) == 0 {
            stop = wait(self.wake.wait(stop));
        }
        self.awake.store(true, Ordering::SeqCst);
        stop
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
