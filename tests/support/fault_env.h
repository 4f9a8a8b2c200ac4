// FaultEnv: a disk in memory that breaks when told. It knows what has been synced, so a test can
// cut the power after any byte of any write and look at every disk that may be left.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "chain/base/env.h"
#include "tests/support/seeded_rng.h"

namespace fog::testing {

// What the power failure leaves of writes that were not synced.
enum class Unsynced : std::uint8_t {
  kKept,     // all of it, as after kill -9
  kLost,     // none of it
  kScraped,  // each 512-byte sector by chance: the new bytes, or zeros where the file had grown
};

// Not thread safe.
class FaultEnv final : public Env {
 public:
  // After this many more bytes the disk is full: a prefix is written, then kExhausted.
  void fill_up_after(std::uint64_t bytes) { space_left_ = bytes; }
  void free_space() { space_left_ = kNever; }
  // After this many more written bytes the machine is dead: a prefix is written, then every call
  // fails until reboot().
  void crash_after(std::uint64_t bytes) { crash_left_ = bytes; }
  void crash() { crashed_ = true; }
  bool crashed() const { return crashed_; }
  // The next sync (of a file) fails.
  void fail_next_sync() { fail_sync_ = true; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t syncs() const { return syncs_; }

  // What stands on the disk after the power came back.
  void reboot(Unsynced unsynced, SeededRng& rng) {
    crashed_ = false;
    crash_left_ = space_left_ = kNever;
    locks_->clear();
    if (unsynced != Unsynced::kKept) names_ = durable_names_;
    for (auto& [path, file] : names_) {
      if (unsynced == Unsynced::kLost) file->data = file->synced;
      if (unsynced == Unsynced::kScraped) scrape(*file, rng);
      file->synced = file->data;
    }
    durable_names_ = names_;
  }

  // The file's bytes, to be looked at or damaged.
  Bytes& contents(const std::string& path) {
    auto file = names_.find(path);
    CHECK(file != names_.end());
    return file->second->data;
  }
  // Takes a copy of the whole disk, everything synced.
  std::map<std::string, Bytes> copy() const {
    std::map<std::string, Bytes> out;
    for (const auto& [path, file] : names_) out[path] = file->data;
    return out;
  }
  void restore(const std::map<std::string, Bytes>& disk) {
    names_.clear();
    for (const auto& [path, bytes] : disk)
      names_[path] = std::make_shared<File>(File{bytes, bytes, FileMode::kShared});
    durable_names_ = names_;
    locks_->clear();
    crashed_ = false;
  }

  ErrorOr<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
    TRY_VOID(alive());
    std::shared_ptr<File>& file = names_[path];
    if (!file) file = std::make_shared<File>();
    return std::unique_ptr<AppendFile>(new Append(*this, file, path));
  }
  ErrorOr<std::unique_ptr<ReadFile>> open_read(const std::string& path) override {
    TRY(auto file, find(path));
    return std::unique_ptr<ReadFile>(new Read(*this, std::move(file)));
  }
  ErrorOr<std::unique_ptr<SlotFile>> open_slots(const std::string& path) override {
    TRY(auto file, find(path));
    return std::unique_ptr<SlotFile>(new Slots(*this, std::move(file), path));
  }
  ErrorOr<void> create_file(const std::string& path, ByteView bytes, FileMode mode) override {
    TRY_VOID(alive());
    if (names_.contains(path)) return fail(ErrorCode::kAlreadyExists, path + " exists");
    const auto file = std::make_shared<File>();
    file->mode = mode;
    names_[path] = file;
    TRY_VOID(write(*file, 0, bytes, path));
    return sync(*file, path);
  }
  ErrorOr<void> truncate(const std::string& path, std::uint64_t size) override {
    TRY(const auto file, find(path));
    file->data.resize(static_cast<std::size_t>(size));
    file->synced = file->data;
    return {};
  }
  ErrorOr<void> rename(const std::string& from, const std::string& to) override {
    TRY(const auto file, find(from));
    names_.erase(from);
    names_[to] = file;
    return {};
  }
  ErrorOr<void> remove(const std::string& path) override {
    TRY_VOID(find(path));
    names_.erase(path);
    return {};
  }
  ErrorOr<bool> exists(const std::string& path) override {
    TRY_VOID(alive());
    return names_.contains(path) || dirs_.contains(path);
  }
  ErrorOr<bool> is_open_to_others(const std::string& path) override {
    TRY(const auto file, find(path));
    return file->mode != FileMode::kPrivate;
  }
  ErrorOr<void> make_dir(const std::string& path) override {
    TRY_VOID(alive());
    dirs_.insert(path);
    return {};
  }
  ErrorOr<std::vector<std::string>> list_dir(const std::string& path) override {
    TRY_VOID(alive());
    std::vector<std::string> out;
    for (const auto& [name, file] : names_) {
      if (parent_dir(name) == path) out.push_back(name.substr(path.size() + 1));
    }
    return out;
  }
  ErrorOr<void> sync_dir(const std::string& path) override {
    TRY_VOID(alive());
    std::erase_if(durable_names_,
                  [&](const auto& entry) { return parent_dir(entry.first) == path; });
    for (const auto& [name, file] : names_) {
      if (parent_dir(name) == path) durable_names_[name] = file;
    }
    return {};
  }
  ErrorOr<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    TRY_VOID(alive());
    if (!locks_->insert(path).second) return fail(ErrorCode::kUnavailable, path + " is locked");
    return std::unique_ptr<FileLock>(new Lock(locks_, path));
  }

