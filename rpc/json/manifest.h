// The service manifest: the file (YAML or JSON) in which a Publisher describes a service, and with
// the section `bid:` what it asks of the market. contrib/doc/publisher.md documents every key.
//
// An error names all that is wrong, a line each: file, line, column and key, what was expected, and
// an example. An unknown key is refused with the one that may have been meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "market/types/objects.h"

namespace fog::rpc {

constexpr std::size_t kManifestFileBytesMax = 256 * 1024;

struct BidPlan {
  market::BidTerms terms;  // complete, but for the gateways where the file names none
  std::optional<Amount> deposit;
  // Instead of terms.start_by_ms: so long after the bid is made. 0: neither, or that.
  std::uint64_t start_within_ms = 0;
};

struct ServiceFile {
  market::ServiceName name;
  market::Manifest manifest;  // artifact and artifact_bytes are for the caller to fill
  std::string artifact_path;  // as written: relative to the file's folder
  std::optional<BidPlan> bid;
};

// `file` is only for messages. All errors are kInvalidInput.
ErrorOr<ServiceFile> parse_service_file(std::string_view text, std::string_view file);

// An amount an hour as the step of the ladder of caps that covers it; kInvalidInput above the
// ladder.
ErrorOr<std::uint8_t> cap_step_for(Amount per_hour);

}  // namespace fog::rpc
