// The cookie that brings an End User back to his replica.
#include "rpc/gateway/affinity.h"

#include <gtest/gtest.h>

namespace fog::gateway {
namespace {

std::shared_ptr<Replica> replica(std::uint8_t number, std::uint32_t term = 1) {
  auto out = std::make_shared<Replica>();
  out->lease.data[0] = number;
  out->term = term;
  return out;
}

std::string cookie_set(const http::fields& answer) {
  const auto value = answer[http::field::set_cookie];
  return {value.data(), value.size()};
}

TEST(Affinity, FindsItsCookieAmongOthers) {
  const auto found = [](std::initializer_list<const char*> lines) {
    http::fields request;
    for (const char* line : lines) request.insert(http::field::cookie, line);
    return sticky_cookie(request);
  };
  EXPECT_EQ(found({"fog-replica=a.1"}), "a.1");
  EXPECT_EQ(found({"x=y; fog-replica=a.1 ;z=w"}), "a.1");
  EXPECT_EQ(found({"x=y", "fog-replica=a.1"}), "a.1");
  EXPECT_EQ(found({}), "");
  EXPECT_EQ(found({"my-fog-replica=a.1; fog-replicas=b; fog-replica"}), "");
  EXPECT_EQ(found({";;; ; =; fog-replica="}), "");
}

TEST(Affinity, ANewTermIsAnotherReplica) {
  const std::vector<std::shared_ptr<Replica>> all{replica(1), replica(2, 7)};
  EXPECT_EQ(named_replica(sticky_value(*all[1]), all), all[1]);
  EXPECT_EQ(named_replica(sticky_value(*replica(2, 6)), all), nullptr);
  EXPECT_EQ(named_replica("", all), nullptr);
}

TEST(Affinity, AServiceThatAsksForItGetsTheCookieAndNobodyElseSeesThatItAsked) {
  const auto own = replica(1);
  http::fields answer;
  answer.insert("X-Fog-Sticky", "3600");
  settle_affinity(answer, {0, "", "/shop", true}, *own);
  EXPECT_EQ(cookie_set(answer), "fog-replica=" + sticky_value(*own) +
                                    "; Path=/shop; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(answer.count("x-fog-sticky"), 0U);
}

TEST(Affinity, AServiceCanEndIt) {
  const auto own = replica(1);
  http::fields answer;
  answer.insert("x-fog-sticky", "0");
  settle_affinity(answer, {0, sticky_value(*own), "/", false}, *own);
  EXPECT_NE(cookie_set(answer).find("; Max-Age=0;"), std::string::npos);
  http::fields nothing_to_end;
  nothing_to_end.insert("x-fog-sticky", "0");
  settle_affinity(nothing_to_end, {600, "", "/", false}, *own);
  EXPECT_EQ(cookie_set(nothing_to_end), "");
}

TEST(Affinity, WhatIsNoNumberAsksForNothingAndTooMuchIsCut) {
  for (const char* bad : {"", "yes", "-1", "1.5", "60s", "99999999999999999999"}) {
    http::fields answer;
    answer.insert("x-fog-sticky", bad);
    settle_affinity(answer, {}, *replica(1));
    EXPECT_EQ(cookie_set(answer), "") << bad;
    EXPECT_EQ(answer.count("x-fog-sticky"), 0U) << bad;
  }
  http::fields answer;
  answer.insert("x-fog-sticky", "99999999999");
  settle_affinity(answer, {}, *replica(1));
  EXPECT_NE(cookie_set(answer).find("; Max-Age=2592000;"), std::string::npos);
}

// A cookie with every answer would keep caches from all of them.
TEST(Affinity, WithoutTheServicesWordItIsSaidOnce) {
  const auto own = replica(1);
  http::fields answer;
  settle_affinity(answer, {600, "", "/", false}, *own);
  EXPECT_NE(cookie_set(answer), "");
  http::fields again;
  settle_affinity(again, {600, sticky_value(*own), "/", false}, *own);
  EXPECT_EQ(cookie_set(again), "");
  http::fields elsewhere;
  settle_affinity(elsewhere, {600, sticky_value(*replica(2)), "/", false}, *own);
  EXPECT_NE(cookie_set(elsewhere), "") << "his replica is gone";
  http::fields nobody_asks;
  settle_affinity(nobody_asks, {0, sticky_value(*replica(2)), "/", false}, *own);
  EXPECT_EQ(cookie_set(nobody_asks), "");
}

}  // namespace
}  // namespace fog::gateway
