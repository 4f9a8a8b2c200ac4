//! How a component's imports are met: each call is charged, done, recorded and shown to who
//! replays; and what is not provided is refused when it is called.

use super::fields::Fields;
use super::state::*;
use super::{http, keyvalue, system};
use crate::error::{Error, Result, Status};
use crate::run::Stop;
use std::collections::BTreeSet;
use std::fmt::Debug;
use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{
    Component, ComponentNamedList, Lift, Linker, LinkerInstance, Lower, Resource, ResourceAny, ResourceType,
    Val,
};
use wasmtime::{AsContextMut, Engine, StoreContextMut};

/// The packages whose interfaces a component may import, in any version 0.2.x.
pub const PACKAGES: &[&str] =
    &["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:http", "wasi:io", "wasi:random", "wasi:sockets"];

/// Its only versions are drafts.
const KEYVALUE: &str = "wasi:keyvalue";
const KEYVALUE_VERSIONS: &[&str] = &["0.2.0-draft", "0.2.0-draft2"];

/// "wasi:io/streams" of "wasi:io/streams@0.2.3", if it is of those packages and versions.
pub fn interface_of(import: &str) -> Option<&str> {
    let (interface, version) = import.split_once('@')?;
    let (package, _) = interface.split_once('/')?;
    if package == KEYVALUE {
        return KEYVALUE_VERSIONS.contains(&version).then_some(interface);
    }
    let patch = version.strip_prefix("0.2.")?;
    let known = PACKAGES.contains(&package) && patch.parse::<u32>().is_ok();
    known.then_some(interface)
}

/// A linker with what this component imports, under the very names that it uses.
pub fn linker_for(engine: &Engine, component: &Component) -> Result<Linker<Proxy>> {
    let mut linker = Linker::new(engine);
    for (name, item) in component.component_type().imports(engine) {
        let (Some(interface), ComponentItem::ComponentInstance(ty)) = (interface_of(name), item.ty) else {
            let text = format!(
                "imports {name:.80}; only interfaces of WASI 0.2 and wasi:keyvalue's drafts are provided"
            );
            return Err(Error::new(Status::BadImport, text));
        };
        let mut root = linker.root();
        let link = root.instance(name).map_err(internal)?;
        let mut link = Link { link, interface: interface.to_owned(), functions: BTreeSet::new() };
        link.fill(engine, &ty).map_err(internal)?;
    }
    Ok(linker)
}

fn internal(error: wasmtime::Error) -> Error {
    Error::new(Status::Internal, format!("{error:#}"))
}

/// One imported interface while it is filled.
pub struct Link<'a> {
    link: LinkerInstance<'a, Proxy>,
    interface: String,
    functions: BTreeSet<String>,
}

/// One host call: charge, act, record the fuel, show it to who replays.
fn call<R: Debug>(
    store: &mut StoreContextMut<'_, Proxy>,
    words: impl FnOnce() -> String,
    act: impl FnOnce(&mut Proxy) -> std::result::Result<R, Stop>,
) -> wasmtime::Result<R> {
    let left = store.get_fuel()?;
    let proxy = store.data_mut();
    let words = proxy.world.traced.then(words);
    proxy.world.begin(left);
    let charged = proxy.world.charge_call();
    let result = charged.and_then(|()| act(proxy));
    let left = proxy.world.close();
    if let Some(words) = words {
        let ended = if result.is_ok() { 0 } else { u32::MAX };
        proxy.world.show(u32::MAX, ended, &[], &format!("{words} -> {result:?}"));
    }
    store.set_fuel(left)?;
    Ok(result?)
}

