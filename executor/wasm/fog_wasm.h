// WebAssembly for the executor: compile, load and run core command modules of WASI preview 1 and
// components of the world wasi:http/proxy, one fresh instance a request, metered, bounded, and
// deterministic under a runtime profile.
//
// Threads: an engine and its modules may be used from several threads at once. Handles may be
//   destroyed in any order, when nothing runs with them; null is allowed in every destroy function.
// Forks: a process may create an engine and load modules, then fork; but no run, and no parallel
//   compilation, may have begun before (both leave threads behind).
// Structs: the caller sets `size` to sizeof of the struct it was compiled with and all else that
//   it does not mean to 0; a field that an older caller does not have counts as 0.
// Failures: functions return FOG_WASM_OK or a status, and describe it in *error unless that is
//   null. Nothing unwinds out of this library, and callbacks must not throw.
// Stack: the calling thread needs 2 MiB. Address space: 4 GiB a run are reserved, so RLIMIT_AS
//   must stay unlimited; bound memory by cgroup and by memory_bytes_max.
// Signals: SIGSEGV, SIGILL and SIGFPE handlers are installed, which pass on what is not a
//   guest's trap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fog_wasm_engine fog_wasm_engine;
typedef struct fog_wasm_module fog_wasm_module;
typedef struct fog_wasm_buffer fog_wasm_buffer;

// Why a call was refused. The numbers are stable.
enum fog_wasm_status {
  FOG_WASM_OK = 0,
  FOG_WASM_BAD_ARGUMENT = 1,        // the caller's mistake: null, unknown size or world, bad limit
  FOG_WASM_MODULE_TOO_LARGE = 2,    // above module_bytes_max
  FOG_WASM_NOT_WASM = 3,            // does not start with \0asm
  FOG_WASM_IS_COMPONENT = 4,        // a component where a core module is expected
  FOG_WASM_INVALID_MODULE = 5,      // malformed, invalid, or uses a proposal that is off
  FOG_WASM_BAD_IMPORT = 6,          // imports what the world does not have, or with another type
  FOG_WASM_NO_START = 7,            // no exported _start() without parameters and results
  FOG_WASM_NO_MEMORY = 8,           // no exported memory named "memory"
  FOG_WASM_MEMORY_TOO_LARGE = 9,    // starts with more than memory_bytes_max
  FOG_WASM_TABLE_TOO_LARGE = 10,    // too many tables or elements
  FOG_WASM_HAS_START_SECTION = 11,  // would run before metering begins
  FOG_WASM_COMPILE_FAILED = 12,     // valid, but the compiler gave up
  FOG_WASM_DAMAGED_CODE = 13,       // compiled code cut or altered, or something else
  FOG_WASM_OTHER_PROFILE = 14,      // compiled under another runtime profile: compile again
  FOG_WASM_UNFIT_HOST = 15,         // this computer lacks what the profile asks for
  FOG_WASM_INTERNAL = 16,           // a fault of this library
  FOG_WASM_IS_MODULE = 17           // a core module where a component is expected
};

typedef struct fog_wasm_error {
  int32_t status;
  char message[508];  // one sentence, UTF-8, ends with zero
} fog_wasm_error;

typedef struct fog_wasm_slice {
  const uint8_t* data;
  size_t size;
} fog_wasm_slice;

typedef struct fog_wasm_pair {
  fog_wasm_slice name;
  fog_wasm_slice value;
} fog_wasm_pair;

// ---- The runtime profile: all that can change a result or a fuel count ----

// The profile in words, `name=value` lines. Lives as long as the process.
const char* fog_wasm_profile_text(void);

// SHA-256 of that text.
void fog_wasm_profile_hash(uint8_t hash[32]);

// ---- Engine ----

typedef struct fog_wasm_engine_options {
  size_t size;
  uint32_t runs_max;  // > 0: a pool of so many instances, more runs at once are host errors;
                      // 0: each run allocates, without a bound
  uint32_t compile_parallel;  // 1: compile on all cores (leaves threads behind)
  uint32_t components;  // 1: the pool's places fit components too, at 16 MiB of private memory (not
                        // touched before use) and 16 GiB of addresses each; without, runs of
                        // components are host errors
  uint32_t reserved;    // 0
} fog_wasm_engine_options;

