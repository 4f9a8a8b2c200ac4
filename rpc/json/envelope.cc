#include "rpc/json/envelope.h"

#include <set>

namespace fog::rpc {
namespace {

using Json = nlohmann::json;

// Brackets outside of strings; malformed text is the parser's to refuse.
bool deeper_than(std::string_view text, std::size_t depth_max) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

// Builds the value and refuses an object that has one member twice.
class StrictBuilder {
 public:
  // The parser's callback: keeps what it is told to keep, and notes what must not be.
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    switch (event) {
      case Json::parse_event_t::object_start:
        if (names_.size() <= level) names_.resize(level + 1);
        names_[level].clear();
        break;
      case Json::parse_event_t::key:
        // A key is reported one level below its object.
        if (!names_[level - 1].insert(parsed.get<std::string>()).second && duplicate_.empty()) {
          duplicate_ = parsed.get<std::string>();
        }
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_start:
      case Json::parse_event_t::array_end:
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }
  const std::string& duplicate() const { return duplicate_; }

 private:
  std::vector<std::set<std::string>> names_;
  std::string duplicate_;
};

bool usable_id(const Json& id) {
  return id.is_string() || id.is_number() || id.is_null();
}

Result<RpcCall, BadCall> call_of(Json&& json) {
  const auto bad = [](const char* why, Json id = nullptr) {
    return Fail{
        BadCall{{kInvalidRequest, std::string("Invalid Request: ") + why, nullptr}, std::move(id)}};
  };
  if (!json.is_object()) return bad("a call is an object with jsonrpc, method, params and id");
  RpcCall call;
  const auto id = json.find("id");
  if (id != json.end()) {
    if (!usable_id(*id)) return bad("id must be a string, a number or null");
    call.id = std::move(*id);
  }
  const Json known = call.id.value_or(Json(nullptr));
  for (const auto& [name, item] : json.items()) {
    if (name != "jsonrpc" && name != "method" && name != "params" && name != "id") {
      return bad("a call has no members but jsonrpc, method, params and id", known);
    }
  }
  const auto version = json.find("jsonrpc");
  if (version == json.end() || *version != "2.0") return bad("jsonrpc must be \"2.0\"", known);
  const auto method = json.find("method");
  if (method == json.end() || !method->is_string()) return bad("method must be a string", known);
  call.method = method->get<std::string>();
  const auto params = json.find("params");
  if (params != json.end()) {
    if (!params->is_structured()) return bad("params must be an array or an object", known);
    call.params = std::move(*params);
  }
  return call;
}

}  // namespace

Result<Json, std::string> parse_bounded(std::string_view text, std::size_t depth_max) {
  if (deeper_than(text, depth_max)) {
    return Fail{"nested deeper than " + std::to_string(depth_max) + " levels"};
  }
  StrictBuilder strict;
  try {
    Json json = Json::parse(text.begin(), text.end(), std::ref(strict), true);
    if (!strict.duplicate().empty()) {
      return Fail{"the member \"" + strict.duplicate() + "\" stands twice in one object"};
    }
    return json;
  } catch (const Json::exception& problem) {
    std::string why = problem.what();
    const std::size_t colon = why.find("] ");
    return Fail{colon == std::string::npos ? why : why.substr(colon + 2)};
  }
}

Result<Envelope, RpcError> parse_envelope(std::string_view body, const EnvelopeLimits& limits) {
  auto json = parse_bounded(body, limits.depth_max);
  if (!json) return Fail{RpcError{kParseError, "Parse error: " + json.error(), nullptr}};
  Envelope envelope;
  if (!json->is_array()) {
    envelope.calls.push_back(call_of(*std::move(json)));
    return envelope;
  }
  if (json->empty()) {
    return Fail{RpcError{kInvalidRequest, "Invalid Request: the batch is empty", nullptr}};
  }
  if (json->size() > limits.batch_max) {
    return Fail{RpcError{kInvalidRequest,
                         "Invalid Request: a batch has at most " +
                             std::to_string(limits.batch_max) + " calls; send it in parts",
                         nullptr}};
  }
  envelope.batch = true;
  envelope.calls.reserve(json->size());
  for (Json& item : *json) envelope.calls.push_back(call_of(std::move(item)));
  return envelope;
}

Json error_json(const RpcError& error) {
  Json out{{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) out["data"] = error.data;
  return out;
}

Json response_of(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"result", std::move(result)}, {"id", id}};
}
Json response_of(const Json& id, const RpcError& error) {
  return {{"jsonrpc", "2.0"}, {"error", error_json(error)}, {"id", id}};
}

}  // namespace fog::rpc
