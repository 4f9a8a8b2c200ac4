// Which files count as container images.
#include "market/types/image_archive.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

// One file of a ustar archive.
Bytes entry(std::string_view name, std::string_view content) {
  Bytes out(512);
  std::copy(name.begin(), name.end(), out.begin());
  char size[16];
  std::snprintf(size, sizeof size, "%011o", static_cast<unsigned>(content.size()));
  std::copy(size, size + 11, out.begin() + 124);
  const std::string_view magic = "ustar";
  std::copy(magic.begin(), magic.end(), out.begin() + 257);
  append(out, as_bytes(content));
  out.resize((out.size() + 511) / 512 * 512);
  return out;
}
Bytes archive(std::initializer_list<std::pair<std::string_view, std::string>> files) {
  Bytes out;
  for (const auto& [name, content] : files) append(out, entry(name, content));
  out.resize(out.size() + 1'024);
  return out;
}

TEST(ImageArchive, KnowsBothForms) {
  EXPECT_EQ(
      image_archive_kind(archive({{"blobs/", ""}, {"index.json", "{}"}, {"oci-layout", "{}"}})),
      "oci-archive");
  EXPECT_EQ(image_archive_kind(archive({{"./oci-layout", "{}"}})), "oci-archive");
  EXPECT_EQ(
      image_archive_kind(archive({{"abc.tar", std::string(1'300, 'x')}, {"manifest.json", ""}})),
      "docker-archive");
  // `docker save` of today writes both.
  EXPECT_EQ(image_archive_kind(archive({{"manifest.json", ""}, {"oci-layout", ""}})),
            "oci-archive");
}

TEST(ImageArchive, NothingElseIsOne) {
  EXPECT_EQ(image_archive_kind({}), std::nullopt);
  EXPECT_EQ(image_archive_kind(as_bytes("#!/bin/sh\n")), std::nullopt);
  EXPECT_EQ(image_archive_kind(archive({{"etc/passwd", "root"}})), std::nullopt);
  EXPECT_EQ(image_archive_kind(archive({{"a/oci-layout", ""}})), std::nullopt);
  Bytes gzipped = archive({{"oci-layout", ""}});
  gzipped[257] = 'x';
  EXPECT_EQ(image_archive_kind(gzipped), std::nullopt);
}

TEST(ImageArchive, ReadsNothingBeyondTheEnd) {
  const Bytes whole = archive({{"one", std::string(700, 'x')}, {"oci-layout", "{}"}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const bool has_it = size >= 512 + 1'024 + 512;
    EXPECT_EQ(image_archive_kind(cut).has_value(), has_it) << size;
  }
  testing::SeededRng rng(5);
  for (int i = 0; i < 2'000; ++i) {
    Bytes bent = whole;
    for (int k = 0; k < 4; ++k)
      bent[rng.below(bent.size())] = static_cast<std::uint8_t>(rng.next());
    (void)image_archive_kind(bent);
  }
}

}  // namespace
}  // namespace fog::market