 private:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  struct File {
    Bytes data;
    Bytes synced;
    FileMode mode = FileMode::kShared;
  };

  class Append final : public AppendFile {
   public:
    Append(FaultEnv& env, std::shared_ptr<File> file, std::string path)
        : env_(env), file_(std::move(file)), path_(std::move(path)) {}
    ErrorOr<void> append(ByteView bytes) override {
      return env_.write(*file_, file_->data.size(), bytes, path_);
    }
    ErrorOr<void> sync() override { return env_.sync(*file_, path_); }

   private:
    FaultEnv& env_;
    std::shared_ptr<File> file_;
    std::string path_;
  };
  class Read final : public ReadFile {
   public:
    Read(FaultEnv& env, std::shared_ptr<File> file) : env_(env), file_(std::move(file)) {}
    ErrorOr<Bytes> read_at(std::uint64_t offset, std::size_t size) const override {
      TRY_VOID(env_.alive());
      if (offset >= file_->data.size()) return Bytes{};
      const auto from = static_cast<std::size_t>(offset);
      return to_bytes(
          ByteView(file_->data).subspan(from, std::min(size, file_->data.size() - from)));
    }
    ErrorOr<std::uint64_t> size() const override { return std::uint64_t{file_->data.size()}; }

   private:
    FaultEnv& env_;
    std::shared_ptr<File> file_;
  };
  class Slots final : public SlotFile {
   public:
    Slots(FaultEnv& env, std::shared_ptr<File> file, std::string path)
        : env_(env), file_(std::move(file)), path_(std::move(path)) {}
    ErrorOr<void> write_at(std::uint64_t offset, ByteView bytes) override {
      return env_.write(*file_, static_cast<std::size_t>(offset), bytes, path_);
    }
    ErrorOr<void> sync() override { return env_.sync(*file_, path_); }

   private:
    FaultEnv& env_;
    std::shared_ptr<File> file_;
    std::string path_;
  };
  class Lock final : public FileLock {
   public:
    Lock(std::shared_ptr<std::set<std::string>> locks, std::string path)
        : locks_(std::move(locks)), path_(std::move(path)) {}
    ~Lock() override { locks_->erase(path_); }

   private:
    std::shared_ptr<std::set<std::string>> locks_;
    std::string path_;
  };

  ErrorOr<void> alive() const {
    if (crashed_) return fail(ErrorCode::kIo, "the machine is off");
    return {};
  }
  ErrorOr<std::shared_ptr<File>> find(const std::string& path) const {
    TRY_VOID(alive());
    const auto file = names_.find(path);
    if (file == names_.end()) return fail(ErrorCode::kNotFound, "no file " + path);
    return file->second;
  }
  ErrorOr<void> write(File& file, std::size_t at, ByteView bytes, const std::string& path) {
    TRY_VOID(alive());
    const std::uint64_t room = std::min(space_left_, crash_left_);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), room));
    if (file.data.size() < at + count) file.data.resize(at + count);
    std::copy_n(bytes.begin(), count, file.data.begin() + static_cast<std::ptrdiff_t>(at));
    bytes_written_ += count;
    if (space_left_ != kNever) space_left_ -= count;
    if (crash_left_ != kNever) crash_left_ -= count;
    if (count == bytes.size()) return {};
    if (crash_left_ == 0) {
      crashed_ = true;
      return alive();
    }
    return fail(ErrorCode::kExhausted, "cannot write to " + path + ": No space left on device");
  }
  ErrorOr<void> sync(File& file, const std::string& path) {
    TRY_VOID(alive());
    if (std::exchange(fail_sync_, false)) return fail(ErrorCode::kIo, "cannot sync " + path);
    file.synced = file.data;
    ++syncs_;
    return {};
  }
  static void scrape(File& file, SeededRng& rng) {
    constexpr std::size_t kSector = 512;
    const Bytes fresh = file.data;
    for (std::size_t at = 0; at < fresh.size(); at += kSector) {
      if (rng.below(2) == 0) continue;
      for (std::size_t i = at; i < std::min(fresh.size(), at + kSector); ++i)
        file.data[i] = i < file.synced.size() ? file.synced[i] : 0;
    }
    // The length may not have reached the disk either.
    if (file.data.size() > file.synced.size() && rng.below(2) == 0) {
      const std::size_t grown = file.data.size() - file.synced.size();
      file.data.resize(file.synced.size() + rng.below(grown + 1));
    }
  }

  std::map<std::string, std::shared_ptr<File>> names_;
  std::map<std::string, std::shared_ptr<File>> durable_names_;
  std::set<std::string> dirs_;
  std::shared_ptr<std::set<std::string>> locks_ = std::make_shared<std::set<std::string>>();
  std::uint64_t space_left_ = kNever;
  std::uint64_t crash_left_ = kNever;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t syncs_ = 0;
  bool crashed_ = false;
  bool fail_sync_ = false;
};

}  // namespace fog::testing
