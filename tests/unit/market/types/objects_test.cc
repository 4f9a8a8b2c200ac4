// Names, ids and distances of the market's objects.
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "market/types/distance.h"
#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using testing::SeededRng;

Location at(double lat, double lon) {
  Location l;
  l.lat_milli = static_cast<std::uint32_t>(std::lround((lat + 90) * 1'000));
  l.lon_milli = static_cast<std::uint32_t>(std::lround((lon + 180) * 1'000));
  return l;
}

// The haversine formula with the C library, on a sphere of 6 371 km.
double reference_km(const Location& a, const Location& b) {
  const double rad = std::acos(-1.0) / 180'000;
  const double lat1 = (a.lat_milli - 90'000.0) * rad;
  const double lat2 = (b.lat_milli - 90'000.0) * rad;
  const double dlat = lat2 - lat1;
  const double dlon = (b.lon_milli - static_cast<double>(a.lon_milli)) * rad;
  const double h = std::pow(std::sin(dlat / 2), 2) +
                   std::cos(lat1) * std::cos(lat2) * std::pow(std::sin(dlon / 2), 2);
  return 2 * 6'371 * std::asin(std::min(1.0, std::sqrt(h)));
}

TEST(Distance, KnownCityPairs) {
  const Location berlin = at(52.520, 13.405);
  const Location paris = at(48.857, 2.352);
  const Location new_york = at(40.713, -74.006);
  const Location sydney = at(-33.869, 151.209);
  const Location tokyo = at(35.690, 139.692);
  const Location london = at(51.507, -0.128);
  EXPECT_NEAR(distance_km(berlin, paris), 878, 3);
  EXPECT_NEAR(distance_km(berlin, new_york), 6'385, 10);
  EXPECT_NEAR(distance_km(new_york, sydney), 15'990, 20);
  EXPECT_NEAR(distance_km(tokyo, new_york), 10'850, 15);
  EXPECT_NEAR(distance_km(london, paris), 344, 2);
  EXPECT_EQ(distance_km(berlin, berlin), 0U);
}

TEST(Distance, AcrossTheDateLineAndThePoles) {
  EXPECT_NEAR(distance_km(at(0, 179.5), at(0, -179.5)), 111, 1);
  EXPECT_EQ(distance_km(at(0, 180), at(0, -180)), 0U);
  EXPECT_NEAR(distance_km(at(90, 0), at(-90, 0)), 20'015, 1);
  EXPECT_NEAR(distance_km(at(0, 0), at(0, 180)), 20'015, 1);
  EXPECT_EQ(distance_km(at(90, 0), at(90, 123)), 0U) << "a pole is one place";
}

TEST(Distance, IsWithinOnePerCentAndOneKilometreEverywhere) {
  SeededRng rng(5);
  for (int i = 0; i < 20'000; ++i) {
    Location a;
    a.lat_milli = static_cast<std::uint32_t>(rng.below(180'001));
    a.lon_milli = static_cast<std::uint32_t>(rng.below(360'001));
    Location b;
    b.lat_milli = static_cast<std::uint32_t>(rng.below(180'001));
    b.lon_milli = static_cast<std::uint32_t>(rng.below(360'001));
    if (i % 2 == 0) {  // a neighbour
      b.lat_milli = std::min(a.lat_milli + static_cast<std::uint32_t>(rng.below(100)), 180'000U);
      b.lon_milli = std::min(a.lon_milli + static_cast<std::uint32_t>(rng.below(100)), 360'000U);
    }
    if (i % 7 == 0) {  // nearly opposite
      b.lat_milli = 180'000 - a.lat_milli;
      b.lon_milli = (a.lon_milli + 180'000 + static_cast<std::uint32_t>(rng.below(50))) % 360'001;
    }
    const double exact = reference_km(a, b);
    EXPECT_NEAR(distance_km(a, b), exact, 1.0 + exact * 0.01);
    EXPECT_EQ(distance_km(a, b), distance_km(b, a));
  }
}

TEST(ServiceName, IsADnsLabelOfThreeTo63) {
  EXPECT_TRUE(is_service_name("abc"));
  EXPECT_TRUE(is_service_name("thermostat-2"));
  EXPECT_TRUE(is_service_name("0-0"));
  EXPECT_TRUE(is_service_name(std::string(63, 'a')));
  EXPECT_FALSE(is_service_name(std::string(64, 'a')));
  EXPECT_FALSE(is_service_name("ab"));
  EXPECT_FALSE(is_service_name(""));
  EXPECT_FALSE(is_service_name("-ab"));
  EXPECT_FALSE(is_service_name("ab-"));
  EXPECT_FALSE(is_service_name("Abc"));
  EXPECT_FALSE(is_service_name("a.c"));
  EXPECT_FALSE(is_service_name("a c"));
  EXPECT_FALSE(is_service_name("a_c"));
}

TEST(EndpointText, IsSchemeHostAndPortOnly) {
  EXPECT_TRUE(is_endpoint("http://127.0.0.1:8080"));
  EXPECT_TRUE(is_endpoint("https://host-1.example.org:443"));
  EXPECT_TRUE(is_endpoint("http://localhost:1"));
  EXPECT_TRUE(is_endpoint("http://[::1]:65535"));
  EXPECT_TRUE(is_endpoint("http://[2001:db8::ff]:80"));
  for (const char* bad : {"",
                          "http://",
                          "http://host",
                          "http://host:",
                          "http://host:0",
                          "http://host:080",
                          "http://host:65536",
                          "http://host:123456",
                          "http://:80",
                          "ftp://host:80",
                          "host:80",
                          "http://host:80/",
                          "http://host:80/path",
                          "http://user@host:80",
                          "http://ho st:80",
                          "http://[]:80",
                          "http://[::g]:80",
                          "http://::1:80",
                          "http://a..b:80",
                          "http://.a:80",
                          "http://a.:80",
                          "http://-a:80",
                          "http://host:8o",
                          "HTTP://host:80"}) {
    EXPECT_FALSE(is_endpoint(bad)) << bad;
  }
  EXPECT_TRUE(is_endpoint("http://" + std::string(255 - 7 - 3, 'a') + ":80"));
  EXPECT_FALSE(is_endpoint("http://" + std::string(255 - 7 - 2, 'a') + ":80"));
}

TEST(Ids, DifferByTransactionMessageAndKind) {
  TxId a;
  a.data[0] = 1;
  TxId b;
  b.data[0] = 2;
  EXPECT_EQ(make_host_id(a, 0), make_host_id(a, 0));
  EXPECT_NE(make_host_id(a, 0), make_host_id(a, 1));
  EXPECT_NE(make_host_id(a, 0), make_host_id(b, 0));
  EXPECT_NE(make_host_id(a, 0), make_bid_id(a, 0));
  EXPECT_NE(make_lease_id(a, 0), make_lease_id(a, 1));
  EXPECT_NE(make_lease_id(a, 0), make_lease_id(b, 0));
}

TEST(Keys, ReceiptsOfOneLeaseStandInOrder) {
  const LeaseId lease;
  EXPECT_LT(receipt_key(lease, 1), receipt_key(lease, 2));
  EXPECT_LT(receipt_key(lease, 255), receipt_key(lease, 256));
  EXPECT_NE(bids_by_service("abc"), bids_by_service("abd"));
}

TEST(EnumNames, AreAllDifferent) {
  std::set<std::string_view> names;
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(bcs_last(CloseReason{})); ++i) {
    EXPECT_TRUE(names.insert(close_reason_name(static_cast<CloseReason>(i))).second);
  }
  names.clear();
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(bcs_last(LeaseState{})); ++i) {
    EXPECT_TRUE(names.insert(lease_state_name(static_cast<LeaseState>(i))).second);
  }
}

}  // namespace
}  // namespace fog::market
