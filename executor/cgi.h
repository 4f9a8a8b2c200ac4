// CGI/1.1 (RFC 3875): an HTTP request as the environment of a command, and what the command writes
// as an HTTP response. Pure functions, safe from any thread; the input is a stranger's.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "executor/response_head.h"

namespace fog::executor {

// Name and value of each variable, in the order in which the guest sees them (ascending by name, so
// that a replay sees the same).
using Environment = std::vector<std::pair<std::string, std::string>>;

// The meta-variables of a request, with the manifest's own variables; the manifest's win, except
// over REQUEST_METHOD, QUERY_STRING, PATH_INFO, CONTENT_TYPE and CONTENT_LENGTH, which say what the
// request is. `head` must be canonical (market::make_canonical). Everything comes from `head` and
// `env`, so that an auditor's replay gets the same.
//   SERVER_NAME and SERVER_PORT come from the host field ("localhost" and 80 without one). Headers
//   become HTTP_NAME, several of one name joined by ", ". content-type and content-length stand
//   under their own names only. authorization is passed on: the service is the End User's
//   counterpart. The proxy header is not (CVE-2016-5385: HTTP_PROXY configures HTTP clients).
using ManifestEnvironment = BoundedMap<BoundedText<64>, BoundedText<1024>, 64>;
Environment cgi_environment(const market::RequestHead& head,
                            const ManifestEnvironment& manifest_env);
// The manifest's variables alone, for a component, which gets its request in parts.
Environment plain_environment(const ManifestEnvironment& manifest_env);

constexpr std::size_t kCgiHeadBytesMax = 64 * 1024;

// The head of a CGI response.
struct CgiHead {
  market::ResponseHead head;  // canonical
  std::size_t body_from = 0;  // offset of the body in what was written
};
// Why what a command wrote is no CGI response; a fragment of a sentence.
using CgiFault = HeadFault;

// Parses the head at the start of `written` (all that the command wrote, or at least its first
// kCgiHeadBytesMax bytes). Lines end in LF or CRLF; the head ends with an empty line. At least one
// of Content-Type, Location and Status must be there, and Content-Type where a body follows (RFC
// 3875 6.2). Status is three digits, 200 to 599, and an optional phrase. Location without Status
// means 302; it is an absolute URI or a path, and goes to the End User as it stands (there is no
// internal redirect). Content-Length is left out: what counts is what was written.
// Refused: a line without a name and a colon, a name that is no token, a control character in a
// value, a folded line, Status or Content-Type or Location twice, hop-by-hop and fog-* fields, more
// than 128 fields, a head larger than kCgiHeadBytesMax or without an empty line.
Result<CgiHead, CgiFault> parse_cgi_head(ByteView written);

}  // namespace fog::executor
