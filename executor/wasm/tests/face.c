// The C face, used as the executor uses it: compile, load, run, and each kind of refusal. Prints
// what failed and returns 1, or returns 0. argv[1] is the module "upper" of tests/guests, argv[2]
// the component "service" of tests/guests/http.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "../fog_wasm.h"

static int failures = 0;

#define EXPECT(what)                                                \
  do {                                                              \
    if (!(what)) {                                                  \
      printf("line %d: %s (%s)\n", __LINE__, #what, error.message); \
      failures++;                                                   \
    }                                                               \
  } while (0)

typedef struct {
  const char* body;
  char out[256];
  size_t out_size;
  int gone;
  uint64_t calls;
  uint32_t status;
  size_t fields;
} exchange;

static int64_t read_body(void* ctx, uint8_t* buffer, size_t size) {
  exchange* x = ctx;
  size_t n = strlen(x->body);
  if (n > size) n = size;
  if (n > 3) n = 3;  // arrives in pieces
  memcpy(buffer, x->body, n);
  x->body += n;
  return x->gone ? -1 : (int64_t)n;
}

static int32_t write_out(void* ctx, const uint8_t* bytes, size_t size) {
  exchange* x = ctx;
  if (size > sizeof x->out - x->out_size) return -1;
  memcpy(x->out + x->out_size, bytes, size);
  x->out_size += size;
  return 0;
}

static int32_t take_head(void* ctx, uint32_t status, const fog_wasm_pair* fields, size_t count) {
  exchange* x = ctx;
  x->status = status;
  x->fields = count;
  return count == 1 && fields[0].name.size == 12 && fields[0].value.size == 10 ? 0 : -1;
}

static void count(void* ctx, const fog_wasm_call* call) {
  exchange* x = ctx;
  const int command = call->memory_size > 0 && fog_wasm_function_name(call->function)[0];
  if (call->index == x->calls && (command || call->words.size > 0)) x->calls++;
}

static uint8_t* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  uint8_t* bytes = malloc(1 << 20);
  *size = file ? fread(bytes, 1, 1 << 20, file) : 0;
  if (file) fclose(file);
  return bytes;
}

static fog_wasm_slice slice(const char* text) {
  return (fog_wasm_slice){(const uint8_t*)text, strlen(text)};
}

// A component, which gets its request in parts and gives its head before its body.
static void run_component(const fog_wasm_engine* engine, const char* path) {
  fog_wasm_error error = {0, ""};
  size_t size = 0;
  uint8_t* bytes = read_file(path, &size);
  fog_wasm_compile_options options = {sizeof options, FOG_WASM_WORLD_HTTP_PROXY, 0, 1 << 20,
                                      1 << 24};
  fog_wasm_buffer* code = NULL;
  fog_wasm_module* module = NULL;
  EXPECT(fog_wasm_compile(engine, bytes, size, &options, &code, &error) == FOG_WASM_OK);
  EXPECT(fog_wasm_load(engine, fog_wasm_buffer_data(code), fog_wasm_buffer_size(code), &module,
                       &error) == FOG_WASM_OK);
  fog_wasm_buffer_destroy(code);
  fog_wasm_module_info info = {sizeof info, 0, 0, 0};
  EXPECT(fog_wasm_module_describe(module, &info, &error) == FOG_WASM_OK);
  EXPECT(info.world == FOG_WASM_WORLD_HTTP_PROXY && info.memory_bytes_min >= 65536);

  exchange x = {.body = "hear hear"};
  const fog_wasm_pair fields[] = {{slice("Accept"), slice("*/*")}};
  const fog_wasm_http http = {.method = slice("PUT"),
                              .path_with_query = slice("/teapot"),
                              .fields = fields,
                              .fields_count = 1};
  fog_wasm_request request = {.size = sizeof request,
                              .fuel_max = 1000000000,
                              .memory_bytes_max = 1 << 24,
                              .wall_ms_max = 60000,
                              .stdout_bytes_max = 200,
                              .ctx = &x,
                              .read = read_body,
                              .write = write_out,
                              .trace = count,
                              .http = &http,
                              .head = take_head};
  fog_wasm_outcome outcome = {.size = sizeof outcome};
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_OK);
  EXPECT(outcome.kind == FOG_WASM_EXITED && outcome.exit_code == 0 && outcome.message[0] == 0);
  static const char answer[] = "put/teapot\naccept=*/*\nHEAR HEAR";
  EXPECT(x.status == 418 && x.out_size == sizeof answer - 1 &&
         memcmp(x.out, answer, sizeof answer - 1) == 0);
  EXPECT(x.calls == outcome.host_calls && outcome.stdin_bytes == 9);
  request.head = NULL;
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_BAD_ARGUMENT);
  request.head = take_head;
  request.http = NULL;
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_BAD_ARGUMENT);
  fog_wasm_module_destroy(module);
  free(bytes);
}

