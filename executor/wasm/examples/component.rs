//! Makes a component of a core module that already speaks the canonical ABI of its world, as
//! `tests/guests/http` does: no bindings, no adapter.
//!
//!     cargo run --release --example component -- MODULE.wasm WORLD.wit OUT.wasm

use std::error::Error;
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [module, wit, out] = args.as_slice() else {
        return Err("component MODULE.wasm WORLD.wit OUT.wasm".into());
    };
    let mut module = std::fs::read(module).map_err(|e| format!("{module}: {e}"))?;
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(wit))?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let component = ComponentEncoder::default().validate(true).module(&module)?.encode()?;
    std::fs::write(out, component).map_err(|e| format!("{out}: {e}"))?;
    Ok(())
}
