// Works with its key-value store. The request's body is a list of lines, each answered by a line:
//   get KEY | set KEY VALUE | size KEY BYTES | delete KEY | exists KEY | list | list CURSOR
//   add KEY DELTA | swap KEY VALUE | late KEY VALUE (another write comes between) | current KEY
//   many KEY... | put KEY VALUE KEY VALUE ... | drop KEY... | open NAME | trap | loop
// A path that begins with /old uses the draft before (get, set, list, add, many).
#include "http.h"

#define STORE "wasi:keyvalue/store@0.2.0-draft2"
#define ATOMICS "wasi:keyvalue/atomics@0.2.0-draft2"
#define BATCH "wasi:keyvalue/batch@0.2.0-draft2"
#define OLD_STORE "wasi:keyvalue/store@0.2.0-draft"
#define OLD_ATOMICS "wasi:keyvalue/atomics@0.2.0-draft"
#define OLD_BATCH "wasi:keyvalue/batch@0.2.0-draft"

// result<X, error>, as its record lies in memory where X is a handle, option<list<u8>>, bool or
// nothing; the error's text is where its own record has it.
typedef struct {
  uint8_t failed;
  uint8_t pad[3];
  union {
    handle item;
    uint8_t yes;
    struct {
      uint8_t tag;  // of the option, or of the error
      uint8_t pad2[3];
      text words;
    };
  };
} told;
// result<key-response, error>
typedef struct {
  uint8_t failed;
  uint8_t pad[3];
  union {
    struct {
      text* keys;
      size_t count;
      uint8_t more;
      uint8_t pad2[3];
      text cursor;
    };
    struct {
      uint8_t tag;
      text words;
    };
  };
} page;
// The same with a number.
typedef struct {
  uint8_t failed;
  uint8_t pad[7];
  union {
    struct {
      text* keys;
      size_t count;
      uint8_t more;
      uint8_t pad2[7];
      uint64_t cursor;
    };
    struct {
      uint8_t tag;
      text words;
    };
  };
} old_page;
// result<s64, error>
typedef struct {
  uint8_t failed;
  uint8_t pad[7];
  union {
    int64_t number;
    struct {
      uint8_t tag;
      text words;
    };
  };
} sum;
// result<_, cas-error>
typedef struct {
  uint8_t failed;
  uint8_t pad[3];
  uint8_t changed;
  uint8_t pad2[3];
  union {
    handle item;
    struct {
      uint8_t tag;
      text words;
    };
  };
} swapped;
// list<tuple<string, option<list<u8>>>>, and list<option<tuple<string, list<u8>>>>
typedef struct {
  text key;
  uint8_t is;
  text value;
} found;
typedef struct {
  uint8_t is;
  text key;
  text value;
} old_found;
typedef struct {
  uint8_t failed;
  uint8_t pad[3];
  union {
    struct {
      void* list;
      size_t count;
    };
    struct {
      uint8_t tag;
      text words;
    };
  };
} several;

IMPORT(STORE, "open") void store_open(const char*, size_t, told*);
IMPORT(STORE, "[method]bucket.get") void bucket_get(handle, const char*, size_t, told*);
IMPORT(STORE, "[method]bucket.set")
void bucket_set(handle, const char*, size_t, const char*, size_t, told*);
IMPORT(STORE, "[method]bucket.delete") void bucket_delete(handle, const char*, size_t, told*);
IMPORT(STORE, "[method]bucket.exists") void bucket_exists(handle, const char*, size_t, told*);
IMPORT(STORE, "[method]bucket.list-keys")
void bucket_list(handle, int32_t, const char*, size_t, page*);
IMPORT(ATOMICS, "increment") void store_add(handle, const char*, size_t, int64_t, sum*);
IMPORT(ATOMICS, "[static]cas.new") void cas_new(handle, const char*, size_t, told*);
IMPORT(ATOMICS, "[method]cas.current") void cas_current(handle, told*);
IMPORT(ATOMICS, "[resource-drop]cas") void cas_drop(handle);
IMPORT(ATOMICS, "swap") void cas_swap(handle, const char*, size_t, swapped*);
IMPORT(BATCH, "get-many") void many_get(handle, const text*, size_t, several*);
IMPORT(BATCH, "set-many") void many_set(handle, const pair*, size_t, told*);
IMPORT(BATCH, "delete-many") void many_delete(handle, const text*, size_t, told*);
IMPORT(OLD_STORE, "open") void old_open(const char*, size_t, told*);
IMPORT(OLD_STORE, "[method]bucket.get") void old_get(handle, const char*, size_t, told*);
IMPORT(OLD_STORE, "[method]bucket.set")
void old_set(handle, const char*, size_t, const char*, size_t, told*);
IMPORT(OLD_STORE, "[method]bucket.list-keys") void old_list(handle, int32_t, int64_t, old_page*);
IMPORT(OLD_ATOMICS, "increment") void old_add(handle, const char*, size_t, int64_t, sum*);
IMPORT(OLD_BATCH, "get-many") void old_many(handle, const text*, size_t, several*);

