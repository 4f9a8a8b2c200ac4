// How a manifest names an image in a registry, and folders that are kept.
#include "market/types/container_terms.h"

#include <gtest/gtest.h>

namespace fog::market {
namespace {

TEST(ImageName, IsARegistryAndAPathInIt) {
  for (const char* text :
       {"docker.io/library/caddy", "localhost/a", "localhost:5000/a", "127.0.0.1:5000/a/b/c",
        "ghcr.io/some-one/some_thing", "r.example.org:443/a.b/c__d/e---f", "registry:5000/x"}) {
    EXPECT_TRUE(is_image_name(text)) << text;
  }
  for (const char* text : {"",
                           "caddy",
                           "library/caddy",
                           "docker.io",
                           "docker.io/",
                           "docker.io//a",
                           "docker.io/a/",
                           "docker.io/A",
                           "Docker.io/a",
                           "docker.io/a:latest",
                           "docker.io/a@sha256",
                           "http://r.io/a",
                           "r.io/a b",
                           "r.io/-a",
                           "r.io/a-",
                           "r.io/a..b",
                           "r.io/a___b",
                           "r.io/a._b",
                           "r.io/../a",
                           "r.io:/a",
                           "r.io:123456/a",
                           "r.io:x/a",
                           ".r.io/a",
                           "r..io/a",
                           "-r.io/a",
                           "r.io-/a",
                           "u@r.io/a",
                           "/a",
                           "r.io/a\n"}) {
    EXPECT_FALSE(is_image_name(text)) << text;
  }
  EXPECT_TRUE(is_image_name("r.io/" + std::string(250, 'a')));
  EXPECT_FALSE(is_image_name("r.io/" + std::string(251, 'a')));
}

TEST(VolumePaths, AreAbsoluteApartAndNotWhatEveryContainerHas) {
  EXPECT_TRUE(are_volume_paths({}));
  EXPECT_TRUE(are_volume_paths({"/data"}));
  EXPECT_TRUE(are_volume_paths({"/data", "/data2", "/var/lib/x", "/var/log", "/runs", "/etc/x"}));
  for (const char* path :
       {"",       "/",    "data",   "/data/", "//data",   "/a/../b", "/a/.",      "/..",  "/a b",
        "/a:b",   "/a,b", "/a\\b",  "/a\n",   "/proc",    "/proc/x", "/dev/shm",  "/sys", "/tmp",
        "/tmp/x", "/run", "/run/x", "/var",   "/var/tmp", "/etc",    "/etc/hosts"}) {
    EXPECT_FALSE(are_volume_paths({path})) << path;
  }
  EXPECT_FALSE(are_volume_paths({"/data", "/data"}));
  EXPECT_FALSE(are_volume_paths({"/data", "/data/x"}));
  EXPECT_FALSE(are_volume_paths({"/data/x", "/data"}));
}

}  // namespace
}  // namespace fog::market
