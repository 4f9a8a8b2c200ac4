// thumbnail: scales the image in the request body (PNG, BMP, PPM, PGM) and answers with a PNG, BMP
// or PPM. POST /?width=..&height=..&fit=..&filter=..&format=..

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contrib/examples/common/cgi.h"
#include "contrib/examples/thumbnail/decode.h"
#include "contrib/examples/thumbnail/encode.h"
#include "contrib/examples/thumbnail/scale.h"

typedef struct {
  const char* name;
  const char* content_type;
  void (*encode)(const Picture* picture, Bytes* out);
} Format;

static const Format kFormats[] = {
    {"png", "image/png", encode_png},
    {"bmp", "image/bmp", encode_bmp},
    {"ppm", "image/x-portable-pixmap", encode_ppm},
};

static const char kHelp[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><meta charset=\"utf-8\"><title>thumbnail</title>\n"
    "<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 "
    "1rem}</style>\n"
    "<h1>thumbnail</h1>\n"
    "<p>POST an image (PNG, BMP, PPM or PGM, at most 16 Mpixel) to get it scaled. In the "
    "query:</p>\n"
    "<ul>\n"
    "<li><code>width</code>, <code>height</code>: pixels, 1 to 4096; one alone keeps the shape; "
    "neither: inside 160 &times; 160</li>\n"
    "<li><code>fit</code>: <code>stretch</code> (default: exactly that size) or "
    "<code>inside</code> "
    "(keeps the shape)</li>\n"
    "<li><code>filter</code>: <code>box</code> (default: area average) or "
    "<code>grayscale</code></li>\n"
    "<li><code>format</code>: <code>png</code> (default), <code>bmp</code> or "
    "<code>ppm</code></li>\n"
    "</ul>\n"
    "<p><input type=\"file\" id=\"file\"> width <input type=\"number\" id=\"width\" value=\"320\" "
    "min=\"1\" max=\"4096\"></p>\n"
    "<p id=\"problem\"></p><img id=\"image\" alt=\"\">\n"
    "<script>\n"
    "const by = id => document.getElementById(id);\n"
    "async function send() {\n"
    "  const file = by('file').files[0];\n"
    "  if (!file) return;\n"
    "  const answer = await fetch('?width=' + by('width').value, {method: 'POST', body: file});\n"
    "  by('problem').textContent = answer.ok ? '' : await answer.text();\n"
    "  if (answer.ok) by('image').src = URL.createObjectURL(await answer.blob());\n"
    "}\n"
    "by('file').onchange = by('width').onchange = send;\n"
    "</script></html>\n";

static Fault read_side(const char* query, const char* name, const char* problem, uint32_t* side) {
  char text[8];
  *side = 0;
  const CgiQueryResult found = cgi_query_value(query, name, text, sizeof text);
  if (found == kCgiQueryAbsent) return no_fault();
  if (found == kCgiQueryBad || text[0] == '\0') return fault(400, problem);
  for (const char* c = text; *c != '\0'; ++c) {
    if (*c < '0' || *c > '9') return fault(400, problem);
    *side = *side * 10 + (uint32_t)(*c - '0');
  }
  if (*side == 0 || *side > kThumbnailSideMax) return fault(400, problem);
  return no_fault();
}

// Reads a parameter that is one of `count` words; `chosen` is left as it is when it is absent.
static Fault read_choice(const char* query, const char* name, const char* const* words,
                         size_t count, const char* problem, size_t* chosen) {
  char text[16];
  const CgiQueryResult found = cgi_query_value(query, name, text, sizeof text);
  if (found == kCgiQueryAbsent) return no_fault();
  for (size_t i = 0; found == kCgiQueryFound && i < count; ++i) {
    if (strcmp(text, words[i]) != 0) continue;
    *chosen = i;
    return no_fault();
  }
  return fault(400, problem);
}

static Fault read_query(ScaleRequest* request, const Format** format) {
  static const char* const kFits[] = {"stretch", "inside"};
  static const char* const kFilters[] = {"box", "grayscale"};
  const char* query = cgi_variable("QUERY_STRING");
  size_t fit = 0;
  size_t filter = 0;
  size_t format_index = 0;
  const size_t format_count = sizeof kFormats / sizeof kFormats[0];
  const char* names[sizeof kFormats / sizeof kFormats[0]];
  for (size_t i = 0; i < format_count; ++i) names[i] = kFormats[i].name;

  TRY(read_side(query, "width", "width must be a number from 1 to 4096.", &request->width));
  TRY(read_side(query, "height", "height must be a number from 1 to 4096.", &request->height));
  TRY(read_choice(query, "fit", kFits, 2, "fit must be stretch or inside.", &fit));
  TRY(read_choice(query, "filter", kFilters, 2, "filter must be box or grayscale.", &filter));
  TRY(read_choice(query, "format", names, format_count, "format must be png, bmp or ppm.",
                  &format_index));
  request->fit = fit == 1 ? kFitInside : kFitStretch;
  request->grey = filter == 1;
  *format = &kFormats[format_index];
  return no_fault();
}

// Reads and scales the body. Without a fault the caller owns the picture's pixels.
static Fault make_picture(const ScaleRequest* request, Picture* picture) {
  // Static, since it is large for a stack and there is one request a process.
  static Source source;
  Scaler scaler;
  scaler_init(&scaler, request);
  source_from_file(&source, stdin);
  const RowSink sink = scaler_sink(&scaler);
  const Fault result = decode_image(&source, &sink);
  if (result.status == 0) *picture = scaler_take(&scaler);
  scaler_free(&scaler);
  return result;
}

static int answer(const Picture* picture, const Format* format) {
  Bytes out = {0};
  format->encode(picture, &out);
  const int exit_code = out.failed ? cgi_refuse(500, "Out of memory.")
                                   : cgi_respond(200, format->content_type, "", out.data, out.size);
  free(out.data);
  return exit_code;
}

int main(void) {
  if (cgi_method_is("GET") || cgi_method_is("HEAD")) {
    return cgi_respond(200, "text/html; charset=utf-8", "", kHelp, sizeof kHelp - 1);
  }
  if (!cgi_method_is("POST") && !cgi_method_is("PUT")) {
    return cgi_refuse_method("GET, HEAD, POST, PUT");
  }
  ScaleRequest request;
  const Format* format = NULL;
  Picture picture;
  Fault result = read_query(&request, &format);
  if (result.status == 0) result = make_picture(&request, &picture);
  if (result.status != 0) return cgi_refuse(result.status, result.sentence);
  const int exit_code = answer(&picture, format);
  free(picture.rgba);
  return exit_code;
}
