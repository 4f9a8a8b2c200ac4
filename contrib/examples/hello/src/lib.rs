//! Greets by name: the smallest whole component of the world wasi:http/proxy. Each request gets a
//! fresh instance, so nothing is kept from one to the next.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Hello;

/// What a stream's write takes at most at once.
const PIECE_BYTES: usize = 4096;

impl Guest for Hello {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let name = path.trim_matches('/');
        let greeting = std::env::var("GREETING").unwrap_or_else(|_| "Hello".into());
        let text = if name.is_empty() { format!("{greeting}!\n") } else { format!("{greeting}, {name}!\n") };

        let fields = Fields::new();
        fields.append("content-type", b"text/plain; charset=utf-8").expect("a good field");
        let response = OutgoingResponse::new(fields);
        let body = response.body().expect("the first time");
        // The head goes out now; the body follows.
        ResponseOutparam::set(out, Ok(response));
        let stream = body.write().expect("the first time");
        for piece in text.as_bytes().chunks(PIECE_BYTES) {
            stream.blocking_write_and_flush(piece).expect("an open stream");
        }
        drop(stream);
        OutgoingBody::finish(body, None).expect("a body as long as it said");
    }
}

wasip2::http::proxy::export!(Hello with_types_in wasip2);
