//! Engine and modules: compile, load, and hold what every run of a module shares.

use crate::check::{self, Caps, World};
use crate::error::{Error, Result, Status};
use crate::proxy::{self, Proxy};
use crate::run::Run;
use crate::ticker::Ticker;
use crate::{code, profile, wasi};
use std::sync::Arc;
use wasmtime::component::{self, ComponentExportIndex};
use wasmtime::{ExternType, InstancePre, Linker, ModuleExport, Precompiled};

/// Where instances live. Changes speed only.
#[derive(Clone, Copy, Debug)]
pub enum Pool {
    /// Allocated for each run, without a bound.
    None,
    /// So many slots that fit commands; more runs at once are host errors.
    Commands(u32),
    /// So many slots that fit commands and components, of more memory and addresses each.
    Components(u32),
}

/// One per process is enough. Threads may share it.
pub struct Engine {
    inner: wasmtime::Engine,
    linker: Linker<Run>,
    ticker: Arc<Ticker>,
}

/// A loaded module, ready to be run any number of times, from several threads at once.
pub struct Module {
    pub(crate) kind: Kinds,
    pub(crate) ticker: Arc<Ticker>,
    memory_bytes_min: u64,
}

pub(crate) enum Kinds {
    Command(Command),
    Proxy(Component),
}

pub(crate) struct Command {
    pub(crate) pre: InstancePre<Run>,
    pub(crate) memory: ModuleExport,
    pub(crate) start: ModuleExport,
}

pub(crate) struct Component {
    pub(crate) pre: component::InstancePre<Proxy>,
    pub(crate) handler: ComponentExportIndex,
}

impl Engine {
    /// `parallel` compiles on all cores.
    pub fn new(pool: Pool, parallel: bool) -> Result<Self> {
        let inner = profile::engine(pool, parallel)?;
        let mut linker = Linker::new(&inner);
        wasi::define(&mut linker).map_err(internal)?;
        let ticker = Arc::new(Ticker::new(inner.clone()));
        Ok(Self { inner, linker, ticker })
    }

    /// Compiles a module for its world, after checking that it can be run at all. Deterministic: one
    /// module under one profile gives the same bytes. Time and memory grow with the module: the caller
    /// bounds both.
    pub fn compile(&self, bytes: &[u8], world: World, caps: &Caps) -> Result<Vec<u8>> {
        check::check(bytes, world, caps)?;
        let failed = |e| Error::new(Status::CompileFailed, format!("cannot be compiled: {e:#}"));
        let code = match world {
            World::Command => {
                wasmtime::Module::validate(&self.inner, bytes).map_err(invalid)?;
                let module = wasmtime::Module::from_binary(&self.inner, bytes).map_err(failed)?;
                self.prepare(&module)?;
                module.serialize()
            }
            World::HttpProxy => {
                check::validate_component(bytes)?;
                let component = component::Component::from_binary(&self.inner, bytes).map_err(failed)?;
                self.prepare_component(&component)?;
                component.serialize()
            }
        };
        Ok(code::wrap(&code.map_err(internal)?))
    }

    /// Loads what `compile` returned.
    ///
    /// # Safety
    /// The bytes become machine code of this process: the caller knows that `compile` made them.
    pub unsafe fn load(&self, compiled: &[u8]) -> Result<Module> {
        let code = code::unwrap(compiled)?;
        let unfit = |e| Error::new(Status::UnfitHost, format!("cannot be loaded here: {e:#}"));
        if wasmtime::Engine::detect_precompiled(code) == Some(Precompiled::Component) {
            // SAFETY: the caller's promise.
            let component = unsafe { component::Component::deserialize(&self.inner, code) }.map_err(unfit)?;
            return self.prepare_component(&component);
        }
        // SAFETY: the caller's promise.
        let module = unsafe { wasmtime::Module::deserialize(&self.inner, code) }.map_err(unfit)?;
        self.prepare(&module)
    }

    fn prepare_component(&self, component: &component::Component) -> Result<Module> {
        let needs = component.resources_required().ok_or_else(|| {
            Error::new(Status::BadImport, "imports core modules; only interfaces of WASI 0.2 are provided")
        })?;
        if needs.num_memories as usize > profile::COMPONENT_MEMORIES_MAX {
            let text =
                format!("{} memories, {} are allowed", needs.num_memories, profile::COMPONENT_MEMORIES_MAX);
            return Err(Error::new(Status::MemoryTooLarge, text));
        }
        if needs.num_tables as usize > profile::COMPONENT_TABLES_MAX {
            let text = format!("{} tables, {} are allowed", needs.num_tables, profile::COMPONENT_TABLES_MAX);
            return Err(Error::new(Status::TableTooLarge, text));
        }
        let linker = proxy::linker_for(&self.inner, component)?;
        let handler = proxy::handler(&self.inner, component, &linker)?;
        let pre = linker
            .instantiate_pre(component)
            .map_err(|e| Error::new(Status::BadImport, format!("imports do not fit: {e:#}")))?;
        let memory_bytes_min = needs.max_initial_memory_size.unwrap_or(0) << 16;
        let kind = Kinds::Proxy(Component { pre, handler });
        Ok(Module { kind, ticker: self.ticker.clone(), memory_bytes_min })
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
        let kind = Kinds::Command(Command { pre, memory, start });
        Ok(Module { kind, ticker: self.ticker.clone(), memory_bytes_min: pages << 16 })
    }
}

impl Module {
    pub fn world(&self) -> World {
        match self.kind {
            Kinds::Command(_) => World::Command,
            Kinds::Proxy(_) => World::HttpProxy,
        }
    }

    /// The memory that every run starts with, in bytes; of a component, its largest one.
    pub fn memory_bytes_min(&self) -> u64 {
        self.memory_bytes_min
    }
}

fn invalid(error: wasmtime::Error) -> Error {
    Error::new(Status::InvalidModule, format!("not a valid module: {error:#}"))
}

fn internal(error: wasmtime::Error) -> Error {
    Error::new(Status::Internal, format!("{error:#}"))
}
