// WASI 0.2 for a guest in C, as the canonical ABI lays it out: handles and sizes are 32-bit
// numbers, what does not fit a number comes back in a record whose address goes in. proxy.wit has
// the types.
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define HTTP "wasi:http/types@0.2.3"
#define STREAMS "wasi:io/streams@0.2.3"

typedef int32_t handle;
// option<string>, result<handle>, result<list<u8>, stream-error>, a variant with a string.
typedef struct {
  uint8_t tag;  // 0: none, or ok
  union {
    handle item;
    struct {
      char* data;
      size_t size;
    };
  };
} answer;
typedef struct {
  char* data;
  size_t size;
} text;
typedef struct {
  text name;
  text value;
} pair;
typedef struct {
  pair* data;
  size_t size;
} pairs;
// result<_, error-code>.
typedef struct {
  uint8_t tag;
  uint8_t pad[7];
  uint8_t code;
  uint8_t rest[55];
} coded;

IMPORT(HTTP, "[constructor]fields") handle fields_new(void);
IMPORT(HTTP, "[method]fields.append")
void fields_append(handle, const char*, size_t, const char*, size_t, uint8_t result[2]);
IMPORT(HTTP, "[method]fields.entries") void fields_entries(handle, pairs*);
IMPORT(HTTP, "[resource-drop]fields") void fields_drop(handle);
IMPORT(HTTP, "[method]incoming-request.method") void request_method(handle, answer*);
IMPORT(HTTP, "[method]incoming-request.scheme") void request_scheme(handle, uint8_t[16]);
IMPORT(HTTP, "[method]incoming-request.authority") void request_authority(handle, answer*);
IMPORT(HTTP, "[method]incoming-request.path-with-query") void request_path(handle, answer*);
IMPORT(HTTP, "[method]incoming-request.headers") handle request_headers(handle);
IMPORT(HTTP, "[method]incoming-request.consume") void request_consume(handle, answer*);
IMPORT(HTTP, "[method]incoming-body.stream") void body_stream(handle, answer*);
IMPORT(HTTP, "[constructor]outgoing-response") handle response_new(handle fields);
IMPORT(HTTP, "[method]outgoing-response.set-status-code") int32_t response_status(handle, int32_t);
IMPORT(HTTP, "[method]outgoing-response.body") void response_body(handle, answer*);
IMPORT(HTTP, "[method]outgoing-body.write") void body_write(handle, answer*);
IMPORT(HTTP, "[static]outgoing-body.finish") void body_finish(handle, int32_t, handle, coded*);
IMPORT(HTTP, "[static]response-outparam.set")
void outparam_set(handle, int32_t error, int32_t response_or_code, int32_t, int64_t, int32_t,
                  int32_t, int32_t, int32_t);
