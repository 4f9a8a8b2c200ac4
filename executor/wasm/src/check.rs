//! What a module must be before any time is spent on compiling it: a core WebAssembly command
//! module for `wasi_snapshot_preview1`, or a component for `wasi:http/proxy`. Reads sections only;
//! the compiler validates the rest.

use crate::error::{Error, Result, Status};
use crate::profile;
use wasmparser::{Encoding, ExternalKind, Parser, Payload, TypeRef};

/// What a module is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    Command,
    HttpProxy,
}

/// Caps of the caller on one module.
pub struct Caps {
    pub module_bytes_max: u64,
    pub memory_bytes_max: u64,
}

/// Ok when the compiler should go on; otherwise the first reason against it.
pub fn check(module: &[u8], world: World, caps: &Caps) -> Result<()> {
    if module.len() as u64 > caps.module_bytes_max {
        let text = format!("the module has {} bytes, {} are allowed", module.len(), caps.module_bytes_max);
        return Err(Error::new(Status::ModuleTooLarge, text));
    }
    if module.len() < 8 || &module[..4] != b"\0asm" {
        return Err(Error::new(Status::NotWasm, "not a WebAssembly binary (its first bytes are not \\0asm)"));
    }
    if world == World::HttpProxy {
        return check_component(module, caps);
    }
    let mut seen = Seen::default();
    for payload in Parser::new(0).parse_all(module) {
        seen.take(payload.map_err(invalid)?, caps)?;
    }
    seen.verdict()
}

#[derive(Default)]
struct Seen {
    start: bool,
    initialize: bool,
    memory: bool,
}

impl Seen {
    fn take(&mut self, payload: Payload<'_>, caps: &Caps) -> Result<()> {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => Err(Error::new(
                Status::IsComponent,
                "a component; a core module is expected (for clang: --target=wasm32-wasi); a component of \
                 the world wasi:http/proxy runs where the manifest says runtime: wasm-http",
            )),
            Payload::ImportSection(imports) => imports.into_imports().try_for_each(|i| {
                let i = i.map_err(invalid)?;
                check_import(i.module, i.name, i.ty)
            }),
            Payload::TableSection(tables) => check_tables(tables),
            Payload::MemorySection(memories) => {
                memories.into_iter().try_for_each(|m| check_memory(m.map_err(invalid)?.initial, caps))
            }
            Payload::ExportSection(exports) => exports.into_iter().try_for_each(|e| {
                self.export(e.map_err(invalid)?);
                Ok(())
            }),
            Payload::StartSection { .. } => Err(Error::new(
                Status::HasStartSection,
                "has a start section, which would run before metering; export _start instead",
            )),
            _ => Ok(()),
        }
    }

    fn export(&mut self, export: wasmparser::Export<'_>) {
        match (export.name, export.kind) {
            ("_start", ExternalKind::Func) => self.start = true,
            ("_initialize", ExternalKind::Func) => self.initialize = true,
            ("memory", ExternalKind::Memory) => self.memory = true,
            _ => {}
        }
    }

    fn verdict(&self) -> Result<()> {
        if !self.start {
            let text = if self.initialize {
                "a reactor (exports _initialize); a command with _start is expected"
            } else {
                "exports no function _start; a command module (with a main) is expected"
            };
            return Err(Error::new(Status::NoStart, text));
        }
        if !self.memory {
            return Err(Error::new(Status::NoMemory, "exports no memory named \"memory\""));
        }
        Ok(())
    }
}

/// Parts of a component: bounded before anything is compiled, since the compiler takes each in turn.
const CORE_MODULES_MAX: u32 = 64;
const COMPONENTS_MAX: u32 = 64;

fn check_component(bytes: &[u8], caps: &Caps) -> Result<()> {
    if !Parser::is_component(bytes) {
        let text = "a core module; a component of the world wasi:http/proxy is expected (a command module \
                    runs where the manifest says runtime: wasm)";
        return Err(Error::new(Status::IsModule, text));
    }
    let (mut modules, mut components) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ModuleSection { .. } => modules += 1,
            Payload::ComponentSection { .. } => components += 1,
            Payload::TableSection(tables) => check_tables(tables)?,
            Payload::MemorySection(memories) => {
                memories.into_iter().try_for_each(|m| check_memory(m.map_err(invalid)?.initial, caps))?;
            }
            _ => {}
        }
        if modules > CORE_MODULES_MAX || components > COMPONENTS_MAX {
            let text = format!("more than {CORE_MODULES_MAX} modules or {COMPONENTS_MAX} components inside");
            return Err(Error::new(Status::InvalidModule, text));
        }
    }
    Ok(())
}

/// Whether it is a component by the rules of the profile's proposals.
pub fn validate_component(bytes: &[u8]) -> Result<()> {
    let mut validator = wasmparser::Validator::new_with_features(profile::parser_features());
    validator.validate_all(bytes).map(|_| ()).map_err(invalid)
}

fn check_import(module: &str, name: &str, ty: TypeRef) -> Result<()> {
    let known = module == profile::WORLD && crate::wasi::is_function(name);
    if known && matches!(ty, TypeRef::Func(_)) {
        return Ok(());
    }
    let text =
        format!("imports {:.64}.{:.64}; only functions of {} are provided", module, name, profile::WORLD);
    Err(Error::new(Status::BadImport, text))
}

fn check_tables(tables: wasmparser::TableSectionReader<'_>) -> Result<()> {
    let too_large = |what: String| Err(Error::new(Status::TableTooLarge, what));
    if tables.count() as usize > profile::TABLES_MAX {
        return too_large(format!("{} tables, {} are allowed", tables.count(), profile::TABLES_MAX));
    }
    let mut elements = 0u64;
    for table in tables {
        elements = elements.saturating_add(table.map_err(invalid)?.ty.initial);
    }
    if elements > profile::TABLE_ELEMENTS_MAX {
        return too_large(format!(
            "tables of {elements} elements, {} are allowed",
            profile::TABLE_ELEMENTS_MAX
        ));
    }
    Ok(())
}

fn check_memory(pages: u64, caps: &Caps) -> Result<()> {
    let bytes = pages.saturating_mul(1 << 16);
    if bytes <= caps.memory_bytes_max {
        return Ok(());
    }
    let text = format!("starts with {bytes} bytes of memory, {} are allowed", caps.memory_bytes_max);
    Err(Error::new(Status::MemoryTooLarge, text))
}

fn invalid(error: wasmparser::Error) -> Error {
    Error::new(Status::InvalidModule, format!("not a valid module: {error}"))
}