int main(int argc, char** argv) {
  fog_wasm_error error = {0, ""};
  fog_wasm_engine* engine = NULL;
  fog_wasm_engine_options engine_options = {sizeof engine_options, 4, 0, 1, 0};
  EXPECT(fog_wasm_engine_create(&engine_options, &engine, &error) == FOG_WASM_OK);
  fog_wasm_engine_destroy(engine);
  EXPECT(fog_wasm_engine_create(NULL, &engine, &error) == FOG_WASM_BAD_ARGUMENT);
  EXPECT(error.status == FOG_WASM_BAD_ARGUMENT && strlen(error.message) > 0 && engine == NULL);
  EXPECT(fog_wasm_engine_create(&engine_options, &engine, NULL) == FOG_WASM_OK);

  size_t size = 0;
  uint8_t* module_bytes = read_file(argc > 1 ? argv[1] : "", &size);
  fog_wasm_compile_options options = {sizeof options, FOG_WASM_WORLD_PREVIEW1_COMMAND, 0, 1 << 20,
                                      1 << 24};
  fog_wasm_buffer* code = NULL;
  EXPECT(fog_wasm_compile(engine, (const uint8_t*)"<html>..", 8, &options, &code, &error) ==
         FOG_WASM_NOT_WASM);
  EXPECT(code == NULL);
  options.world = 3;
  EXPECT(fog_wasm_compile(engine, module_bytes, size, &options, &code, &error) ==
         FOG_WASM_BAD_ARGUMENT);
  options.world = FOG_WASM_WORLD_HTTP_PROXY;
  EXPECT(fog_wasm_compile(engine, module_bytes, size, &options, &code, &error) ==
         FOG_WASM_IS_MODULE);
  options.world = FOG_WASM_WORLD_PREVIEW1_COMMAND;
  options.size = 8;
  EXPECT(fog_wasm_compile(engine, module_bytes, size, &options, &code, &error) ==
         FOG_WASM_BAD_ARGUMENT);
  options.size = sizeof options;
  EXPECT(fog_wasm_compile(engine, module_bytes, size, &options, &code, &error) == FOG_WASM_OK);

  fog_wasm_module* module = NULL;
  EXPECT(fog_wasm_load(engine, module_bytes, size, &module, &error) == FOG_WASM_DAMAGED_CODE);
  EXPECT(fog_wasm_load(engine, fog_wasm_buffer_data(code), fog_wasm_buffer_size(code), &module,
                       &error) == FOG_WASM_OK);
  fog_wasm_buffer_destroy(code);
  run_component(engine, argc > 2 ? argv[2] : "");
  fog_wasm_engine_destroy(engine);  // the module lives on
  fog_wasm_module_info info = {sizeof info, 0, 0, 0};
  EXPECT(fog_wasm_module_describe(module, &info, &error) == FOG_WASM_OK);
  EXPECT(info.world == FOG_WASM_WORLD_PREVIEW1_COMMAND && info.memory_bytes_min >= 65536);

  exchange x = {.body = "quiet please"};
  fog_wasm_slice args[] = {{(const uint8_t*)"face", 4}};
  fog_wasm_pair env[] = {{{(const uint8_t*)"REQUEST_METHOD", 14}, {(const uint8_t*)"PUT", 3}}};
  fog_wasm_request request = {.size = sizeof request,
                              .args = args,
                              .args_count = 1,
                              .env = env,
                              .env_count = 1,
                              .fuel_max = 1000000000,
                              .memory_bytes_max = 1 << 24,
                              .wall_ms_max = 60000,
                              .stdout_bytes_max = 200,
                              .stderr_bytes_max = 200,
                              .ctx = &x,
                              .read = read_body,
                              .write = write_out,
                              .trace = count};
  fog_wasm_outcome outcome = {.size = sizeof outcome};

  // Workers are forked with the module loaded: each child runs it, and so can the parent after.
  for (int i = 0; i < 2; i++) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(fog_wasm_run(module, &request, &outcome, &error) != FOG_WASM_OK ||
            outcome.kind != FOG_WASM_EXITED || x.out_size != 23);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
  }
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_OK);
  EXPECT(outcome.kind == FOG_WASM_EXITED && outcome.exit_code == 0 && outcome.message[0] == 0);
  EXPECT(x.out_size == 23 && memcmp(x.out, "face 1 PUT\nQUIET PLEASE", 23) == 0);
  EXPECT(x.calls == outcome.host_calls && outcome.stderr_bytes == 5 && outcome.fuel_used > 0);

  request.fuel_max = 100;
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_OK);
  EXPECT(outcome.kind == FOG_WASM_OUT_OF_FUEL && outcome.message[0] != 0);
  EXPECT(strcmp(fog_wasm_kind_name(outcome.kind), "out_of_fuel") == 0);
  request.fuel_max = 1000000000;
  x.gone = 1;
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_OK &&
         outcome.kind == FOG_WASM_ABORTED);
  env[0].name.data = (const uint8_t*)"REQUEST=METHOD";
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_BAD_ARGUMENT);
  env[0].name.data = (const uint8_t*)"REQUEST_METHOD";
  request.write = NULL;
  EXPECT(fog_wasm_run(module, &request, &outcome, &error) == FOG_WASM_BAD_ARGUMENT);
  fog_wasm_module_destroy(module);

  uint8_t hash[32] = {0};
  fog_wasm_profile_hash(hash);
  EXPECT(memcmp(hash, (uint8_t[32]){0}, 32) != 0);
  EXPECT(strstr(fog_wasm_profile_text(), "wasi_snapshot_preview1") != NULL);
  fog_wasm_module_destroy(NULL);
  free(module_bytes);
  return failures != 0;
}
