//! What a component asks of its key-value store, as the host is handed it, and what comes back.

/// What is to be done. The numbers are those of `fog_wasm_keyvalue_op`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum KeyvalueOp {
    /// The values of the keys, each or none.
    Get = 0,
    Set = 1,
    Delete = 2,
    /// `number` is 1 where the one key is there.
    Exists = 3,
    /// The keys after the one given, or from the first on; `number` is 1 where there are more.
    List = 4,
    /// Adds `delta` to the number, in decimal, under the one key; `number` is what it is then.
    Increment = 5,
    /// Sets the one entry if what is there is `expected`.
    Swap = 6,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyvalueCall {
    pub op: KeyvalueOp,
    /// Keys with their values, which are empty where the operation takes none.
    pub entries: Vec<(String, Vec<u8>)>,
    /// Of a swap: the SHA-256 of the value that must be there; none: there must be none.
    pub expected: Option<[u8; 32]>,
    pub delta: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyvalueReply {
    pub values: Vec<Option<Vec<u8>>>,
    pub number: i64,
}

/// Why nothing was done. The numbers are those of `fog_wasm_keyvalue_fault`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyvalueFault {
    /// The store would hold more than it may.
    Full,
    /// The values are more together than one call may bring back.
    TooLarge,
    /// What is to be incremented is no whole number in decimal.
    NotNumber,
    /// It would be beyond 64 bits.
    Overflow,
    /// Something else than expected is there: the SHA-256 of it, or nothing.
    Changed(Option<[u8; 32]>),
    /// The host's disk.
    Failed,
}

pub type KeyvalueResult = Result<KeyvalueReply, KeyvalueFault>;
