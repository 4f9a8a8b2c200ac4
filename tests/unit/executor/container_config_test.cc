// What a container is given, whatever its image says.
#include "executor/container_config.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fog::executor {
namespace {

using Json = nlohmann::json;

market::Manifest manifest() {
  market::Manifest out;
  out.runtime = market::RuntimeKind::kContainer;
  out.port = 80;
  out.env = {{"GREETING", "from the manifest"}};
  return out;
}

// An image's configuration, as umoci writes it.
Json image() {
  return {{"process",
           {{"args", {"/bin/server", "--all"}},
            {"env", {"PATH=/bin", "GREETING=from the image", "PORT=1", "NOVALUE"}},
            {"cwd", "/srv"},
            {"user", {{"uid", 1'000}, {"gid", 100}, {"additionalGids", {5, 6}}}}}}};
}
Json made_of(const Json& from) {
  const auto made = container_config(from.dump(), manifest(), 64 << 20);
  EXPECT_TRUE(made.has_value()) << made.error().context;
  return made ? Json::parse(*made) : Json();
}
std::string refusal(const Json& from) {
  const auto made = container_config(from.dump(), manifest(), 64 << 20);
  EXPECT_FALSE(made.has_value()) << from.dump();
  if (made) return "";
  EXPECT_EQ(made.error().code, ErrorCode::kRejected);
  return made.error().context;
}

TEST(ContainerConfig, TakesTheProgramOfTheImage) {
  const Json process = made_of(image())["process"];
  EXPECT_EQ(process["args"], (Json{"/bin/server", "--all"}));
  EXPECT_EQ(process["cwd"], "/srv");
  EXPECT_EQ(process["env"], (Json{"GREETING=from the manifest", "PATH=/bin", "PORT=80"}));
  EXPECT_EQ(process["user"], (Json{{"uid", 1'000}, {"gid", 100}, {"additionalGids", {5, 6}}}));
}

TEST(ContainerConfig, TakesNothingElseOfTheImage) {
  Json greedy = image();
  greedy["process"]["capabilities"] = {{"effective", {"CAP_SYS_ADMIN"}}};
  greedy["process"]["noNewPrivileges"] = false;
  greedy["process"]["apparmorProfile"] = "unconfined";
  greedy["root"] = {{"path", "/"}, {"readonly", false}};
  greedy["mounts"] = {{{"destination", "/host"}, {"source", "/"}, {"type", "bind"}}};
  greedy["hooks"] = {{"prestart", {{{"path", "/bin/sh"}}}}};
  greedy["linux"] = {{"namespaces", Json::array()}};
  EXPECT_EQ(made_of(greedy), made_of(image()));
  const Json made = made_of(greedy);
  EXPECT_EQ(made["process"]["capabilities"], Json::object());
  EXPECT_EQ(made["process"]["noNewPrivileges"], true);
  EXPECT_EQ(made["root"]["readonly"], true);
  EXPECT_FALSE(made.contains("hooks"));
}

TEST(ContainerConfig, ItsUsersAreNobodyOutside) {
  const Json linux = made_of(image())["linux"];
  for (const char* ids : {"uidMappings", "gidMappings"}) {
    ASSERT_EQ(linux[ids].size(), 1U);
    EXPECT_EQ(linux[ids][0]["containerID"], 0);
    EXPECT_GE(linux[ids][0]["hostID"].get<std::uint64_t>(), 1U << 20);
    EXPECT_EQ(linux[ids][0]["size"], kContainerIds);
  }
  std::vector<std::string> spaces;
  for (const Json& space : linux["namespaces"]) {
    EXPECT_FALSE(space.contains("path"));
    spaces.push_back(space["type"]);
  }
  EXPECT_EQ(spaces, (std::vector<std::string>{"pid", "network", "ipc", "uts", "mount", "user"}));
}

TEST(ContainerConfig, RefusesWhatItCannotRead) {
  EXPECT_NE(refusal(Json::array()).find("cannot be read"), std::string::npos);
  EXPECT_NE(refusal(Json{{"process", 3}}).find("cannot be read"), std::string::npos);
  EXPECT_FALSE(container_config("{", manifest(), 1).has_value());
  const auto with = [](const char* key, const Json& value) {
    Json out = image();
    out["process"][key] = value;
    return out;
  };
  for (const Json& args : {Json(), Json::array(), Json("/bin/sh"), Json{1, 2},
                           Json(std::vector<std::string>(2'000, "x"))})
    EXPECT_NE(refusal(with("args", args)).find("names no program"), std::string::npos);
  EXPECT_NE(refusal(with("env", Json{1})).find("environment"), std::string::npos);
  for (const Json& user :
       {Json{{"uid", 65'536}}, Json{{"uid", -1}}, Json{{"gid", "root"}}, Json{{"uid", 1e9}}})
    EXPECT_NE(refusal(with("user", user)).find("above 65535"), std::string::npos) << user;
  EXPECT_NE(
      refusal(with("user", {{"uid", 0}, {"additionalGids", std::vector<int>(65, 1)}})).find("64"),
      std::string::npos);
}

TEST(ContainerConfig, WhatIsMissingHasADefault) {
  const Json made = made_of({{"process", {{"args", {"/a"}}, {"cwd", "relative"}}}});
  EXPECT_EQ(made["process"]["cwd"], "/");
  EXPECT_EQ(made["process"]["user"], (Json{{"uid", 0}, {"gid", 0}}));
}

TEST(ContainerConfig, SecretsWinAndVolumesAreMounted) {
  market::Manifest with = manifest();
  with.secrets = {"TOKEN"};
  with.volumes = {{"/data", 16}, {"/var/lib/x", 8}};
  const auto made = container_config(image().dump(), with, 64 << 20, {{"TOKEN", "hunter2"}});
  ASSERT_TRUE(made.has_value());
  const Json config = Json::parse(*made);
  const Json& env = config["process"]["env"];
  EXPECT_NE(std::find(env.begin(), env.end(), "TOKEN=hunter2"), env.end());
  std::map<std::string, Json> mounts;
  for (const Json& each : config["mounts"]) mounts[each["destination"]] = each;
  EXPECT_EQ(mounts["/data"]["source"], "/run/bundle/volumes/0");
  EXPECT_EQ(mounts["/var/lib/x"]["source"], "/run/bundle/volumes/1");
  EXPECT_EQ(mounts["/data"]["options"], (Json{"bind", "rw", "nosuid", "nodev"}));
}

}  // namespace
}  // namespace fog::executor
