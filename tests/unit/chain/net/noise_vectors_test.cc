// BOLT 8's published vectors, in the specification's own notation: tests/data/bolt8/*.txt. A file
// of somebody else's in the same notation is tried as well when it is put there.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "chain/net/noise.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

using testing::fixed_hex;
using testing::hex;

struct Line {
  std::string key;
  std::string value;
};
using Story = std::vector<Line>;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "key: value" or "key=value"; a story begins with its name.
std::vector<Story> read_stories(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<Story> stories;
  for (std::string raw; std::getline(in, raw);) {
    const std::string line = trimmed(raw);
    if (line.empty() || line[0] == '#') continue;
    const auto at = line.find_first_of(":=");
    if (at == std::string::npos) continue;
    if (line.starts_with("name:")) stories.emplace_back();
    if (stories.empty()) continue;
    stories.back().push_back({trimmed(line.substr(0, at)), trimmed(line.substr(at + 1))});
  }
  return stories;
}

std::string field(const Story& story, const std::string& key) {
  for (const Line& line : story) {
    if (line.key == key) return line.value;
  }
  ADD_FAILURE() << "no " << key;
  return {};
}

SecretKey secret(const Story& story, const std::string& key) {
  const auto out = SecretKey::from_bytes(hex(field(story, key)));
  EXPECT_TRUE(out.has_value());
  return *out;
}

// "ERROR (ACT2_BAD_TAG)" says where and why.
std::string error_name(int act, NoiseError error) {
  const std::string where = "ACT" + std::to_string(act) + "_";
  switch (error) {
    case NoiseError::kBadSize:
      return where + "READ_FAILED";
    case NoiseError::kBadVersion:
      return where + "BAD_VERSION";
    case NoiseError::kBadKey:
      return where + "BAD_PUBKEY";
    case NoiseError::kBadCiphertext:
      return where + "BAD_CIPHERTEXT";
    case NoiseError::kBadTag:
      return where + "BAD_TAG";
  }
  return {};
}

void expect_error(const Line& told, const std::string& happened) {
  EXPECT_EQ(told.key, "output");
  EXPECT_TRUE(told.value.starts_with("ERROR (" + happened)) << told.value << " / " << happened;
}

void expect_keys(const Line& told, const std::string& names, const AeadKey& first,
                 const AeadKey& second) {
  EXPECT_EQ(told.key, "output");
  EXPECT_EQ(told.value, names + "=" + to_hex0x(first) + "," + to_hex0x(second));
}

// The inputs and outputs alone, in order.
std::vector<Line> exchange_of(const Story& story) {
  std::vector<Line> out;
  for (const Line& line : story) {
    if (line.key == "input" || line.key == "output") out.push_back(line);
  }
  return out;
}

void play_initiator(const Story& story) {
  const std::vector<Line> lines = exchange_of(story);
  ASSERT_GE(lines.size(), 3U);
  const SecretKey self = secret(story, "ls.priv");
  const SecretKey ephemeral = secret(story, "e.priv");
  EXPECT_EQ(self.public_key(), fixed_hex<33>(field(story, "ls.pub")));
  EXPECT_EQ(ephemeral.public_key(), fixed_hex<33>(field(story, "e.pub")));

  NoiseInitiator initiator(self, fixed_hex<33>(field(story, "rs.pub")), as_bytes("lightning"),
                           ephemeral);
  const auto act_one = initiator.act_one();
  ASSERT_TRUE(act_one);
  EXPECT_EQ(to_hex0x(*act_one), lines[0].value);
  const auto act_three = initiator.read_act_two(hex(lines[1].value));
  if (!act_three) return expect_error(lines[2], error_name(2, act_three.error()));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(to_hex0x(*act_three), lines[2].value);
  expect_keys(lines[3], "sk,rk", initiator.keys().send, initiator.keys().receive);
}

void play_responder(const Story& story) {
  const std::vector<Line> lines = exchange_of(story);
  ASSERT_GE(lines.size(), 2U);
  const SecretKey self = secret(story, "ls.priv");
  EXPECT_EQ(self.public_key(), fixed_hex<33>(field(story, "ls.pub")));

  NoiseResponder responder(self, as_bytes("lightning"), secret(story, "e.priv"));
  const auto act_two = responder.read_act_one(hex(lines[0].value));
  if (!act_two) return expect_error(lines[1], error_name(1, act_two.error()));
  EXPECT_EQ(to_hex0x(*act_two), lines[1].value);
  ASSERT_EQ(lines.size(), 4U);
  const auto remote = responder.read_act_three(hex(lines[2].value));
  if (!remote) return expect_error(lines[3], error_name(3, remote.error()));
  EXPECT_EQ(to_hex(*remote), "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa");
  expect_keys(lines[3], "rk,sk", responder.keys().receive, responder.keys().send);
}

// "hello" 1002 times; the story shows some of the frames, before and after each change of key.
void play_messages(const Story& story) {
  const auto chaining = fixed_hex<32>(field(story, "ck"));
  NoiseCipher sender(chaining, fixed_hex<32>(field(story, "sk")));
  NoiseCipher receiver(chaining, fixed_hex<32>(field(story, "sk")));
  int shown = 0;
  for (int i = 0; i <= 1001; ++i) {
    Bytes frame;
    sender.seal_frame(as_bytes("hello"), frame);
    for (const Line& line : story) {
      if (line.key != "output " + std::to_string(i)) continue;
      EXPECT_EQ(to_hex0x(frame), line.value) << i;
      ++shown;
    }
    EXPECT_EQ(receiver.open_head(ByteView(frame).first(kNoiseHeadSize)), std::uint16_t{5});
    EXPECT_EQ(receiver.open_body(ByteView(frame).subspan(kNoiseHeadSize)),
              to_bytes(as_bytes("hello")));
  }
  EXPECT_GE(shown, 6);
}

TEST(NoiseVectors, EveryStoryOfBolt8IsPlayedAsTold) {
  int played = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(FOG_TEST_DATA) + "/bolt8")) {
    for (const Story& story : read_stories(file.path())) {
      const std::string name = field(story, "name");
      SCOPED_TRACE(file.path().filename().string() + ": " + name);
      if (name.starts_with("transport-initiator")) {
        play_initiator(story);
      } else if (name.starts_with("transport-responder")) {
        play_responder(story);
      } else if (name.starts_with("transport-message")) {
        play_messages(story);
      } else {
        ADD_FAILURE() << "a story of an unknown kind";
      }
      ++played;
    }
  }
  EXPECT_GE(played, 5 + 10 + 1) << "BOLT 8 tells sixteen";
}

}  // namespace
}  // namespace fog