static handle out;

#define PUT(literal) put(out, literal, sizeof literal - 1)

static void put_text(text t) {
  put(out, t.data, t.size);
}
static void put_signed(int64_t number) {
  if (number < 0) PUT("-");
  put_number(out, number < 0 ? -(uint64_t)number : (uint64_t)number);
}
static void put_error(uint8_t tag, text words) {
  if (tag == 0) return (void)PUT("no-such-store");
  if (tag == 1) return (void)PUT("access-denied");
  PUT("error: ");
  put_text(words);
}
static int64_t number_in(text t) {
  int64_t number = 0;
  const int minus = t.size > 0 && t.data[0] == '-';
  for (size_t i = (size_t)minus; i < t.size; i++) number = number * 10 + (t.data[i] - '0');
  return minus ? -number : number;
}

static void show_done(const told* got) {
  if (got->failed) return put_error(got->tag, got->words);
  PUT("done");
}
static void show_value(const told* got) {
  if (got->failed) return put_error(got->tag, got->words);
  if (!got->tag) return (void)PUT("none");
  PUT("is ");
  if (got->words.size <= 64) return put_text(got->words);
  put_number(out, got->words.size);
  PUT(" bytes");
}
static void show_sum(const sum* got) {
  if (got->failed) return put_error(got->tag, got->words);
  put_signed(got->number);
}
static void show_keys(const text* keys, size_t count) {
  put_number(out, count);
  PUT(":");
  for (size_t i = 0; i < count; i++) {
    PUT(" ");
    put_text(keys[i]);
  }
}

static void swap(handle bucket, text key, text value, int late) {
  told got;
  cas_new(bucket, key.data, key.size, &got);
  if (got.failed) return put_error(got.tag, got.words);
  const handle cas = got.item;
  if (late) bucket_set(bucket, key.data, key.size, "other", 5, &got);
  swapped end;
  cas_swap(cas, value.data, value.size, &end);
  if (!end.failed) return (void)PUT("swapped");
  if (!end.changed) return put_error(end.tag, end.words);
  PUT("changed, ");
  cas_swap(end.item, value.data, value.size, &end);
  if (!end.failed) PUT("then swapped");
}

static void look_up_many(handle bucket, const text* keys, size_t count, int old) {
  several got;
  old ? old_many(bucket, keys, count, &got) : many_get(bucket, keys, count, &got);
  if (got.failed) return put_error(got.tag, got.words);
  for (size_t i = 0; i < got.count; i++) {
    if (i > 0) PUT(" ");
    const found* one = (const found*)got.list + i;
    const old_found* old_one = (const old_found*)got.list + i;
    if (!(old ? old_one->is : one->is)) {
      PUT("none");
      continue;
    }
    put_text(old ? old_one->key : one->key);
    PUT("=");
    put_text(old ? old_one->value : one->value);
  }
}

static int is(text word, const char* name) {
  return word.size == strlen(name) && memcmp(word.data, name, word.size) == 0;
}

static void serve_old(handle bucket, const text* words, size_t count) {
  const text what = words[0], key = words[1], value = words[2];
  told got;
  sum number;
  old_page keys;
  if (is(what, "get")) return old_get(bucket, key.data, key.size, &got), show_value(&got);
  if (is(what, "set"))
    return old_set(bucket, key.data, key.size, value.data, value.size, &got), show_done(&got);
  if (is(what, "add"))
    return old_add(bucket, key.data, key.size, number_in(value), &number), show_sum(&number);
  if (is(what, "many")) return look_up_many(bucket, words + 1, count - 1, 1);
  old_list(bucket, count > 1, number_in(key), &keys);
  if (keys.failed) return put_error(keys.tag, keys.words);
  show_keys(keys.keys, keys.count);
  if (!keys.more) return;
  PUT(" more ");
  put_number(out, keys.cursor);
}

