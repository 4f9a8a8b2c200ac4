// FrontViews: the front's share of what a Publisher sees of his service (view_query.h): it brings
// the question to the agent, which judges and answers it, and carries the bytes of the conversation
// that follows, which are sealed to others than itself.
//
// Lives on the front's one io_context thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>

#include <boost/asio/ip/tcp.hpp>

#include "executor/fd.h"
#include "executor/front_frames.h"

namespace fog::executor {

constexpr std::size_t kViewsAskedMax = 16;      // that the agent has not answered
constexpr std::size_t kViewsAskedASecond = 50;  // each costs it a signature

class FrontViews {
 public:
  using Told = std::function<void(std::uint16_t status, const std::string& why, UniqueFd socket)>;
  FrontViews(boost::asio::io_context& io, std::function<void(Bytes)> tell_agent)
      : io_(io), tell_agent_(std::move(tell_agent)) {}

  // `told` is called once, later. False: too much is asked.
  bool ask(Bytes query, Told told);
  // What the agent says; false when it was not asked.
  bool answer(const ViewToldFrame& frame, UniqueFd socket);
  // Carries bytes both ways until either side has ended; `first` has come from the client already.
  // `count` is held meanwhile.
  void carry(boost::asio::ip::tcp::socket client, Bytes first, UniqueFd agent,
             std::shared_ptr<void> count);

 private:
  boost::asio::io_context& io_;
  const std::function<void(Bytes)> tell_agent_;
  // Others than those of a front before this one.
  std::uint64_t next_ =
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  std::map<std::uint64_t, Told> asked_;
  std::chrono::steady_clock::time_point second_;  // in which so many were asked
  std::size_t in_second_ = 0;
};

}  // namespace fog::executor
