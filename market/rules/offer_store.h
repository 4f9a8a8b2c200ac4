// OfferStore: the Offers of an OfferIndex and the nodes of its trees, laid out for searches: what a
// search looks at first of an Offer is one line of cache, what it looks at first of the children of
// a node stands column by column.
//
// Plain data, which OfferIndex and OfferTree keep right. Bids that sleep stand in one of their own,
// with the signs turned (sleeper_index.h). Not thread safe.
#pragma once

#include <array>

#include "chain/state/huge_array.h"
#include "chain/state/node_arena.h"
#include "market/types/distance.h"

namespace fog::market {

using OfferPlace = std::uint32_t;

// Room by kind: cpu_milli, memory_mib, storage_mib, egress_mbps, thousandths of the GPU.
constexpr std::size_t kRoomKinds = 5;
using Room = std::array<std::uint32_t, kRoomKinds>;
Room room_of(const Resources& resources);

// Sets of countries, GPU models, runtimes and attributes in one number, as far as they go into 64
// bits: what is not in such a set is not there; what is may be another of the same bit.
std::uint64_t country_mark(std::string_view country);
std::uint64_t gpu_mark(std::string_view model);
std::uint64_t runtime_mark(const RuntimeProfile& profile);
std::uint64_t says_mark(std::string_view key, std::string_view value);
// Of an attribute whatever its value, in place of the last.
std::uint64_t key_mark(std::string_view key);
// All that one of these can give.
constexpr std::uint64_t kCountryMarks = 0x0000'0000'00FF'FFFFU;
constexpr std::uint64_t kGpuMarks = 0x0000'0000'FF00'0000U;
constexpr std::uint64_t kRuntimeMarks = 0x0000'00FF'0000'0000U;
constexpr std::uint64_t kSaysMarks = 0xFFFF'FF00'0000'0000U;
// The same of two attributes that one Host has, whichever comes first: where many Hosts have the
// one and many the other, few nodes have somebody with both.
std::uint32_t says_both_mark(std::string_view key, std::string_view value,
                             std::string_view other_key, std::string_view other_value);

// The first bytes of an id as a number, which orders like the id.
std::uint32_t id_prefix(const HostId& id);

// A country of two letters as a number.
std::uint16_t country_code(std::string_view country);

constexpr std::uint32_t kTraitsMax = 1U << 29;
constexpr std::uint64_t kRowTimeMax = (1ULL << 50) - 1;

// What a search looks at first.
struct alignas(64) OfferRow {
  std::uint64_t marks = 0;                     // of country, GPU, runtimes and attributes
  std::uint64_t standing_as_of_ms : 50 = 0;    // kRowTimeMax for all from there on
  std::uint64_t standing : 14 = kStandingOne;  // as it was then
  Room room{};
  Scale scale = kScaleOne;
  std::uint32_t id = 0;           // id_prefix()
  std::uint32_t traits : 29 = 0;  // what the Host says of itself, by number
  std::uint32_t price_class : 3 = 0;
  std::uint32_t since_height = 0;  // the largest number for all from there on
  std::uint32_t says_both = 0;     // says_both_mark() of any two
  GlobePoint at{};
  std::uint16_t country = 0;  // country_code()
};
static_assert(sizeof(OfferRow) == 64 && kStandingOne < 1 << 14 && kPriceClassesMax <= 1 << 3);

// The lowest scale of each price class; kScaleNone where there is none.
constexpr Scale kScaleNone = ~Scale{0};
using ClassScales = std::array<Scale, kPriceClassesMax>;

// What the Offers below a branch have at best, each for itself.
struct OfferSummary {
  Scale scale_min = kScaleMax;
  ClassScales class_scales{};
  Room room{};
  std::uint64_t marks = 0;
  std::uint32_t says_both = 0;
  std::uint32_t id = 0;       // what their ids' first bytes begin with ...
  std::uint8_t id_open = 32;  // ... but for so many low bits, which are zero here
  GlobeBox box;
  bool operator==(const OfferSummary&) const = default;