impl Link<'_> {
    /// A function: what it takes, and what it does.
    pub fn func<P, R>(
        &mut self,
        name: &str,
        act: impl Fn(&mut Proxy, P) -> std::result::Result<R, Stop> + Send + Sync + 'static,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Debug + 'static,
        R: Lower + Debug + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        let full = format!("{}#{name}", self.interface);
        self.functions.insert(name.to_owned());
        self.link.func_wrap(name, move |mut store: StoreContextMut<'_, Proxy>, params: P| {
            let words = if store.data().world.traced { format!("{full}{params:?}") } else { String::new() };
            call(&mut store, || words, |proxy| act(proxy, params)).map(|result| (result,))
        })
    }

    /// A function without a result.
    pub fn proc<P>(
        &mut self,
        name: &str,
        act: impl Fn(&mut Proxy, P) -> std::result::Result<(), Stop> + Send + Sync + 'static,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Debug + 'static,
    {
        let full = format!("{}#{name}", self.interface);
        self.functions.insert(name.to_owned());
        self.link.func_wrap(name, move |mut store: StoreContextMut<'_, Proxy>, params: P| {
            let words = if store.data().world.traced { format!("{full}{params:?}") } else { String::new() };
            call(&mut store, || words, |proxy| act(proxy, params))
        })
    }

    fn fill(&mut self, engine: &Engine, ty: &ComponentInstance) -> wasmtime::Result<()> {
        let interface = self.interface.clone();
        if interface.starts_with("wasi:http/") {
            http::define(&interface, self)?;
        } else if interface.starts_with("wasi:keyvalue/") {
            keyvalue::define(engine, &interface, ty, self)?;
        } else {
            system::define(&interface, self)?;
        }
        for (name, item) in ty.exports(engine) {
            match item.ty {
                ComponentItem::Resource(_) => self.resource(name)?,
                ComponentItem::ComponentFunc(_) if !self.functions.contains(name) => self.refuse(name)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Resources go by their names, under which other interfaces use them too.
    fn resource(&mut self, name: &str) -> wasmtime::Result<()> {
        match name {
            "error" | "io-error" => self.resource_of::<IoError>(name),
            "pollable" => self.resource_of::<Pollable>(name),
            "input-stream" => self.resource_of::<InputStream>(name),
            "output-stream" => self.resource_of::<OutputStream>(name),
            "fields" | "headers" | "trailers" => self.resource_of::<Fields>(name),
            "incoming-request" => self.resource_of::<IncomingRequest>(name),
            "incoming-body" => self.resource_of::<IncomingBody>(name),
            "future-trailers" => self.resource_of::<FutureTrailers>(name),
            "outgoing-request" => self.resource_of::<OutgoingRequest>(name),
            "request-options" => self.resource_of::<RequestOptions>(name),
            "response-outparam" => self.resource_of::<Outparam>(name),
            "outgoing-response" => self.resource_of::<OutgoingResponse>(name),
            "outgoing-body" => self.resource_of::<OutgoingBody>(name),
            "incoming-response" => self.resource_of::<IncomingResponse>(name),
            "future-incoming-response" => self.resource_of::<FutureResponse>(name),
            "bucket" => self.resource_of::<Bucket>(name),
            "cas" => self.resource_of::<Cas>(name),
            _ => self.resource_of::<Never>(name),
        }
    }

    fn resource_of<T: Send + 'static>(&mut self, name: &str) -> wasmtime::Result<()> {
        let full = format!("{}#drop {name}", self.interface);
        self.link.resource(name, ResourceType::host::<T>(), move |mut store, number| {
            call(
                &mut store,
                || format!("{full} {number}"),
                |proxy| {
                    // A Never is in no table.
                    if let Ok(thing) = proxy.table.delete(Resource::<T>::new_own(number)) {
                        proxy.dropped(&thing);
                    }
                    Ok(())
                },
            )
        })
    }

    /// A function that is not provided: it answers that access is denied, or that there is nothing,
    /// where its type can say so, and else ends the run.
    fn refuse(&mut self, name: &str) -> wasmtime::Result<()> {
        let full = format!("{}#{name}", self.interface);
        self.link.func_new(name, move |mut store, ty, _, results| {
            call(&mut store, || full.clone(), |_| Ok(()))?;
            let types: Vec<Type> = ty.results().collect();
            for (result, ty) in results.iter_mut().zip(types) {
                let Some(value) = denial(&mut store, &ty)? else {
                    return Err(Stop::Guest(format!("calls {full}, which is not provided")).into());
                };
                *result = value;
            }
            Ok(())
        })
    }
}

/// No place in the table, so that dropping a Never drops nothing.
const NOWHERE: u32 = u32::MAX;

/// The cases of an error-code that say no, best first.
const REFUSALS: &[&str] = &["access-denied", "access", "not-permitted", "unsupported"];

fn denial(store: &mut StoreContextMut<'_, Proxy>, ty: &Type) -> wasmtime::Result<Option<Val>> {
    Ok(match ty {
        Type::List(_) => Some(Val::List(Vec::new())),
        Type::Option(_) => Some(Val::Option(None)),
        Type::Result(result) => match result.err() {
            None => Some(Val::Result(Err(None))),
            Some(Type::Enum(cases)) => {
                let names: Vec<&str> = cases.names().collect();
                let case = REFUSALS.iter().find(|case| names.contains(case));
                case.map(|case| Val::Result(Err(Some(Box::new(Val::Enum((*case).to_owned()))))))
            }
            Some(_) => None,
        },
        Type::Own(resource) if *resource == ResourceType::host::<Never>() => {
            let nothing = Resource::<Never>::new_own(NOWHERE);
            Some(Val::Resource(ResourceAny::try_from_resource(nothing, store.as_context_mut())?))
        }
        _ => None,
    })
}

/// Whether it is the type of the handler that the world exports; resources are those of the linker.
pub fn is_handler(ty: &ComponentFunc) -> bool {
    let wanted = [ResourceType::host::<IncomingRequest>(), ResourceType::host::<Outparam>()];
    let mut params = ty.params().map(|(_, ty)| ty);
    let fit = wanted.iter().all(|wanted| matches!(params.next(), Some(Type::Own(got)) if got == *wanted));
    fit && params.next().is_none() && ty.results().len() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_those_of_wasi_0_2() {
        assert_eq!(interface_of("wasi:io/streams@0.2.3"), Some("wasi:io/streams"));
        assert_eq!(interface_of("wasi:http/types@0.2.0"), Some("wasi:http/types"));
        assert_eq!(interface_of("wasi:keyvalue/store@0.2.0-draft2"), Some("wasi:keyvalue/store"));
        assert_eq!(interface_of("wasi:keyvalue/store@0.2.0-draft"), Some("wasi:keyvalue/store"));
        assert_eq!(interface_of("wasi:keyvalue/store@0.2.0"), None);
        for name in ["wasi:io/streams", "wasi:io@0.2.0", "wasi:io/streams@0.3.0", "wasi:io/streams@0.2.0-rc"]
        {
            assert_eq!(interface_of(name), None, "{name}");
        }
        assert_eq!(interface_of("fermyon:spin/key-value@0.2.0"), None);
    }
}
