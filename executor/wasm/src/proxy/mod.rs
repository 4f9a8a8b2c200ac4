//! The world `wasi:http/proxy@0.2.x`: a component that answers one HTTP request in parts. As for a
//! command, nothing of the computer is visible, every host call is charged and shown, and what the
//! host keeps for the guest is bounded.

mod calls;
mod fields;
mod http;
mod keyvalue;
mod link;
mod outbound;
mod state;
mod system;
mod types;

pub use link::{interface_of, linker_for};
pub use state::Proxy;

use crate::engine::Component;
use crate::error::{Error, Result, Status};
use crate::profile;
use crate::run::Stop;
use fields::Field;
use state::{IncomingRequest, Outparam};
use types::{Method, Scheme};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{ComponentExportIndex, Linker, Resource};
use wasmtime::{Engine, Store};

/// A request as a component sees it.
#[derive(Clone, Debug, Default)]
pub struct HttpRequest {
    /// As on the wire: "GET".
    pub method: String,
    pub scheme: Option<String>,
    pub authority: Option<String>,
    pub path_with_query: Option<String>,
    /// Names of any case. Those that speak of one connection are left out.
    pub fields: Vec<(String, Vec<u8>)>,
}

/// Where the component's handler is; refused where there is none.
pub fn handler(
    engine: &Engine,
    component: &wasmtime::component::Component,
    linker: &Linker<Proxy>,
) -> Result<ComponentExportIndex> {
    let none = || {
        let text = "exports no wasi:http/incoming-handler@0.2.x; a component of the world wasi:http/proxy is \
                    expected";
        Error::new(Status::NoStart, text)
    };
    let ty = linker
        .substituted_component_type(component)
        .map_err(|e| Error::new(Status::BadImport, format!("imports do not fit: {e:#}")))?;
    let is_ours = |name: &str| interface_of(name) == Some("wasi:http/incoming-handler");
    let (name, item) = ty.exports(engine).find(|(name, _)| is_ours(name)).ok_or_else(none)?;
    let ComponentItem::ComponentInstance(exported) = item.ty else { return Err(none()) };
    match exported.get_export(engine, "handle").map(|item| item.ty) {
        Some(ComponentItem::ComponentFunc(ty)) if link::is_handler(&ty) => {}
        _ => return Err(none()),
    }
    let instance = component.get_export_index(None, name).ok_or_else(none)?;
    component.get_export_index(Some(&instance), "handle").ok_or_else(none)
}

/// Makes an instance and has it handle the request. Fuel counts from the start on: making one can
/// run code of the component's.
pub(crate) fn execute(
    component: &Component,
    http: HttpRequest,
    store: &mut Store<Proxy>,
) -> wasmtime::Result<()> {
    let fuel_max = store.data().world.limits.fuel_max;
    store.set_fuel(fuel_max)?;
    store.set_hostcall_fuel(profile::COMPONENT_CALL_BYTES_MAX);
    store.set_max_component_handles(profile::RESOURCES_MAX);
    let instance = component.pre.instantiate(&mut *store)?;
    let handle = instance.get_typed_func::<(Resource<IncomingRequest>, Resource<Outparam>), ()>(
        &mut *store,
        &component.handler,
    )?;
    let proxy = store.data_mut();
    let request = proxy.push(incoming(http))?;
    let outparam = proxy.push(Outparam)?;
    proxy.began = true;
    match handle.call(&mut *store, (request, outparam)) {
        // A component that exits in good order may have answered before.
        Err(error) if matches!(error.downcast_ref::<Stop>(), Some(Stop::Exit(0))) => Ok(()),
        result => result,
    }
}

fn incoming(http: HttpRequest) -> IncomingRequest {
    let fields = http.fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let fields: Vec<Field> = fields.filter(|(name, _)| !fields::is_forbidden(name)).collect();
    IncomingRequest {
        method: Method::of(&http.method),
        scheme: http.scheme.as_deref().map(Scheme::of),
        authority: http.authority,
        path_with_query: http.path_with_query,
        fields,
        consumed: false,
    }
}
