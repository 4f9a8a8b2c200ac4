// Asks other servers. The request's body is a list of lines, each a request:
//   METHOD http|https AUTHORITY PATH [BODY]
// All are sent, then answered one a line: status, header fields "x-...", body; or the number of the
// error-code. The path says how: /in-turn waits for each before the next; /twice takes an answer
// twice; /unfinished never finishes the body; /abandoned drops it; /no-authority, /many, /hoard.
#include "http.h"

#define PUT(text) put(out, text, sizeof text - 1)

typedef struct {
  char* at;
  size_t size;
} word;

static word next_word(char** at, char* end) {
  while (*at < end && **at == ' ') ++*at;
  word out = {*at, 0};
  while (*at < end && **at != ' ') ++*at;
  out.size = (size_t)(*at - out.at);
  return out;
}

static int32_t method_of(word w) {
  static const char* const names[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                      "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  for (int32_t i = 0; i < 9; i++)
    if (w.size == strlen(names[i]) && memcmp(w.at, names[i], w.size) == 0) return i;
  return 9;
}

// The handle of the future, or the error-code's number + 1, negative.
static int32_t send_line(char* at, char* end, char mode) {
  const word method = next_word(&at, end), scheme = next_word(&at, end);
  const word authority = next_word(&at, end), path = next_word(&at, end);
  const word body = next_word(&at, end);
  const handle fields = fields_new();
  uint8_t result[2];
  fields_append(fields, "X-Sent", 6, "yes", 3, result);
  const handle request = outgoing_new(fields);
  outgoing_method(request, method_of(method), method.at, method.size);
  outgoing_scheme(request, 1, scheme.size == 5 ? 1 : 0, "", 0);
  if (mode != 'n') outgoing_authority(request, 1, authority.at, authority.size);
  outgoing_path(request, 1, path.at, path.size);
  answer got = {0};
  handle sink = 0, stream = 0;
  if (body.size > 0) {
    outgoing_body(request, &got);
    sink = got.item;
    body_write(sink, &got);
    stream = got.item;
  }
  const handle options = options_new();
  options_first_byte(options, 1, 2500000001);
  coded sent;
  outgoing_handle(request, 1, options, &sent);
  if (sent.tag) return -1 - sent.code;
  if (body.size > 0) {
    put(stream, body.at, body.size);
    if (mode != 'u' && mode != 'a') finish(stream, sink);
    if (mode == 'a') {
      stream_drop(stream);
      outgoing_body_drop(sink);
    }
  }
  return *(handle*)&sent.code;
}

static void show(handle out, int32_t future, char mode) {
  future_end end;
  if (future >= 0) {
    const handle ready = future_subscribe(future);
    pollable_block(ready);
    pollable_drop(ready);
    future_get(future, &end);
    if (!end.is || end.taken) return (void)PUT("early\n");
  }
  if (future < 0 || end.end.tag) {
    PUT("error ");
    put_number(out, future < 0 ? (uint64_t)(-1 - future) : end.end.code);
    return (void)PUT("\n");
  }
  const handle response = *(handle*)&end.end.code;
  put_number(out, (uint64_t)incoming_status(response));
  pairs fields;
  fields_entries(incoming_headers(response), &fields);
  for (size_t i = 0; i < fields.size; i++) {
    if (fields.data[i].name.size < 2 || memcmp(fields.data[i].name.data, "x-", 2) != 0) continue;
    PUT(" ");
    put(out, fields.data[i].name.data, fields.data[i].name.size);
    PUT("=");
    put(out, fields.data[i].value.data, fields.data[i].value.size);
  }
  PUT(" ");
  answer got;
  if (mode == 'h') return;
  incoming_consume(response, &got);
  const handle body = got.item;
  body_stream(body, &got);
  const handle stream = got.item;
  for (;;) {
    stream_blocking_read(stream, 1000, &got);
    if (got.tag) break;
    put(out, got.data, got.size);
    free(got.data);
  }
  incoming_body_drop(body);
  incoming_drop(response);
  PUT("\n");
  if (mode == 't') {
    future_get(future, &end);
    PUT("again ");
    put_number(out, (uint64_t)(end.is * 10 + end.taken));
    PUT("\n");
  }
}

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle"))) void handler(
    handle request, handle outparam) {
  answer got;
  request_path(request, &got);
  const char mode = got.size > 1 ? got.data[1] : 0;
  handle body;
  const handle out = respond(outparam, 200, "text/plain", 0, &body);
  request_consume(request, &got);
  body_stream(got.item, &got);
  const handle stream = got.item;
  char* lines = malloc(1 << 20);
  size_t size = 0;
  for (;;) {
    stream_blocking_read(stream, 65536, &got);
    if (got.tag) break;
    memcpy(lines + size, got.data, got.size);
    size += got.size;
    free(got.data);
  }
  int32_t futures[256];
  size_t count = 0;
  for (char *at = lines, *end = lines + size; at < end && count < 256;) {
    char* stop = memchr(at, '\n', (size_t)(end - at));
    if (!stop) stop = end;
    futures[count] = send_line(at, stop, mode);
    if (mode == 'i') show(out, futures[count], mode);
    ++count;
    at = stop + 1;
  }
  for (size_t i = 0; i < count && mode != 'i'; i++) show(out, futures[i], mode);
  finish(out, body);
}
