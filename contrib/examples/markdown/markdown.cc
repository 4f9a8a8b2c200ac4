// markdown: renders the Markdown in the request body (POST) as a safe HTML page, or with
// ?fragment=1 as what goes into a page's body.

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "contrib/examples/common/cgi.h"
#include "contrib/examples/markdown/block.h"
#include "contrib/examples/markdown/render.h"
#include "contrib/examples/markdown/text.h"

namespace markdown {
namespace {

constexpr size_t kBodySizeMax = size_t{512} * 1024;
constexpr size_t kHtmlSizeMax = size_t{4} * 1024 * 1024;

// A second wall behind the escaping: no scripts, no frames, nothing but images from elsewhere.
constexpr const char* kHeaders =
    "Content-Security-Policy: default-src 'none'; img-src *; style-src 'unsafe-inline'; "
    "form-action 'self'\r\n"
    "X-Content-Type-Options: nosniff\r\n";

constexpr std::string_view kPageStart =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>\n"
    "body{font:1rem/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}\n"
    "pre,code{background:#f3f3f3}pre{padding:.5rem;overflow-x:auto}img{max-width:100%}\n"
    "blockquote{border-left:.25rem solid #ccc;margin-left:0;padding-left:1rem}\n"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.25rem .5rem}\n"
    "textarea{width:100%;height:16rem}\n"
    "</style>\n"
    "<title>";
constexpr std::string_view kPageMiddle = "</title>\n</head>\n<body>\n";
constexpr std::string_view kPageEnd = "</body>\n</html>\n";

// The form's field. Its name is unlikely to start a document that is sent as it is.
constexpr std::string_view kFormField = "markdown_text=";

constexpr std::string_view kHelp =
    "<h1>Markdown to HTML</h1>\n"
    "<p>POST Markdown in the body to get it as a page; with <code>?fragment=1</code>, without the "
    "page around it. Headings, emphasis, code, links, images, lists, quotes and tables are known; "
    "raw HTML is shown as text.</p>\n"
    "<form method=\"post\" accept-charset=\"utf-8\">\n"
    "<p><textarea name=\"markdown_text\"># Hello\n\nThis is *Markdown*.</textarea></p>\n"
    "<p><button>Render</button></p>\n"
    "</form>\n";

std::string page(std::string_view title, std::string_view content) {
  std::string html(kPageStart);
  append_escaped(title, &html);
  html += kPageMiddle;
  html += content;
  html += kPageEnd;
  return html;
}

int respond_html(const std::string& html) {
  return cgi_respond(200, "text/html; charset=utf-8", kHeaders, html.data(), html.size());
}

// Replaces the body by the form's field if it comes from the form. Clients such as curl send
// documents under the form's media type as well, so the body itself must look like the form: its
// field first, and no byte that a form would have encoded. False if it is a form but badly encoded.
bool take_form_field(CgiBody* body) {
  const std::string_view text(body->data, body->size);
  const std::string_view type(cgi_variable("CONTENT_TYPE"));
  const bool is_form = type.starts_with("application/x-www-form-urlencoded") &&
                       text.starts_with(kFormField) && text.find_first_of(" \r\n&") == text.npos;
  if (!is_form) return true;
  const size_t size = text.size() - kFormField.size();
  std::memmove(body->data, body->data + kFormField.size(), size);
  body->size = cgi_decode_form(body->data, size);
  return body->size != static_cast<size_t>(-1);
}

bool asks_for_fragment() {
  char value[8];
  const CgiQueryResult found =
      cgi_query_value(cgi_variable("QUERY_STRING"), "fragment", value, sizeof value);
  return found == kCgiQueryFound && std::strcmp(value, "1") == 0;
}

// NUL bytes are replaced, as section 2.3 asks.
std::string without_nul(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c == '\0') {
      clean += "\uFFFD";
    } else {
      clean += c;
    }
  }
  return clean;
}

int answer(CgiBody* body) {
  if (!take_form_field(body)) return cgi_refuse(400, "The form is not properly encoded.");
  const std::string_view text(body->data, body->size);
  if (!is_utf8(text)) return cgi_refuse(400, "The body is not valid UTF-8.");
  const bool has_nul = text.find('\0') != text.npos;
  const Document document = parse_blocks(has_nul ? std::string_view(without_nul(text)) : text);
  std::string html;
  if (!render_document(document, kHtmlSizeMax, &html)) {
    return cgi_refuse(413, "The page would be larger than 4 MiB.");
  }
  if (asks_for_fragment()) return respond_html(html);
  return respond_html(page(first_heading(document), html));
}

int serve() {
  if (cgi_method_is("GET") || cgi_method_is("HEAD")) {
    return respond_html(page("Markdown to HTML", kHelp));
  }
  if (!cgi_method_is("POST")) return cgi_refuse_method("GET, HEAD, POST");
  CgiBody body;
  switch (cgi_read_body(kBodySizeMax, &body)) {
    case kCgiBodyTooLarge:
      return cgi_refuse(413, "The body is larger than 512 KiB.");
    case kCgiBodyNoMemory:
      return 1;
    case kCgiBodyRead:
      break;
  }
  const int exit_code = answer(&body);
  std::free(body.data);
  return exit_code;
}

}  // namespace
}  // namespace markdown

int main() {
  return markdown::serve();
}