static void serve_line(handle bucket, const text* words, size_t count) {
  const text what = words[0], key = words[1], value = words[2];
  told got;
  sum number;
  page keys;
  if (is(what, "get")) {
    bucket_get(bucket, key.data, key.size, &got);
    show_value(&got);
  } else if (is(what, "set")) {
    bucket_set(bucket, key.data, key.size, value.data, value.size, &got);
    show_done(&got);
  } else if (is(what, "size")) {
    const size_t size = (size_t)number_in(value);
    char* bytes = malloc(size + 1);
    memset(bytes, 'x', size);
    bucket_set(bucket, key.data, key.size, bytes, size, &got);
    free(bytes);
    show_done(&got);
  } else if (is(what, "delete")) {
    bucket_delete(bucket, key.data, key.size, &got);
    show_done(&got);
  } else if (is(what, "exists")) {
    bucket_exists(bucket, key.data, key.size, &got);
    if (got.failed) return put_error(got.tag, got.words);
    got.yes ? PUT("yes") : PUT("no");
  } else if (is(what, "list")) {
    bucket_list(bucket, count > 1, key.data, key.size, &keys);
    if (keys.failed) return put_error(keys.tag, keys.words);
    show_keys(keys.keys, keys.count);
    if (!keys.more) return;
    PUT(" more ");
    put_text(keys.cursor);
  } else if (is(what, "add")) {
    store_add(bucket, key.data, key.size, number_in(value), &number);
    show_sum(&number);
  } else if (is(what, "current")) {
    cas_new(bucket, key.data, key.size, &got);
    const handle cas = got.item;
    cas_current(cas, &got);
    show_value(&got);
    cas_drop(cas);
  } else if (is(what, "swap") || is(what, "late")) {
    swap(bucket, key, value, is(what, "late"));
  } else if (is(what, "many")) {
    look_up_many(bucket, words + 1, count - 1, 0);
  } else if (is(what, "put")) {
    many_set(bucket, (const pair*)(words + 1), (count - 1) / 2, &got);
    show_done(&got);
  } else if (is(what, "drop")) {
    many_delete(bucket, words + 1, count - 1, &got);
    show_done(&got);
  } else if (is(what, "open")) {
    store_open(key.data, key.size, &got);
    show_done(&got);
  } else if (is(what, "trap")) {
    __builtin_trap();
  } else if (is(what, "flood")) {
    char* bytes = calloc(1, 500000);
    for (;;) {
      const size_t at = (size_t)random_number() % 1000;
      bytes[0] = (char)at;
      bucket_set(bucket, bytes + 1, 1 + at % 200, bytes, 500000, &got);
      if (got.failed) bucket_delete(bucket, bytes + 1, 1 + at % 200, &got);
    }
  } else {
    for (;;) bucket_exists(bucket, "x", 1, &got);
  }
}

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle"))) void handler(
    handle request, handle outparam) {
  answer got;
  request_path(request, &got);
  const int old = got.size >= 4 && memcmp(got.data, "/old", 4) == 0;
  handle body;
  out = respond(outparam, 200, "text/plain", 0, &body);
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
  told opened;
  old ? old_open("", 0, &opened) : store_open("default", 7, &opened);
  if (opened.failed) put_error(opened.tag, opened.words);
  static text words[1024];
  for (char *at = lines, *end = lines + size; !opened.failed && at < end;) {
    char* stop = memchr(at, '\n', (size_t)(end - at));
    if (!stop) stop = end;
    size_t count = 0;
    words[1] = words[2] = (text){at, 0};
    while (at < stop && count < 1024) {
      char* space = memchr(at, ' ', (size_t)(stop - at));
      if (!space) space = stop;
      words[count++] = (text){at, (size_t)(space - at)};
      at = space + (space < stop);
    }
    at = stop + 1;
    if (count == 0) continue;
    old ? serve_old(opened.item, words, count) : serve_line(opened.item, words, count);
    PUT("\n");
  }
  finish(out, body);
}