// Makes an engine; one a process is enough. Faults: BAD_ARGUMENT, UNFIT_HOST.
int32_t fog_wasm_engine_create(const fog_wasm_engine_options* options, fog_wasm_engine** engine,
                               fog_wasm_error* error);
void fog_wasm_engine_destroy(fog_wasm_engine* engine);

// ---- Compile and load ----

enum fog_wasm_world {
  // A core module that imports wasi_snapshot_preview1 alone and exports _start and memory.
  FOG_WASM_WORLD_PREVIEW1_COMMAND = 1,
  // A component that exports wasi:http/incoming-handler@0.2.x and imports interfaces of WASI 0.2.x
  // and of the drafts of wasi:keyvalue alone. Of those it imports, wasi:filesystem has no folder,
  // wasi:sockets denies everything,
  // wasi:http/outgoing-handler leads to `send` of the request, and what this library does not know
  // ends the run when it is called.
  FOG_WASM_WORLD_HTTP_PROXY = 2
};

typedef struct fog_wasm_compile_options {
  size_t size;
  uint32_t world;
  uint32_t reserved;  // 0
  uint64_t module_bytes_max;
  uint64_t memory_bytes_max;  // on each memory that the module starts with
} fog_wasm_compile_options;

// Checks and compiles a module into code that fog_wasm_load takes. One module under one profile
// gives the same bytes everywhere. Hostile modules can make this slow and hungry: call it in a
// process with limits. Faults: 1 to 12, 15 to 17. On success *code is the caller's to destroy.
int32_t fog_wasm_compile(const fog_wasm_engine* engine, const uint8_t* module, size_t module_size,
                         const fog_wasm_compile_options* options, fog_wasm_buffer** code,
                         fog_wasm_error* error);

const uint8_t* fog_wasm_buffer_data(const fog_wasm_buffer* buffer);
size_t fog_wasm_buffer_size(const fog_wasm_buffer* buffer);
void fog_wasm_buffer_destroy(fog_wasm_buffer* buffer);

// Loads compiled code. DANGER: the bytes become machine code of this process. The caller has
// authenticated them as what fog_wasm_compile returned; the checksum inside only catches a bad
// disk. The bytes are copied. Faults: BAD_ARGUMENT, DAMAGED_CODE, OTHER_PROFILE, UNFIT_HOST.
int32_t fog_wasm_load(const fog_wasm_engine* engine, const uint8_t* code, size_t code_size,
                      fog_wasm_module** module, fog_wasm_error* error);
void fog_wasm_module_destroy(fog_wasm_module* module);

typedef struct fog_wasm_module_info {
  size_t size;
  uint32_t world;
  uint32_t reserved;
  uint64_t memory_bytes_min;  // what each run starts with; of a component, its largest memory
} fog_wasm_module_info;

// Faults: BAD_ARGUMENT.
int32_t fog_wasm_module_describe(const fog_wasm_module* module, fog_wasm_module_info* info,
                                 fog_wasm_error* error);

// ---- Run ----

// One host call, after it. What an auditor digests; valid during the callback only.
typedef struct fog_wasm_call {
  uint64_t index;       // 0 for the first of the run
  uint32_t function;    // fog_wasm_function_name tells; UINT32_MAX for a component's
  uint32_t wasi_errno;  // UINT32_MAX: the call ended the run
  uint64_t fuel_used;
  const uint8_t* memory;  // a command's whole memory; of a component empty: it cannot be reached
  size_t memory_size;
  fog_wasm_slice words;  // a component's function, arguments and result, with all that they carry
} fog_wasm_call;

// A component's request in parts.
typedef struct fog_wasm_http {
  fog_wasm_slice method;           // "GET"; here and below, what is not UTF-8 becomes U+FFFD
  fog_wasm_slice scheme;           // "http"; a null slice here and below: none
  fog_wasm_slice authority;        // "example.org:8080"
  fog_wasm_slice path_with_query;  // "/a?b"
  const fog_wasm_pair*
      fields;  // values are bytes; those that speak of one connection, and host, are left out
  size_t fields_count;
} fog_wasm_http;

