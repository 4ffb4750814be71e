#include "lab/support/workplace.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/fd.h"
#include "testing/places.h"
#include "testing/scratch_error.h"
#include "testing/stamped.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

std::string name_of_test() {
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string(test.test_suite_name()) + "." + test.name();
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

Fd open_or_throw(const std::string& path, int flags) {
  Fd fd(open(path.c_str(), flags | O_CLOEXEC, 0644));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  return fd;
}

}  // namespace

uint64_t Told::by(const std::string& mechanism) const {
  return report.is_object() ? report["bytes_by"].value(mechanism, uint64_t{0}) : 0;
}

std::string Told::why_not(const std::string& mechanism) const {
  if (!report.is_object()) return {};
  for (const auto& declined : report.value("declined", nlohmann::json::array())) {
    if (declined["mechanism"] == mechanism) return declined["reason"];
  }
  if (!report.contains("plan")) return {};
  const nlohmann::json& verdict = report["plan"]["mechanisms"][mechanism];
  return verdict["can"] == "no" ? std::string(verdict["reason"]) : std::string();
}

Workplace::Workplace(const std::string& mount, const std::string& server)
    : here_(mount + "/" + name_of_test()), there_(server + "/" + name_of_test()) {
  if (mkdir(here_.c_str(), 0755) != 0) throw ScratchError::of_errno("make " + here_);
}

Oracle Workplace::write_stamped(const std::string& name, std::vector<Range> islands,
                                uint8_t file) const {
  constexpr uint64_t kPiece = 1 << 20;
  Oracle oracle;
  const Fd fd = open_or_throw(path(name), O_WRONLY | O_CREAT | O_TRUNC);
  std::vector<std::byte> buffer(kPiece);
  for (const Range& island : islands) {
    oracle.write_stamped(island, file);
    for (uint64_t at = island.begin; at < island.end;) {
      const std::span<std::byte> piece = std::span(buffer).first(std::min(kPiece, island.end - at));
      fill_stamped(piece, file, at);
      const ssize_t n = pwrite(fd.get(), piece.data(), piece.size(), static_cast<off_t>(at));
      if (n <= 0) throw ScratchError::of_errno("write " + path(name));
      at += static_cast<uint64_t>(n);
    }
  }
  if (fsync(fd.get()) != 0) throw ScratchError::of_errno("sync " + path(name));
  return oracle;
}

void Workplace::expect(const std::string& name, const Oracle& oracle) const {
  const Fd fd = open_or_throw(on_server(name), O_RDONLY);
  EXPECT_TRUE(holds(fd.get(), oracle)) << name;
}

std::vector<std::string> Workplace::names() const { return names_in(there_); }

Told Workplace::copy(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {places::kCommand, "--json", "--explain"});
  return tell(std::move(arguments));
}

Told Workplace::range(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {places::kCommand, "range", "--json", "--explain"});
  return tell(std::move(arguments));
}

Told Workplace::overwrite(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--overwrite-device");
  return range(std::move(arguments));
}

Told Workplace::by_storage(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--offload=always");
  return overwrite(std::move(arguments));
}

Told Workplace::tell(std::vector<std::string> argv) const {
  Told told;
  told.run = run(std::move(argv));
  // One object a line; progress and the like come before the report.
  std::string last;
  for (size_t at = 0; at < told.run.out.size();) {
    const size_t end = std::min(told.run.out.find('\n', at), told.run.out.size());
    const std::string line = told.run.out.substr(at, end - at);
    if (line.find("\"bytes_by\"") != std::string::npos) last = line;
    at = end + 1;
  }
  told.report = nlohmann::json::parse(last, nullptr, false);
  return told;
}

Finished Workplace::run(std::vector<std::string> argv) const {
  RunOptions options;
  options.directory = here_;
  return test::run(argv, options);
}

std::string shell(const std::string& script) {
  const Finished done = run({"/bin/sh", "-c", script});
  if (!done.ok()) throw ScratchError("'" + script + "' failed: " + done.out + done.err);
  return done.out;
}

std::string generic_node(const std::string& disk) {
  return "/dev/" + names_in("/sys/block/" + disk + "/device/scsi_generic").at(0);
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace libcopyfile::test
