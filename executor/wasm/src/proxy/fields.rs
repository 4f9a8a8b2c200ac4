//! Header fields as a component holds them: names in lower case, in the order in which they came,
//! bounded in number and bytes.

use super::types::HeaderError;
use crate::run::Stop;

pub type Field = (String, Vec<u8>);

/// What one list of fields may hold: the bounds of the link that carries them.
pub const FIELDS_MAX: usize = 128;
pub const FIELDS_BYTES_MAX: usize = 64 << 10;
pub const METHOD_BYTES_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 16 << 10;

/// Fields that speak of one connection, which the link has and the service has not.
const FORBIDDEN: &[&str] = &[
    "connection",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

#[derive(Clone, Default)]
pub struct Fields {
    list: Vec<Field>,
    pub immutable: bool,
}

/// An operation's end: a typed refusal for the guest, or the end of the run.
pub enum Fault {
    Header(HeaderError),
    Stop(Stop),
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Fault::Stop(stop)
    }
}

pub fn is_forbidden(name: &str) -> bool {
    FORBIDDEN.contains(&name)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The name as it is kept, if it is one (RFC 9110 5.1).
pub fn name_of(name: &str) -> Option<String> {
    let good = !name.is_empty() && name.bytes().all(is_token);
    good.then(|| name.to_ascii_lowercase())
}

/// RFC 9110 5.5: no control characters but the tab.
pub fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f))
}

pub fn bytes_of(list: &[Field]) -> usize {
    list.iter().map(|(name, value)| name.len() + value.len()).sum()
}

impl Fields {
    /// What the host itself has put together.
    pub fn given(list: Vec<Field>) -> Self {
        Self { list, immutable: true }
    }

    pub fn list(&self) -> &[Field] {
        &self.list
    }

    pub fn get(&self, name: &str) -> Vec<Vec<u8>> {
        let same = |field: &&Field| field.0.eq_ignore_ascii_case(name);
        self.list.iter().filter(same).map(|field| field.1.clone()).collect()
    }

    pub fn append(&mut self, name: &str, value: Vec<u8>) -> Result<(), Fault> {
        let name = self.writable(name)?;
        self.push(name, value)
    }

    pub fn set(&mut self, name: &str, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        let name = self.writable(name)?;
        if !values.iter().all(|value| is_value(value)) {
            return Err(Fault::Header(HeaderError::InvalidSyntax));
        }
        self.list.retain(|field| field.0 != name);
        values.into_iter().try_for_each(|value| self.push(name.clone(), value))
    }

    pub fn delete(&mut self, name: &str) -> Result<(), Fault> {
        let name = self.writable(name)?;
        self.list.retain(|field| field.0 != name);
        Ok(())
    }

    fn writable(&self, name: &str) -> Result<String, Fault> {
        if self.immutable {
            return Err(Fault::Header(HeaderError::Immutable));
        }
        let name = name_of(name).ok_or(Fault::Header(HeaderError::InvalidSyntax))?;
        if is_forbidden(&name) { Err(Fault::Header(HeaderError::Forbidden)) } else { Ok(name) }
    }

    fn push(&mut self, name: String, value: Vec<u8>) -> Result<(), Fault> {
        if !is_value(&value) {
            return Err(Fault::Header(HeaderError::InvalidSyntax));
        }
        let bytes = bytes_of(&self.list) + name.len() + value.len();
        if self.list.len() == FIELDS_MAX || bytes > FIELDS_BYTES_MAX {
            let text = format!("more than {FIELDS_MAX} header fields or {FIELDS_BYTES_MAX} bytes of them");
            return Err(Stop::Guest(text).into());
        }
        if name.len() > NAME_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
            let text =
                format!("a header field above {NAME_BYTES_MAX} bytes of name or {VALUE_BYTES_MAX} of value");
            return Err(Stop::Guest(text).into());
        }
        self.list.push((name, value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_those_of_http() {
        assert_eq!(name_of("X-Fog"), Some("x-fog".to_owned()));
        assert!(name_of("").is_none() && name_of("a b").is_none() && name_of("a:").is_none());
        assert!(is_value(b"a \t\xff") && !is_value(b"a\r\nb: c") && !is_value(b"\0") && !is_value(b"\x7f"));
    }

    #[test]
    fn a_list_ends_at_its_bounds() {
        let mut many = Fields::default();
        for _ in 0..FIELDS_MAX {
            assert!(many.append("a", vec![]).is_ok());
        }
        assert!(matches!(many.append("a", vec![]), Err(Fault::Stop(Stop::Guest(_)))));
        let mut large = Fields::default();
        for _ in 0..4 {
            assert!(large.append("a", vec![b'x'; FIELDS_BYTES_MAX / 4 - 1]).is_ok());
        }
        assert!(matches!(large.append("b", vec![]), Err(Fault::Stop(Stop::Guest(_)))));
        let mut long = Fields::default();
        assert!(long.append(&"a".repeat(256), vec![b'x'; 16 << 10]).is_ok());
        assert!(matches!(long.append(&"a".repeat(257), vec![]), Err(Fault::Stop(Stop::Guest(_)))));
        assert!(matches!(long.append("a", vec![0x20; (16 << 10) + 1]), Err(Fault::Stop(Stop::Guest(_)))));
    }

    #[test]
    fn set_replaces_whatever_the_case() {
        let mut fields = Fields::default();
        assert!(fields.append("A", b"1".to_vec()).is_ok() && fields.append("b", b"2".to_vec()).is_ok());
        assert!(fields.set("a", vec![b"3".to_vec(), b"4".to_vec()]).is_ok());
        assert_eq!(fields.get("A"), [b"3", b"4"]);
        assert!(matches!(fields.set("host", vec![]), Err(Fault::Header(HeaderError::Forbidden))));
        fields.immutable = true;
        assert!(matches!(fields.delete("a"), Err(Fault::Header(HeaderError::Immutable))));
    }
}