// A request of a component's to another server, whole; valid during the callback only. Within the
// profile's bounds: at most 32 a run, 4 at once, bodies of 4 MiB, 128 fields of 64 KiB together.
typedef struct fog_wasm_outbound {
  fog_wasm_slice method;           // a token of at most 32 bytes, not CONNECT or TRACE
  fog_wasm_slice authority;        // host, perhaps with a port: letters, digits and -._:[], to be
                                   // read by the caller; at most 256 bytes
  fog_wasm_slice path_with_query;  // from '/' on, visible ASCII, at most 8 KiB
  const fog_wasm_pair* fields;     // names in lower case, none of one connection's, no host
  size_t fields_count;
  fog_wasm_slice body;
  uint32_t tls;
  uint32_t reserved;
  uint64_t connect_ms;  // what the guest allows for a step; UINT64_MAX: it does not say
  uint64_t first_byte_ms;
  uint64_t between_bytes_ms;
} fog_wasm_outbound;

// Why a request to another server was not answered, as the guest sees it in words of wasi:http's
// error-code. The numbers are stable.
enum fog_wasm_outbound_fault {
  FOG_WASM_OUTBOUND_ANSWERED = 0,
  FOG_WASM_OUTBOUND_DENIED = 1,  // HTTP-request-denied
  FOG_WASM_OUTBOUND_DNS_TIMEOUT = 2,
  FOG_WASM_OUTBOUND_DNS_ERROR = 3,
  FOG_WASM_OUTBOUND_PROHIBITED = 4,   // destination-IP-prohibited
  FOG_WASM_OUTBOUND_REFUSED = 5,      // connection-refused
  FOG_WASM_OUTBOUND_UNAVAILABLE = 6,  // destination-unavailable
  FOG_WASM_OUTBOUND_CONNECT_TIMEOUT = 7,
  FOG_WASM_OUTBOUND_TERMINATED = 8,        // connection-terminated
  FOG_WASM_OUTBOUND_RESPONSE_TIMEOUT = 9,  // HTTP-response-timeout
  FOG_WASM_OUTBOUND_READ_TIMEOUT = 10,     // connection-read-timeout
  FOG_WASM_OUTBOUND_TLS_PROTOCOL = 11,
  FOG_WASM_OUTBOUND_TLS_CERTIFICATE = 12,
  FOG_WASM_OUTBOUND_HEAD_TOO_LARGE = 13,  // HTTP-response-header-section-size
  FOG_WASM_OUTBOUND_BODY_TOO_LARGE = 14,  // HTTP-response-body-size
  FOG_WASM_OUTBOUND_INCOMPLETE = 15,      // HTTP-response-incomplete
  FOG_WASM_OUTBOUND_PROTOCOL = 16,        // HTTP-protocol-error
  FOG_WASM_OUTBOUND_LIMIT = 17,           // connection-limit-reached
  FOG_WASM_OUTBOUND_INTERNAL = 18
};

// What came of it; what it points to must last until the callback after this one.
typedef struct fog_wasm_reply {
  uint32_t fault;  // FOG_WASM_OUTBOUND_ANSWERED, or why not: then the rest counts for nothing
  uint32_t status;
  const fog_wasm_pair* fields;
  size_t fields_count;
  fog_wasm_slice body;
} fog_wasm_reply;

// What a component asks of its key-value store. The numbers are stable.
enum fog_wasm_keyvalue_op {
  FOG_WASM_KEYVALUE_GET = 0,     // the values of the keys
  FOG_WASM_KEYVALUE_SET = 1,     // all entries, or none of them
  FOG_WASM_KEYVALUE_DELETE = 2,  // the keys, as far as they are there
  FOG_WASM_KEYVALUE_EXISTS = 3,  // number: 1 where the one key is there
  FOG_WASM_KEYVALUE_LIST = 4,    // values: keys in order after the one given, or from the first on;
                                 // number: 1 where there are more
  FOG_WASM_KEYVALUE_INCREMENT = 5,  // adds delta to the decimal number under the one key; number
  FOG_WASM_KEYVALUE_SWAP = 6        // sets the one entry if what is there is `expected`
};

