// The kernel behind the Names interface. It has no state but whom it asks whether to go on, and whether there is a /proc.
#pragma once

#include <atomic>

#include "sys/names.h"

namespace libcopyfile {

class KernelNames final : public Names {
 public:
  // `stop`: asked when a signal interrupts open(2), which waits for the other end of a FIFO for as long as it takes. EINTR
  // if it says so; a program that asks nothing waits on.
  explicit KernelNames(bool (*stop)() = nullptr) : stop_(stop) {}

  Result<Fd> open(int dir, const std::string& name, Open how) override;
  Result<FileStat> stat(int dir, const std::string& name, bool follow) override;
  Result<std::string> read_link(int dir, const std::string& name) override;
  Result<Fd> create_unnamed(int dir, uint32_t mode) override;
  Result<Fd> create_exclusive(int dir, const std::string& name, uint32_t mode) override;
  Done link(int fd, int dir, const std::string& name) override;
  Done link_name(int dir, const std::string& from, int to_dir, const std::string& to) override;
  Done rename(int dir, const std::string& from, const std::string& to, Rename how) override;
  Done unlink(int dir, const std::string& name) override;
  Done make_directory(int dir, const std::string& name, uint32_t mode) override;
  Done remove_directory(int dir, const std::string& name) override;
  Done make_link(int dir, const std::string& name, const std::string& target) override;
  Done make_node(int dir, const std::string& name, uint32_t type, uint64_t device) override;
  Result<std::vector<Entry>> list(int dir) override;
  Result<std::vector<Entry>> list_more(int dir) override;

 private:
  int open_retry(int dir, const char* name, int flags, uint32_t mode) const;

  bool has_proc() const;

  bool (*stop_)();
  mutable std::atomic<bool> has_proc_{false};  // once it has been seen, it stays
};

}  // namespace libcopyfile
