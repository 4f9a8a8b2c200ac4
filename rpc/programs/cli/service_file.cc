#include "rpc/programs/cli/service_file.h"

#include <filesystem>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "market/types/image_archive.h"

namespace fog::cli {
namespace {

ErrorOr<void> check_image(const LoadedService& service) {
  if (market::image_archive_kind(service.content.bytes())) return {};
  return fail(ErrorCode::kInvalidInput,
              "the manifest says `runtime: container`, and " + service.artifact_path +
                  " is not a container image in a file. Make one with: skopeo copy "
                  "docker://IMAGE oci-archive:FILE, or: docker save IMAGE -o FILE");
}

}  // namespace

ErrorOr<void> check_program(const LoadedService& service) {
  if (!service.manifest.image.empty()) return {};
  if (service.file.manifest.runtime == market::RuntimeKind::kContainer) return check_image(service);
  const std::string_view program = as_text(service.content.bytes());
  constexpr std::string_view kComponent("\0asm\x0d\0\1\0", 8);
  constexpr std::string_view kCoreModule("\0asm\1\0\0\0", 8);
  const bool component = program.starts_with(kComponent);
  const bool wanted = service.file.manifest.runtime == market::RuntimeKind::kWasmHttp;
  if (component == wanted && (component || program.starts_with(kCoreModule))) return {};
  const std::string why =
      component ? " is a WebAssembly component: the manifest must say `runtime: wasm-http`, or "
                  "compile it for wasm32-wasi preview 1"
      : program.starts_with(kCoreModule)
          ? " is a core module, not a component: `runtime: wasm` runs it, if it is a command"
          : " is not a WebAssembly module";
  return fail(ErrorCode::kInvalidInput, service.artifact_path + why);
}

ErrorOr<rpc::ServiceFile> read_service_file(const std::string& path) {
  TRY(const Bytes text, read_file(path, rpc::kManifestFileBytesMax));
  return rpc::parse_service_file(as_text(text), path);
}

ErrorOr<LoadedService> load_service(const std::string& path) {
  LoadedService out;
  TRY(out.file, read_service_file(path));
  out.manifest = out.file.manifest;
  if (!out.manifest.image.empty()) return out;
  std::filesystem::path artifact(out.file.artifact_path);
  if (artifact.is_relative()) artifact = std::filesystem::path(path).parent_path() / artifact;
  out.artifact_path = artifact.lexically_normal().string();
  auto content = MappedFile::open(out.artifact_path);
  if (!content) return Fail{content.error().within(path + " names the artifact")};
  out.content = *std::move(content);
  const std::uint64_t size = out.content.bytes().size();
  const std::uint64_t most = market::artifact_bytes_max(out.manifest.runtime);
  if (size == 0) return fail(ErrorCode::kInvalidInput, out.artifact_path + " is empty");
  if (size > most) {
    return fail(ErrorCode::kExhausted, out.artifact_path + " has " + std::to_string(size >> 20) +
                                           " MiB; at most " + std::to_string(most >> 20) +
                                           " MiB can be published");
  }
  out.manifest.artifact = sha256(out.content.bytes());
  out.manifest.artifact_bytes = size;
  return out;
}

}  // namespace fog::cli