// Valid during the callback only. Within the profile's bounds: at most 4096 calls a run, 128
// entries, keys of 1 to 256 bytes, values of 512 KiB, 768 KiB together.
typedef struct fog_wasm_keyvalue {
  uint32_t op;
  uint32_t reserved;
  const fog_wasm_pair* entries;  // values count for set and swap only
  size_t entries_count;
  const uint8_t* expected;  // of a swap: SHA-256 of the value that must be there; null: none
  int64_t delta;
} fog_wasm_keyvalue;

// Why nothing was done, as the guest is told in words. The numbers are stable.
enum fog_wasm_keyvalue_fault {
  FOG_WASM_KEYVALUE_DONE = 0,
  FOG_WASM_KEYVALUE_FULL = 1,
  FOG_WASM_KEYVALUE_TOO_LARGE = 2,  // the values are more than 768 KiB together
  FOG_WASM_KEYVALUE_NOT_NUMBER = 3,
  FOG_WASM_KEYVALUE_OVERFLOW = 4,
  FOG_WASM_KEYVALUE_CHANGED = 5,  // of a swap; the one value is SHA-256 of what is there, or none
  FOG_WASM_KEYVALUE_FAILED = 6    // the disk
};

// What came of it; what it points to must last until the callback after this one.
typedef struct fog_wasm_kept {
  uint32_t fault;
  uint32_t reserved;
  const fog_wasm_slice* values;  // null data: none; of an empty value data is not null
  size_t values_count;
  int64_t number;
} fog_wasm_kept;

typedef struct fog_wasm_request {
  size_t size;
  const fog_wasm_slice* args;  // with args[0], the program's name; together with env at most 4096
  size_t args_count;           // strings and 1 MiB, no zero bytes
  const fog_wasm_pair* env;    // names are not empty and hold no '='
  size_t env_count;
  uint64_t fuel_max;  // below 2^63; counted from _start on, instantiation is not in it; of a
                      // component from its instantiation on
  uint64_t memory_bytes_max;  // a growth above it fails (the guest sees -1) and is recorded; of a
                              // component for all memories together
  uint64_t wall_ms_max;       // safety stop, 10 ms coarse; above 0. It cannot interrupt a callback:
                              // a callback that waits must have a deadline of its own
  uint64_t stdout_bytes_max;  // the write that would pass it ends the run and is not delivered
  uint64_t stderr_bytes_max;  // what is above is dropped and the run goes on
  uint64_t wall_clock_ns;     // where the guest's clock starts, since 1970. It moves by 1000 ns a
                              // reading, and by what the guest sleeps; sleeping takes no time
  uint8_t seed[32];           // the guest's random is ChaCha20 (RFC 8439) keyed by it, nonce 0
  void* ctx;                  // handed to the callbacks, which come on the calling thread
  // Request body: the number of bytes put into buffer, 0 at the end, negative to break off (the End
  // User went away). May wait. Asked until the guest's buffers are full or the body ends, so how
  // the body was cut on the wire does not show. Null: no body.
  int64_t (*read)(void* ctx, uint8_t* buffer, size_t size);
  // Standard output, or the body of a component's answer. 0 to go on, anything else breaks off. Not
  // null.
  int32_t (*write)(void* ctx, const uint8_t* bytes, size_t size);
  // Standard error, and a component's standard output. As write. Null: dropped.
  int32_t (*log)(void* ctx, const uint8_t* bytes, size_t size);
  // After each host call, for audits. Null: not wanted.
  void (*trace)(void* ctx, const fog_wasm_call* call);
  // For a component, else null.
  const fog_wasm_http* http;
  // The head of a component's answer, once, before its first byte; names in lower case. As write.
  int32_t (*head)(void* ctx, uint32_t status, const fog_wasm_pair* fields, size_t count);
  // Begins a component's request to another server; `number` is the run's own for it. 0 to go on,
  // anything else breaks the run off. Null, as receive: none may go out, the guest sees
  // HTTP-request-denied.
  int32_t (*send)(void* ctx, uint32_t number, const fog_wasm_outbound* request);
  // Waits for its answer, once for each that was begun, in any order. As send.
  int32_t (*receive)(void* ctx, uint32_t number, fog_wasm_reply* reply);
  // Asks a component's key-value store. As send. Null: it has none, and opening it is denied.
  int32_t (*keyvalue)(void* ctx, const fog_wasm_keyvalue* call, fog_wasm_kept* reply);
} fog_wasm_request;

