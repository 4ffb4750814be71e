// The units that setup has made: by their URLs, by the files behind them, and as their target counts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/range.h"
#include "testing/oracle.h"

namespace libcopyfile::test {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

// Of setup: "disks", "others", "closed". `credentials`: "USER%PASSWORD@".
std::string url(const std::string& target, int unit, const std::string& credentials = "");

// Bytes that came over loopback since this was made, whoever they were for: data, headers and answers.
class Traffic {
 public:
  Traffic() : before_(total()) {}
  uint64_t bytes() const { return total() - before_; }

 private:
  static uint64_t total();
  uint64_t before_;
};

// The file behind a unit, by its number of all.
std::string file_of(int number);
// Writes stamped data into that file, past the target, which keeps nothing of it. The range is in whole MiB.
void write_stamped(int number, Range range, uint8_t file, Oracle& oracle);
// Fails the test where the file does not hold in `range` what it should.
void expect_unit(int number, const Oracle& oracle, Range range);

// Does something when the first few MiB of unit 1 have been written, once.
std::thread in_between(std::function<void()> what);
// Whether the target lets unit 0 take part in copies.
void allow_copies(bool allowed);
// Ends all sessions with "disks" and lets nobody in for a second.
void cut_sessions();
// How often somebody was let in by "disks".
unsigned long logins();
// Takes unit 1 away, for good.
void remove_second_unit();

}  // namespace libcopyfile::test
