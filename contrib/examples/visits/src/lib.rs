//! Counts visits by path in the key-value store of its lease: `POST /PATH` counts one, `GET /` lists
//! all. Requests run side by side, so the counting is `increment`'s, which nobody can come between.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "visits", generate_all });
}
use bindings::wasi::keyvalue::atomics::increment;
use bindings::wasi::keyvalue::store::{self, Bucket, Error};

struct Visits;

/// What a stream's write takes at most at once.
const PIECE_BYTES: usize = 4096;

/// A line for each path, in their order.
fn list(store: &Bucket) -> Result<String, Error> {
    let mut out = String::new();
    let mut cursor = None;
    loop {
        let page = store.list_keys(cursor.as_deref())?;
        for key in page.keys {
            let count = store.get(&key)?.unwrap_or_default();
            out += &format!("{key} {}\n", String::from_utf8_lossy(&count));
        }
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(out);
        }
    }
}

fn answer(method: &Method, path: &str) -> Result<String, Error> {
    let store = store::open("default")?;
    match method {
        Method::Post => Ok(format!("{}\n", increment(&store, path, 1)?)),
        _ => list(&store),
    }
}

impl Guest for Visits {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let (status, text) = match answer(&request.method(), path) {
            Ok(text) => (200, text),
            Err(error) => (500, format!("{error:?}\n")),
        };

        let fields = Fields::new();
        fields.append("content-type", b"text/plain; charset=utf-8").expect("a good field");
        let response = OutgoingResponse::new(fields);
        response.set_status_code(status).expect("a status");
        let body = response.body().expect("the first time");
        ResponseOutparam::set(out, Ok(response));
        let stream = body.write().expect("the first time");
        for piece in text.as_bytes().chunks(PIECE_BYTES) {
            stream.blocking_write_and_flush(piece).expect("an open stream");
        }
        drop(stream);
        OutgoingBody::finish(body, None).expect("a body as long as it said");
    }
}

wasip2::http::proxy::export!(Visits with_types_in wasip2);
