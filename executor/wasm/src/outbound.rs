//! What a component sends to other servers and what comes back, as the host is handed it.

/// A request to another server, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundRequest {
    /// As on the wire: "GET".
    pub method: String,
    pub tls: bool,
    /// Host, perhaps with a port.
    pub authority: String,
    pub path_with_query: String,
    /// Names in lower case; none that speaks of one connection, no host.
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// What the guest allows for each step; the host may allow less.
    pub connect_ms: Option<u64>,
    pub first_byte_ms: Option<u64>,
    pub between_bytes_ms: Option<u64>,
}

/// The answer of another server, whole. Names of any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundAnswer {
    pub status: u16,
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// Why there is none. The numbers are those of `fog_wasm_outbound_fault`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum OutboundFault {
    /// Not among what the service may reach, or the Host lets nobody out.
    Denied = 1,
    DnsTimeout = 2,
    /// No such name.
    DnsError = 3,
    /// The name leads to an address that is not public.
    Prohibited = 4,
    Refused = 5,
    Unavailable = 6,
    ConnectTimeout = 7,
    Terminated = 8,
    ResponseTimeout = 9,
    ReadTimeout = 10,
    TlsProtocol = 11,
    TlsCertificate = 12,
    HeadTooLarge = 13,
    BodyTooLarge = 14,
    Incomplete = 15,
    Protocol = 16,
    /// Too many at once.
    Limit = 17,
    Internal = 18,
}

impl OutboundFault {
    pub const ALL: &[OutboundFault] = &[
        Self::Denied,
        Self::DnsTimeout,
        Self::DnsError,
        Self::Prohibited,
        Self::Refused,
        Self::Unavailable,
        Self::ConnectTimeout,
        Self::Terminated,
        Self::ResponseTimeout,
        Self::ReadTimeout,
        Self::TlsProtocol,
        Self::TlsCertificate,
        Self::HeadTooLarge,
        Self::BodyTooLarge,
        Self::Incomplete,
        Self::Protocol,
        Self::Limit,
        Self::Internal,
    ];

    /// The fault of that number; another number is a fault of the host's.
    pub fn of(number: u32) -> Self {
        Self::ALL.iter().copied().find(|fault| *fault as u32 == number).unwrap_or(Self::Internal)
    }
}

pub type OutboundReply = Result<OutboundAnswer, OutboundFault>;
