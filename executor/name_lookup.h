// NameLookup: addresses of names, by the system's resolver, which waits as long as it likes: each
// lookup has a thread, so many at once, and so many of one owner, so that one service whose names
// are slow holds up no other.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

namespace fog::executor {

class NameLookup {
 public:
  // Empty: no such name, or the resolver failed.
  using Found = std::function<void(std::vector<boost::asio::ip::address>)>;

  explicit NameLookup(boost::asio::io_context& io);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // From the io_context's thread, on which `found` is called once, later; never after this object.
  void find(const std::string& name, const void* owner, Found found);

 private:
  struct Job {
    std::string name;
    const void* owner;
    Found found;
  };
  // What threads know of this object.
  struct Door {
    std::mutex mutex;
    NameLookup* lookup;  // null once it is gone
  };
  void pump();
  void start(Job job);

  boost::asio::io_context& io_;
  std::shared_ptr<Door> door_;
  std::deque<Job> waiting_;
  std::map<const void*, std::size_t> running_;  // by owner
  std::size_t running_in_all_ = 0;
};

}  // namespace fog::executor