IMPORT(HTTP, "[constructor]outgoing-request") handle outgoing_new(handle fields);
IMPORT(HTTP, "[method]outgoing-request.set-method")
int32_t outgoing_method(handle, int32_t, const char*, size_t);
IMPORT(HTTP, "[method]outgoing-request.set-scheme")
int32_t outgoing_scheme(handle, int32_t, int32_t, const char*, size_t);
IMPORT(HTTP, "[method]outgoing-request.set-authority")
int32_t outgoing_authority(handle, int32_t, const char*, size_t);
IMPORT(HTTP, "[method]outgoing-request.set-path-with-query")
int32_t outgoing_path(handle, int32_t, const char*, size_t);
IMPORT(HTTP, "[method]outgoing-request.body") void outgoing_body(handle, answer*);
IMPORT(HTTP, "[resource-drop]outgoing-body") void outgoing_body_drop(handle);
IMPORT(HTTP, "[constructor]request-options") handle options_new(void);
IMPORT(HTTP, "[method]request-options.set-first-byte-timeout")
int32_t options_first_byte(handle, int32_t, int64_t);
// option<result<result<incoming-response, error-code>>>
typedef struct {
  uint8_t is;
  uint8_t pad[7];
  uint8_t taken;
  uint8_t pad2[7];
  coded end;  // with tag 0 the response's handle is where the code would be
} future_end;
IMPORT(HTTP, "[method]future-incoming-response.get") void future_get(handle, future_end*);
IMPORT(HTTP, "[method]future-incoming-response.subscribe") handle future_subscribe(handle);
IMPORT(HTTP, "[method]incoming-response.status") int32_t incoming_status(handle);
IMPORT(HTTP, "[method]incoming-response.headers") handle incoming_headers(handle);
IMPORT(HTTP, "[method]incoming-response.consume") void incoming_consume(handle, answer*);
IMPORT(HTTP, "[resource-drop]incoming-response") void incoming_drop(handle);
IMPORT(HTTP, "[resource-drop]incoming-body") void incoming_body_drop(handle);
IMPORT("wasi:io/poll@0.2.3", "[method]pollable.block") void pollable_block(handle);
IMPORT("wasi:http/outgoing-handler@0.2.3", "handle")
void outgoing_handle(handle, int32_t, handle, coded*);
IMPORT(STREAMS, "[method]input-stream.read") void stream_read(handle, int64_t, answer*);
IMPORT(STREAMS, "[method]input-stream.blocking-read")
void stream_blocking_read(handle, int64_t, answer*);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void stream_write(handle, const char*, size_t, uint8_t[12]);
IMPORT(STREAMS, "[resource-drop]output-stream") void stream_drop(handle);
IMPORT("wasi:io/poll@0.2.3", "poll") void poll_all(const handle*, size_t, text*);
IMPORT("wasi:io/poll@0.2.3", "[resource-drop]pollable") void pollable_drop(handle);
IMPORT("wasi:clocks/monotonic-clock@0.2.3", "now") int64_t clock_now(void);
IMPORT("wasi:clocks/monotonic-clock@0.2.3", "subscribe-duration") handle clock_after(int64_t);
IMPORT("wasi:clocks/wall-clock@0.2.3", "now") void wall_now(int64_t[2]);
IMPORT("wasi:random/random@0.2.3", "get-random-u64") int64_t random_number(void);
IMPORT("wasi:random/random@0.2.3", "get-random-bytes") void random_bytes(int64_t, text*);
IMPORT("wasi:cli/environment@0.2.3", "get-environment") void environment(pairs*);
IMPORT("wasi:cli/exit@0.2.3", "exit") void exit_with(int32_t);
IMPORT("wasi:cli/stderr@0.2.3", "get-stderr") handle log_stream(void);
IMPORT("wasi:filesystem/preopens@0.2.3", "get-directories") void directories(text*);
IMPORT("wasi:sockets/instance-network@0.2.3", "instance-network") handle network(void);
IMPORT("wasi:sockets/network@0.2.3", "[resource-drop]network") void network_drop(handle);
IMPORT("wasi:sockets/tcp-create-socket@0.2.3", "create-tcp-socket")
void tcp_socket(int32_t, answer*);

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,
                                                                size_t align, size_t size) {
  (void)old_size, (void)align;
  void* at = realloc(old, size ? size : 1);
  if (!at) __builtin_trap();
  return at;
}

static void put(handle stream, const char* bytes, size_t size) {
  uint8_t result[12];
  while (size > 0) {
    const size_t part = size < 4096 ? size : 4096;
    stream_write(stream, bytes, part, result);
    bytes += part;
    size -= part;
  }
}

static void put_number(handle stream, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = '0' + number % 10;
  while (number /= 10);
  put(stream, digits + at, sizeof digits - at);
}

// Sends the head and gives the body's stream. `given` is a field more, or null.
static handle respond(handle outparam, int32_t status, const char* type, const pair* given,
                      handle* body) {
  const handle fields = fields_new();
  uint8_t result[2];
  fields_append(fields, "Content-Type", 12, type, strlen(type), result);
  if (given)
    fields_append(fields, given->name.data, given->name.size, given->value.data, given->value.size,
                  result);
  const handle response = response_new(fields);
  response_status(response, status);
  answer got;
  response_body(response, &got);
  *body = got.item;
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  body_write(*body, &got);
  return got.item;
}

static void finish(handle stream, handle body) {
  coded result;
  stream_drop(stream);
  body_finish(body, 0, 0, &result);
}
