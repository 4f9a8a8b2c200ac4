// StaticSite: files that a server holds in memory and answers GET and HEAD with: the web console.
//
// A path is known exactly or not at all: nothing is decoded, joined or looked up on disk, so there
// is nothing to climb out of. Pure; safe from any thread.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace fog::rpc {

// Views of memory that outlives the site.
struct StaticFile {
  std::string_view path;    // "/" or "/assets/index-1a2b.js"
  std::string_view type;    // Content-Type
  std::string_view tag;     // of its content, compressed or not, so a weak one: W/"1a2b"
  std::string_view policy;  // Content-Security-Policy
  bool immutable = false;   // whether its path changes with its content
  std::string_view plain;
  std::string_view gzip;  // the same, compressed; empty where that saves nothing
};

// What of a request's head counts here.
struct StaticRequest {
  std::string_view target;  // as it came, a query included
  std::string_view accept_encoding;
  std::string_view if_none_match;
};

struct StaticAnswer {
  bool not_modified = false;  // 304, without a body; else 200
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view body;
};

class StaticSite {
 public:
  StaticSite() = default;
  explicit StaticSite(std::span<const StaticFile> files);

  bool empty() const { return files_.empty(); }
  // Nothing for a path that is not one of its files.
  const StaticFile* find(std::string_view target) const;
  static StaticAnswer answer(const StaticFile& file, const StaticRequest& request);

 private:
  std::vector<StaticFile> files_;  // by path
};

// Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3). Absent: no.
bool takes_gzip(std::string_view accept_encoding);
// Whether an If-None-Match header names this ETag, compared weakly (RFC 9110, 13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace fog::rpc
