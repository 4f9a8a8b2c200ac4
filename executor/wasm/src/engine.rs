//! Engine and modules: compile, load, and hold what every run of a module shares.

use crate::check::{self, Caps};
use crate::error::{Error, Result, Status};
use crate::run::Run;
use crate::ticker::Ticker;
use crate::{code, profile, wasi};
use std::sync::Arc;
use wasmtime::{ExternType, InstancePre, Linker, ModuleExport};

/// One per process is enough. Threads may share it.
pub struct Engine {
    inner: wasmtime::Engine,
    linker: Linker<Run>,
    ticker: Arc<Ticker>,
}

/// A loaded module, ready to be run any number of times, from several threads at once.
pub struct Module {
    pub(crate) pre: InstancePre<Run>,
    pub(crate) memory: ModuleExport,
    pub(crate) start: ModuleExport,
    pub(crate) ticker: Arc<Ticker>,
    memory_bytes_min: u64,
}

impl Engine {
    /// `runs_max` > 0 keeps that many instance slots in a pool, and refuses more runs at once;
    /// 0 allocates for each run, without a bound. `parallel` compiles on all cores.
    pub fn new(runs_max: u32, parallel: bool) -> Result<Self> {
        let inner = profile::engine(runs_max, parallel)?;
        let mut linker = Linker::new(&inner);
        wasi::define(&mut linker).map_err(internal)?;
        let ticker = Arc::new(Ticker::new(inner.clone()));
        Ok(Self { inner, linker, ticker })
    }

    /// Compiles a module, after checking that it can be run at all. Deterministic: one module under
    /// one profile gives the same bytes. Time and memory grow with the module: the caller bounds both.
    pub fn compile(&self, bytes: &[u8], caps: &Caps) -> Result<Vec<u8>> {
        check::check(bytes, caps)?;
        wasmtime::Module::validate(&self.inner, bytes)
            .map_err(|e| Error::new(Status::InvalidModule, format!("not a valid module: {e:#}")))?;
        let module = wasmtime::Module::from_binary(&self.inner, bytes)
            .map_err(|e| Error::new(Status::CompileFailed, format!("cannot be compiled: {e:#}")))?;
        self.prepare(&module)?;
        Ok(code::wrap(&module.serialize().map_err(internal)?))
    }

    /// Loads what `compile` returned.
    ///
    /// # Safety
    /// The bytes become machine code of this process: the caller knows that `compile` made them.
    pub unsafe fn load(&self, compiled: &[u8]) -> Result<Module> {
        let code = code::unwrap(compiled)?;
        // SAFETY: the caller's promise.
        let module = unsafe { wasmtime::Module::deserialize(&self.inner, code) }
            .map_err(|e| Error::new(Status::UnfitHost, format!("cannot be loaded here: {e:#}")))?;
        self.prepare(&module)
    }

    fn prepare(&self, module: &wasmtime::Module) -> Result<Module> {
        let export = |name| module.get_export_index(name);
        let start = match (module.get_export("_start"), export("_start")) {
            (Some(ExternType::Func(ty)), Some(index))
                if ty.params().len() == 0 && ty.results().len() == 0 =>
            {
                index
            }
            _ => {
                let text = "_start must be a function without parameters and results";
                return Err(Error::new(Status::NoStart, text));
            }
        };
        let (memory, pages) = match (module.get_export("memory"), export("memory")) {
            (Some(ExternType::Memory(ty)), Some(index)) => (index, ty.minimum()),
            _ => return Err(Error::new(Status::NoMemory, "exports no memory named \"memory\"")),
        };
        let pre = self
            .linker
            .instantiate_pre(module)
            .map_err(|e| Error::new(Status::BadImport, format!("imports do not fit: {e:#}")))?;
        let ticker = self.ticker.clone();
        Ok(Module { pre, memory, start, ticker, memory_bytes_min: pages << 16 })
    }
}

impl Module {
    /// The memory that every run starts with, in bytes.
    pub fn memory_bytes_min(&self) -> u64 {
        self.memory_bytes_min
    }
}

fn internal(error: wasmtime::Error) -> Error {
    Error::new(Status::Internal, format!("{error:#}"))
}