  static OfferSummary of(const OfferRow& row);
  void include(const OfferSummary& other);
};

constexpr std::uint32_t kNoNode = ~std::uint32_t{0};

// Of a row, what decides most often, so that a leaf is read through in one go.
struct OfferLeafRow {
  Room room{};
  Scale scale = kScaleOne;
  std::uint32_t traits : 29 = 0;
  std::uint32_t price_class : 3 = 0;
  std::uint32_t id = 0;
};

struct alignas(64) OfferLeaf {
  static constexpr std::size_t kFanout = 14;
  std::array<OfferPlace, kFanout> places{};  // in the tree's order
  std::uint32_t count = 0;
  std::uint32_t parent = kNoNode;
  std::array<OfferLeafRow, kFanout> rows{};
};
static_assert(sizeof(OfferLeaf) == 512);

// A node above leaves or other branches; a column an item of the children's summaries.
struct alignas(256) OfferBranch {
  static constexpr std::size_t kFanout = 16;
  template <class T>
  using Column = std::array<T, kFanout>;

  Column<Scale> scale_min{};
  std::array<Column<std::uint32_t>, kRoomKinds> room{};
  Column<std::uint32_t> children{};
  Column<std::uint64_t> marks{};
  Column<std::uint32_t> says_both{};
  Column<std::uint32_t> id{};
  Column<std::uint8_t> id_open{};
  std::uint16_t count = 0;
  std::uint16_t height = 1;  // above the leaves
  std::uint32_t parent = kNoNode;
  GlobeColumns box_min{};
  GlobeColumns box_max{};
  std::array<Column<Scale>, kPriceClassesMax> class_scales{};
  // In the tree's order nothing below the child stands before this; of the first child it says
  // nothing.
  Column<std::uint64_t> first_major{};
  Column<std::uint64_t> first_minor{};

  OfferSummary summary(std::size_t child) const;
  void set_summary(std::size_t child, const OfferSummary& summary);
  std::size_t child_number(std::uint32_t node) const;  // which child it is
  // The children from `at` on move up by one, or those behind `at` take its place.
  void make_room(std::size_t at);
  void close_gap(std::size_t at);
};
static_assert(sizeof(OfferBranch) == 1'792);

// What rows must have, and nodes that stand above such rows.
struct RowFilter {
  Room need{};
  Scale scale_max = kScaleMax;
  std::uint64_t all_marks = 0;
  std::uint64_t any_marks = ~std::uint64_t{0};  // at least one of them

  // As far as the row in the leaf can tell.
  bool lets_through(const OfferLeafRow& row) const {
    bool passes = row.scale <= scale_max;
    for (std::size_t kind = 0; kind < kRoomKinds; ++kind)
      passes = passes && row.room[kind] >= need[kind];
    return passes;
  }
  bool lets_through(const OfferRow& row) const {
    return (row.marks & any_marks) != 0 && (row.marks & all_marks) == all_marks;
  }
  // The children of a branch that may have such rows below them: a bit each.
  std::uint32_t children(const OfferBranch& branch) const;
};

// The trees that an Offer can stand in.
enum class OfferFamily : std::uint8_t { kAll, kCountry, kPlace, kGpu };
constexpr std::size_t kOfferFamilies = 4;

struct OfferStore {
  using Leaves = std::array<std::uint32_t, kOfferFamilies>;

  NodeArena<OfferRow, 1U << 15> rows;  // by place
  HugeArray<Leaves> leaf_of;           // by place and family; kNoNode: in no tree of that family
  NodeArena<OfferLeaf, 1U << 12> leaves;
  NodeArena<OfferBranch, 1U << 13> branches;

  OfferPlace add(const OfferRow& row);
  // It stands in no tree.
  void remove(OfferPlace place) { rows.free(place); }
  std::uint32_t& parent_of(std::uint32_t node, bool is_leaf) {
    return is_leaf ? leaves[node].parent : branches[node].parent;
  }
  std::size_t count_of(std::uint32_t node, bool is_leaf) const {
    return is_leaf ? leaves[node].count : branches[node].count;
  }
  // Of all that stands below a node.
  OfferSummary summarize(std::uint32_t node, bool is_leaf) const;
  // The place stands in the leaf, before the row `at`; and no longer in the leaf that this returns.
  void put_into(std::uint32_t leaf, std::size_t at, OfferPlace place, OfferFamily family);
  std::uint32_t take_out(OfferPlace place, OfferFamily family);
  // The branches above a leaf learn of a new row in it, as far up as it matters.
  void include_above(std::uint32_t leaf, const OfferRow& row);
  // The place's Offer has this room now: the nodes above it in all its trees learn of it, as far up
  // as it matters.
  void change_room(OfferPlace place, const Room& room);
  void tell_branches(std::uint32_t leaf, Room had, Room has);
  std::size_t memory_bytes() const;
};

}  // namespace fog::market
