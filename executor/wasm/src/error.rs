//! Refusals: what the face answers when it does not do what was asked. The numbers are stable and
//! the same as in `fog_wasm.h`; the sentence is for a person.

/// Why a call was refused. The number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// A null pointer, an unknown option, a limit outside its range: the caller's own mistake.
    BadArgument = 1,
    /// The module has more bytes than the caller allows.
    ModuleTooLarge = 2,
    /// The bytes do not start as a WebAssembly binary.
    NotWasm = 3,
    /// A component where a core module is expected.
    IsComponent = 4,
    /// Malformed, or does not validate, or uses a proposal that is switched off.
    InvalidModule = 5,
    /// Imports something outside `wasi_snapshot_preview1`, or one of its functions with another type.
    BadImport = 6,
    /// No exported function `_start` without parameters and results.
    NoStart = 7,
    /// No exported memory named `memory`.
    NoMemory = 8,
    /// The memory that the module starts with is above the cap.
    MemoryTooLarge = 9,
    /// Too many tables, or a table too large.
    TableTooLarge = 10,
    /// A start section, which would run before metering begins.
    HasStartSection = 11,
    /// Valid, but the compiler gave up on it.
    CompileFailed = 12,
    /// Compiled code that is cut, altered, or not compiled code at all.
    DamagedCode = 13,
    /// Compiled code of another runtime profile: compile the module again.
    OtherProfile = 14,
    /// This computer lacks what the runtime profile asks for.
    UnfitHost = 15,
    /// A fault of this library.
    Internal = 16,
    /// A core module where a component is expected.
    IsModule = 17,
}

/// A refusal with its sentence.
#[derive(Debug)]
pub struct Error {
    pub status: Status,
    pub message: String,
}

impl Error {
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(Status::BadArgument, message)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

pub type Result<T> = std::result::Result<T, Error>;
