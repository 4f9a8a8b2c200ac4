// A service as its manifest file describes it, with the program's bytes.
#pragma once

#include "rpc/json/manifest.h"

namespace fog::cli {

struct LoadedService {
  rpc::ServiceFile file;
  market::Manifest manifest;  // complete: digest and size of the program
  std::string artifact_path;
  Bytes artifact;
};
// Reads the manifest and the program that it names (relative to the manifest's folder).
ErrorOr<LoadedService> load_service(const std::string& path);

}  // namespace fog::cli
