#include "contrib/examples/common/cgi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char* cgi_variable(const char* name) {
  const char* value = getenv(name);
  return value != NULL ? value : "";
}

bool cgi_method_is(const char* method) {
  return strcmp(cgi_variable("REQUEST_METHOD"), method) == 0;
}

CgiBodyResult cgi_read_body(size_t size_max, CgiBody* body) {
  body->data = NULL;
  body->size = 0;
  size_t capacity = 16 * 1024;
  size_t size = 0;
  char* data = malloc(capacity);
  if (data == NULL) return kCgiBodyNoMemory;
  for (;;) {
    // One byte stays free for the final NUL.
    const size_t got = fread(data + size, 1, capacity - 1 - size, stdin);
    if (got == 0) break;
    size += got;
    if (size > size_max) {
      free(data);
      return kCgiBodyTooLarge;
    }
    if (size + 1 == capacity) {
      char* larger = realloc(data, capacity * 2);
      if (larger == NULL) {
        free(data);
        return kCgiBodyNoMemory;
      }
      data = larger;
      capacity *= 2;
    }
  }
  data[size] = '\0';
  body->data = data;
  body->size = size;
  return kCgiBodyRead;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

size_t cgi_decode_form(char* text, size_t size) {
  size_t written = 0;
  for (size_t i = 0; i < size; ++i) {
    char c = text[i];
    if (c == '+') {
      c = ' ';
    } else if (c == '%') {
      if (size - i < 3) return (size_t)-1;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return (size_t)-1;
      c = (char)(high * 16 + low);
      i += 2;
    }
    text[written++] = c;
  }
  return written;
}

CgiQueryResult cgi_query_value(const char* query, const char* name, char* out, size_t out_size) {
  const size_t name_size = strlen(name);
  const char* pair = query;
  while (*pair != '\0') {
    const size_t pair_size = strcspn(pair, "&");
    if (pair_size > name_size && strncmp(pair, name, name_size) == 0 && pair[name_size] == '=') {
      const size_t value_size = pair_size - name_size - 1;
      if (value_size >= out_size) return kCgiQueryBad;
      memcpy(out, pair + name_size + 1, value_size);
      const size_t decoded_size = cgi_decode_form(out, value_size);
      if (decoded_size == (size_t)-1) return kCgiQueryBad;
      if (memchr(out, '\0', decoded_size) != NULL) return kCgiQueryBad;
      out[decoded_size] = '\0';
      return kCgiQueryFound;
    }
    pair += pair_size;
    if (*pair == '&') ++pair;
  }
  return kCgiQueryAbsent;
}

static const char* reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    default:
      return "Internal Server Error";
  }
}

int cgi_respond(int status, const char* content_type, const char* extra_headers, const void* body,
                size_t size) {
  printf("Status: %d %s\r\nContent-Type: %s\r\n%s\r\n", status, reason_phrase(status), content_type,
         extra_headers);
  if (size != 0 && !cgi_method_is("HEAD")) fwrite(body, 1, size, stdout);
  return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

static int refuse_with(int status, const char* extra_headers, const char* sentence) {
  char text[512];
  const int size = snprintf(text, sizeof text, "%s\n", sentence);
  const size_t kept = size < 0 ? 0 : (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
  return cgi_respond(status, "text/plain; charset=utf-8", extra_headers, text, kept);
}

int cgi_refuse(int status, const char* sentence) {
  return refuse_with(status, "", sentence);
}

int cgi_refuse_method(const char* allowed) {
  char header[128];
  char sentence[160];
  snprintf(header, sizeof header, "Allow: %s\r\n", allowed);
  snprintf(sentence, sizeof sentence, "This service answers only these methods: %s.", allowed);
  return refuse_with(405, header, sentence);
}
