// cgi: what a service of these examples needs from CGI/1.1 (RFC 3875), in plain C, usable from C++.
//
// One process (or one WebAssembly instance) serves one request: meta-variables come in the
// environment, the body on standard input until end of file, the answer goes to standard output.
// Nothing here keeps state and nothing is safe to call from two threads at once.

#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The value of a meta-variable such as "REQUEST_METHOD"; "" when the server did not set it.
const char* cgi_variable(const char* name);

// True if the request's method is `method` (methods are case-sensitive, RFC 9110 section 9.1).
bool cgi_method_is(const char* method);

// The whole request body. `data` is owned by the caller (free) and ends with a NUL that `size` does
// not count, so that it can be shown to functions that want a C string.
typedef struct {
  char* data;
  size_t size;
} CgiBody;

typedef enum { kCgiBodyRead, kCgiBodyTooLarge, kCgiBodyNoMemory } CgiBodyResult;

// Reads standard input to its end, at most `size_max` bytes. On any result but kCgiBodyRead `body`
// is {NULL, 0} and nothing is to be freed. CONTENT_LENGTH is not consulted: a streamed body has
// none.
CgiBodyResult cgi_read_body(size_t size_max, CgiBody* body);

// Replaces %XX by its byte and '+' by a space (application/x-www-form-urlencoded), in place.
// Returns the new size, or (size_t)-1 on a '%' without two hexadecimal digits; `text` is then
// partly rewritten.
size_t cgi_decode_form(char* text, size_t size);

typedef enum { kCgiQueryAbsent, kCgiQueryFound, kCgiQueryBad } CgiQueryResult;

// Finds the first `name=value` in the query string, decodes the value and writes it with a NUL to
// `out`. kCgiQueryBad: bad percent encoding, a NUL inside, or longer than `out_size` - 1.
CgiQueryResult cgi_query_value(const char* query, const char* name, char* out, size_t out_size);

// Writes a complete answer. `extra_headers` is "" or whole lines, each ended by "\r\n". The body is
// left out when the request is HEAD. Returns the exit code for main: 0, or 1 if output was refused.
int cgi_respond(int status, const char* content_type, const char* extra_headers, const void* body,
                size_t size);

// Answers with one sentence of plain text that says what is wrong and what would be right.
int cgi_refuse(int status, const char* sentence);

// Answers 405 for a method that the service does not know; `allowed` goes into the Allow header.
int cgi_refuse_method(const char* allowed);

#ifdef __cplusplus
}
#endif