// How a run ended. The numbers are stable.
enum fog_wasm_kind {
  FOG_WASM_EXITED = 0,           // with exit_code; returning is 0, but 1 without a whole answer
  FOG_WASM_TRAP = 1,             // unreachable, out of bounds, division by zero, bad indirect call
  FOG_WASM_OUT_OF_FUEL = 2,      // fuel_used is fuel_max
  FOG_WASM_MEMORY_EXCEEDED = 3,  // starts with too much; or trapped after the cap denied a growth
  FOG_WASM_WALL_TIME = 4,        // not reproducible
  FOG_WASM_OUTPUT_EXCEEDED = 5,
  FOG_WASM_STACK_OVERFLOW = 6,  // "unverifiable"
  FOG_WASM_HOST_ERROR = 7,      // this computer failed, not the guest: "unverifiable"
  FOG_WASM_ABORTED = 8          // a callback broke off
};

typedef struct fog_wasm_outcome {
  size_t size;
  uint32_t kind;
  uint32_t exit_code;
  uint32_t memory_denied;  // 1: the cap refused memory, however the run ended
  uint32_t stderr_cut;     // 1: stderr had more than stderr_bytes_max
  uint64_t fuel_used;  // exact for EXITED, OUT_OF_FUEL, OUTPUT_EXCEEDED, ABORTED; for the others
                       // only fuel_at_last_call is
  uint64_t fuel_at_last_call;  // the last host call's own cost included; 0 when there was none
  uint64_t memory_peak_bytes;
  uint64_t stdin_bytes;
  uint64_t stdout_bytes;
  uint64_t stderr_bytes;  // delivered
  uint64_t host_calls;
  char message[512];  // empty for EXITED, but where a component has no whole answer; for a trap
                      // with the innermost functions; ends with zero
} fog_wasm_outcome;

// Runs the module once, on this thread. Returns OK whenever the run began, however it ended: see
// outcome->kind. Faults: BAD_ARGUMENT (nothing ran), INTERNAL.
int32_t fog_wasm_run(const fog_wasm_module* module, const fog_wasm_request* request,
                     fog_wasm_outcome* outcome, fog_wasm_error* error);

// "exited", "trap", "out_of_fuel", ...; "unknown" for another number. Lives as long as the process.
const char* fog_wasm_kind_name(uint32_t kind);

// "fd_read" and so on for a fog_wasm_call's function; "unknown" for another number.
const char* fog_wasm_function_name(uint32_t function);

// The Rust side holds the same numbers; a difference must not compile.
#if UINTPTR_MAX == 0xffffffffffffffff
#ifdef __cplusplus
#define FOG_WASM_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#else
#define FOG_WASM_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif
FOG_WASM_SIZE(fog_wasm_error, 512);
FOG_WASM_SIZE(fog_wasm_pair, 32);
FOG_WASM_SIZE(fog_wasm_engine_options, 24);
FOG_WASM_SIZE(fog_wasm_compile_options, 32);
FOG_WASM_SIZE(fog_wasm_module_info, 24);
FOG_WASM_SIZE(fog_wasm_call, 56);
FOG_WASM_SIZE(fog_wasm_http, 80);
FOG_WASM_SIZE(fog_wasm_outbound, 112);
FOG_WASM_SIZE(fog_wasm_reply, 40);
FOG_WASM_SIZE(fog_wasm_keyvalue, 40);
FOG_WASM_SIZE(fog_wasm_kept, 32);
FOG_WASM_SIZE(fog_wasm_request, 200);
FOG_WASM_SIZE(fog_wasm_outcome, 592);
#undef FOG_WASM_SIZE
#endif

#ifdef __cplusplus
}
#endif
