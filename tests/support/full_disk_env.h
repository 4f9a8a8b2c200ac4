// A real disk on which appended files find only so much room.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include "chain/base/env.h"

namespace fog::testing {

class FullDiskEnv final : public Env {
 public:
  explicit FullDiskEnv(Env& base) : base_(base) {}
  class File final : public AppendFile {
   public:
    File(std::unique_ptr<AppendFile> base, std::size_t& room)
        : base_(std::move(base)), room_(room) {}
    ErrorOr<void> append(ByteView bytes) override {
      const std::size_t fits = std::min(room_, bytes.size());
      room_ -= fits;
      TRY_VOID(base_->append(bytes.first(fits)));
      if (fits == bytes.size()) return {};
      return fail(ErrorCode::kExhausted, "cannot write: No space left on device");
    }
    ErrorOr<void> sync() override { return base_->sync(); }

   private:
    std::unique_ptr<AppendFile> base_;
    std::size_t& room_;
  };
  ErrorOr<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
    TRY(auto file, base_.open_append(path));
    return std::unique_ptr<AppendFile>(new File(std::move(file), room));
  }
  ErrorOr<std::unique_ptr<ReadFile>> open_read(const std::string& path) override {
    return base_.open_read(path);
  }
  ErrorOr<std::unique_ptr<SlotFile>> open_slots(const std::string& path) override {
    return base_.open_slots(path);
  }
  ErrorOr<void> create_file(const std::string& path, ByteView bytes, FileMode mode) override {
    return base_.create_file(path, bytes, mode);
  }
  ErrorOr<void> truncate(const std::string& path, std::uint64_t size) override {
    return base_.truncate(path, size);
  }
  ErrorOr<void> rename(const std::string& from, const std::string& to) override {
    return base_.rename(from, to);
  }
  ErrorOr<void> remove(const std::string& path) override { return base_.remove(path); }
  ErrorOr<bool> exists(const std::string& path) override { return base_.exists(path); }
  ErrorOr<bool> is_open_to_others(const std::string& path) override {
    return base_.is_open_to_others(path);
  }
  ErrorOr<void> make_dir(const std::string& path) override { return base_.make_dir(path); }
  ErrorOr<std::vector<std::string>> list_dir(const std::string& path) override {
    return base_.list_dir(path);
  }
  ErrorOr<void> sync_dir(const std::string& path) override { return base_.sync_dir(path); }
  ErrorOr<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return base_.lock(path);
  }
  std::size_t room = 0;

 private:
  Env& base_;
};

}  // namespace fog::testing
