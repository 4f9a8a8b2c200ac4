#include "executor/workload_log.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "tests/support/temp_dir.h"

namespace fog::executor {
namespace {

using testing::TempDir;

TEST(WorkloadLog, TurnsOverAtItsBound) {
  const TempDir folder;
  const std::string path = folder.path() + "/log";
  EXPECT_EQ(WorkloadLog::tail(path, 100).error().code, ErrorCode::kNotFound);
  WorkloadLog log(path, 1'000);
  for (int i = 0; i < 500; ++i) {
    log.append(as_bytes("line " + std::to_string(1000 + i) + "\n"));
  }
  EXPECT_LE(std::filesystem::file_size(path), 1'000U);
  EXPECT_LE(std::filesystem::file_size(path + ".1"), 1'000U);
  EXPECT_EQ(*WorkloadLog::tail(path, 25), "line 1498\nline 1499\n");
  const std::string all = *WorkloadLog::tail(path, 1 << 20);
  EXPECT_GT(all.size(), 1'000U);
  EXPECT_TRUE(all.ends_with("line 1499\n"));
  log.append(Bytes(5'000, 'x'));
  EXPECT_LE(std::filesystem::file_size(path), 1'000U);
}

TEST(WorkloadLog, IsReadOnAsItGrowsAndTurnsOver) {
  const TempDir dir;
  const std::string path = dir.path() + "/one.log";
  WorkloadLog log(path, 100);
  log.append(as_bytes("before\n"));
  WorkloadLogReader reader(path);
  EXPECT_EQ(reader.more(), "");
  std::string seen;
  std::string written;
  for (int i = 0; i < 50; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    log.append(as_bytes(line));
    written += line;
    if (i % 3 == 0) seen += reader.more();
  }
  seen += reader.more();
  EXPECT_EQ(seen, written);
}

TEST(WorkloadLog, IsReadFromItsFirstLineWhenItBeginsLater) {
  const TempDir dir;
  const std::string path = dir.path() + "/one.log";
  WorkloadLogReader reader(path);
  EXPECT_EQ(reader.more(), "");
  WorkloadLog(path).append(as_bytes("first\n"));
  EXPECT_EQ(reader.more(), "first\n");
}

// The last lines, of both files.
std::string last(const std::string& path, std::uint32_t lines) {
  WorkloadLogReader reader(path);
  reader.go_to_last(lines);
  return reader.more();
}

TEST(WorkloadLog, ItsLastLinesAreReadAcrossATurn) {
  const TempDir dir;
  const std::string path = dir.path() + "/one.log";
  WorkloadLog log(path, 20);
  for (const char* line : {"one\n", "two\n", "three\n", "four\n", "five\n", "six"})
    log.append(as_bytes(line));  // turns before "five"
  EXPECT_EQ(last(path, 0), "");
  EXPECT_EQ(last(path, 1), "six");
  EXPECT_EQ(last(path, 2), "five\nsix");
  EXPECT_EQ(last(path, 4), "three\nfour\nfive\nsix");
  EXPECT_EQ(last(path, 100), "one\ntwo\nthree\nfour\nfive\nsix");
}

TEST(WorkloadLog, IsReadOnFromAPlaceByAnotherReader) {
  const TempDir dir;
  const std::string path = dir.path() + "/one.log";
  WorkloadLog log(path, 100);
  LogPlace place;
  std::string seen, written;
  for (int i = 0; i < 60; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    log.append(as_bytes(line));
    written += line;
    WorkloadLogReader reader(path);
    reader.go_to(place);
    seen += reader.more(5);
    seen += reader.more(7);
    place = reader.place();
  }
  WorkloadLogReader reader(path);
  reader.go_to(place);
  EXPECT_EQ(seen + reader.more(), written);
  // A place of another computer's: what there is, from its beginning.
  reader.go_to({1, 1'000});
  EXPECT_EQ(reader.more(), last(path, 1'000));
}

}  // namespace
}  // namespace fog::executor
