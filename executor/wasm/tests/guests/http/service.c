// A service of the world wasi:http/proxy. /echo gives the request back, /world says what it sees;
// the other paths misbehave, each in its own way.
#include "http.h"

#define PUT(text) put(out, text, sizeof text - 1)

static int is(const answer* path, const char* name) {
  return path->size == strlen(name) && memcmp(path->data, name, path->size) == 0;
}

static void echo(handle request, handle out) {
  static const char* const methods[] = {"get",     "head",    "post",  "put",   "delete",
                                        "connect", "options", "trace", "patch", "other"};
  answer got;
  request_method(request, &got);
  put(out, methods[got.tag], strlen(methods[got.tag]));
  uint8_t scheme[16];
  request_scheme(request, scheme);
  if (scheme[0] == 1) put(out, scheme[4] == 0 ? " http " : " https ", scheme[4] == 0 ? 6 : 7);
  request_authority(request, &got);
  if (got.tag) put(out, got.data, got.size);
  request_path(request, &got);
  if (got.tag) put(out, got.data, got.size);
  PUT("\n");
  pairs fields;
  fields_entries(request_headers(request), &fields);
  for (size_t i = 0; i < fields.size; i++) {
    put(out, fields.data[i].name.data, fields.data[i].name.size);
    PUT("=");
    put(out, fields.data[i].value.data, fields.data[i].value.size);
    PUT("\n");
  }
  request_consume(request, &got);
  body_stream(got.item, &got);
  const handle body = got.item;
  for (;;) {
    stream_blocking_read(body, 1000, &got);
    if (got.tag) break;
    for (size_t i = 0; i < got.size; i++)
      if (got.data[i] >= 'a' && got.data[i] <= 'z') got.data[i] -= 'a' - 'A';
    put(out, got.data, got.size);
    free(got.data);
  }
}

static void world(handle out) {
  int64_t wall[2];
  wall_now(wall);
  put_number(out, wall[0]);
  PUT(" ");
  put_number(out, (uint32_t)wall[1]);
  PUT("\nslept ");
  const int64_t before = clock_now();
  const handle timers[2] = {clock_after(7200000000000), clock_after(3600000000000)};
  text ready;
  poll_all(timers, 2, &ready);
  put_number(out, (clock_now() - before) / 1000000000);
  PUT(" first ");
  put_number(out, ready.size == 1 ? *(uint32_t*)ready.data : 99);
  PUT("\nrandom ");
  put_number(out, random_number());
  PUT("\n");
  pairs env;
  environment(&env);
  for (size_t i = 0; i < env.size; i++) {
    put(out, env.data[i].name.data, env.data[i].name.size);
    PUT("=");
    put(out, env.data[i].value.data, env.data[i].value.size);
    PUT("\n");
  }
  text folders;
  directories(&folders);
  PUT("folders ");
  put_number(out, folders.size);
  network_drop(network());
  answer socket;
  tcp_socket(0, &socket);
  PUT(" socket ");
  put_number(out, socket.tag * 10 + *(uint8_t*)&socket.item);
  coded denied;
  outgoing_handle(outgoing_new(fields_new()), 0, 0, &denied);
  PUT(" outgoing ");
  put_number(out, denied.tag * 100 + denied.code);
  PUT("\n");
  put(log_stream(), "seen\n", 5);
}

static int64_t deep(int64_t n) {
  volatile char pad[64];
  pad[n % 64] = 1;
  return n == 0 ? 0 : deep(n - 1) + pad[n % 64];
}

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle"))) void handler(
    handle request, handle outparam) {
  answer path;
  request_path(request, &path);
  if (is(&path, "/nothing")) return;
  if (is(&path, "/error")) return outparam_set(outparam, 1, 33, 0, 0, 0, 0, 0, 0);
  if (is(&path, "/exit")) exit_with(1);
  if (is(&path, "/fields"))
    for (;;) fields_new();
  if (is(&path, "/one-list")) {
    const handle fields = fields_new();
    uint8_t result[2];
    for (;;) fields_append(fields, "a", 1, "b", 1, result);
  }
  if (is(&path, "/churn"))
    for (;;) {
      const handle fields = fields_new();
      static char value[16000];
      memset(value, 'x', sizeof value);
      uint8_t result[2];
      fields_append(fields, "a", 1, value, sizeof value, result);
      fields_drop(fields);
    }
  if (is(&path, "/responses"))
    for (;;) {
      answer got;
      response_body(response_new(fields_new()), &got);
    }
  if (is(&path, "/random")) {
    text bytes;
    random_bytes(1LL << 40, &bytes);
  }
  if (is(&path, "/handle")) fields_drop(12345);
  if (is(&path, "/pointer")) {
    uint8_t result[2];
    fields_append(fields_new(), (const char*)0xfffffff0, 8, "b", 1, result);
  }
  if (is(&path, "/huge")) {
    uint8_t result[2];
    fields_append(fields_new(), "a", 1, 0, 12 << 20, result);
  }
  if (is(&path, "/trap")) __builtin_trap();
  if (is(&path, "/spin"))
    for (volatile int i = 0;; i++) {
    }
  if (is(&path, "/deep")) deep(1 << 28);
  handle body;
  pairs fields = {0, 0};
  const pair* given = 0;
  if (path.size >= 10 && memcmp(path.data, "/give-back", 10) == 0) {
    fields_entries(request_headers(request), &fields);
    for (size_t i = 0; i < fields.size; i++)
      if (fields.data[i].name.size == 5 && memcmp(fields.data[i].name.data, "x-one", 5) == 0)
        given = &fields.data[i];
  }
  const int32_t status = is(&path, "/teapot") ? 418 : 200;
  const handle out = respond(outparam, status, "text/plain", given, &body);
  if (is(&path, "/memory"))
    for (;;) {
      volatile char* more = malloc(1 << 20);
      if (!more) __builtin_trap();
      more[0] = 1;
    }
  if (is(&path, "/flood"))
    for (;;) put(out, (const char*)16, 4096);
  if (is(&path, "/unfinished")) return put(out, "half", 4);
  if (is(&path, "/world")) {
    world(out);
    request_path(request, &path);  // dropping what it was denied has left it its own
  } else {
    echo(request, out);
  }
  finish(out, body);
}
