// LevelDB does what kv_store.h says, and its complaints come out as our errors.
#include "chain/store/kv_store.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace fog {
namespace {

Bytes b(std::string_view text) {
  return to_bytes(as_bytes(text));
}

TEST(LevelDb, WritesBatchesAndScansInOrder) {
  testing::TempDir dir;
  {
    auto db = open_leveldb(dir / "db");
    ASSERT_TRUE(db) << db.error().context;
    KvBatch batch;
    batch.put(b("b"), b("2"));
    batch.put(b("a"), b("1"));
    batch.put(b("c"), b("3"));
    batch.erase(b("c"));
    batch.put(b("b"), b("22"));
    EXPECT_EQ(batch.count(), 5U);
    ASSERT_TRUE((*db)->write(batch, true));
  }
  auto db = open_leveldb(dir / "db");
  ASSERT_TRUE(db);
  EXPECT_EQ(*(*db)->get(b("a")), b("1"));
  EXPECT_EQ(*(*db)->get(b("b")), b("22")) << "the later write wins";
  EXPECT_EQ(*(*db)->get(b("c")), std::nullopt);
  std::string seen;
  ASSERT_TRUE((*db)->scan(b("a"), b("b"), [&](ByteView key, ByteView value) {
    seen += std::string(as_text(key)) + "=" + std::string(as_text(value)) + ";";
    return true;
  }));
  EXPECT_EQ(seen, "a=1;") << "the end is not part of the range";
  int visits = 0;
  ASSERT_TRUE((*db)->scan(b("a"), b("z"), [&](ByteView, ByteView) { return ++visits < 1; }));
  EXPECT_EQ(visits, 1);
}

TEST(LevelDb, SaysThatItIsInUse) {
  testing::TempDir dir;
  auto first = open_leveldb(dir / "db");
  ASSERT_TRUE(first);
  const auto second = open_leveldb(dir / "db");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(LevelDb, SaysThatItIsDamagedAndCanBeRemoved) {
  testing::TempDir dir;
  { ASSERT_TRUE(open_leveldb(dir / "db")); }
  std::ofstream(dir / "db/CURRENT") << "nonsense\n";
  const auto damaged = open_leveldb(dir / "db");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(damaged.error().context.find(dir / "db"), std::string::npos);
  EXPECT_TRUE(destroy_leveldb(dir / "db"));
  EXPECT_TRUE(open_leveldb(dir / "db")) << "a new one in its place";
}

}  // namespace
}  // namespace fog
