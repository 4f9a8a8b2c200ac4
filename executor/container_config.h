// What a container is given to run in: the OCI runtime's config.json (opencontainers/runtime-spec
// 1.0), made of what the image says of its program, and of nothing else that an image could say.
#pragma once

#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "market/types/secret.h"

namespace fog::executor {

// The container's users 0 to 65 535 are these of the computer, which nobody else uses.
constexpr std::uint32_t kContainerIdFirst = 0x10000000;
constexpr std::uint32_t kContainerIds = 65'536;
// Where its volumes are mounted, by number, before they are bound to their places in it.
constexpr const char* kVolumesPlace = "/run/bundle/volumes/";

// `image_config`: the config.json that umoci wrote beside the unpacked image. The program gets the
// image's environment, then PORT, then the manifest's, then its secrets; so the text is one too.
// Errors: kRejected when the image names no program, or says what cannot be read.
ErrorOr<std::string> container_config(std::string_view image_config,
                                      const market::Manifest& manifest, std::uint64_t memory_bytes,
                                      const market::SecretValues& secrets = {});

// The process.json of another program in a container with that config.json: the same user, rights,
// environment and bounds, other words.
ErrorOr<std::string> program_config(std::string_view container_config,
                                    const std::vector<BoundedText<8'192>>& words, bool terminal);

}  // namespace fog::executor
