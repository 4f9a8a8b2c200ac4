// A service as its manifest file describes it, with the program's bytes.
#pragma once

#include "chain/base/mapped_file.h"
#include "rpc/json/manifest.h"

namespace fog::cli {

struct LoadedService {
  rpc::ServiceFile file;
  market::Manifest manifest;  // complete: digest and size of the program
  // Of an image in a registry both are empty.
  std::string artifact_path;
  MappedFile content;
};
// The manifest alone.
ErrorOr<rpc::ServiceFile> read_service_file(const std::string& path);
// Reads the manifest and the program that it names (relative to the manifest's folder).
ErrorOr<LoadedService> load_service(const std::string& path);
// Before a name is paid for or anything is run: whether the program is what the manifest says.
ErrorOr<void> check_program(const LoadedService& service);

}  // namespace fog::cli
