#include "disks.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/fd.h"
#include "lab/support/workplace.h"
#include "testing/inspect.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

std::string name_of_test() {
  const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
  return test.name();
}

Fd open_or_throw(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) throw ScratchError::of_errno("open " + path);
  return fd;
}

}  // namespace

Disks::Disks(const std::string& file_system)
    : place_("/run/" + name_of_test()), images_("/srv/" + file_system + "/" + name_of_test()) {
  shell("mkdir -p " + place_ + "/state " + images_);
}

Disks::~Disks() {
  target_.reset();
  (void)run({"rm", "-r", images_});
}

void Disks::add(const std::string& name, uint64_t bytes) {
  const Fd made(open(image(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!made.valid() || ftruncate(made.get(), static_cast<off_t>(bytes)) != 0) {
    throw ScratchError::of_errno("make " + image(name));
  }
  units_.push_back(name);
}

void Disks::configure() const {
  std::string text = std::string("[target]\nname = \"") + kDisksTarget +
                     "\"\nportals = [\"127.0.0.1:3260\"]\nstate-directory = \"" + place_ +
                     "/state\"\n";
  std::string all;
  for (const std::string& unit : units_) {
    text += "[[lun]]\nname = \"" + unit + "\"\nimage = \"" + image(unit) + "\"\n";
    all += (all.empty() ? "\"" : ", \"") + unit + "\"";
  }
  text += initiators_.empty() ? "[[initiator]]\nname = \"*\"\nluns = [" + all + "]\n" : initiators_;
  write_text(place_ + "/conf", text);
}

void Disks::start() {
  configure();
  target_.reset();
  target_ = std::make_unique<TargetDaemon>(place_,
                                           std::vector<std::string>{"--config", place_ + "/conf"});
}

bool Disks::shares(const std::string& name, const std::string& other, Range range) const {
  return shares_all(open_or_throw(image(name)).get(), open_or_throw(image(other)).get(), range);
}

uint64_t Disks::allocated(const std::string& name) const {
  return allocated_bytes(open_or_throw(image(name)).get());
}

Mounted::Mounted(const std::string& disk, std::string path) : path_(std::move(path)) {
  shell("mkdir -p " + path_);
  if (mount(disk.c_str(), path_.c_str(), "ext4", 0, nullptr) != 0) {
    throw ScratchError::of_errno("mount " + disk);
  }
}

Mounted::~Mounted() { EXPECT_EQ(umount(path_.c_str()), 0) << path_; }

void wait_until(const std::string& what, const std::function<bool()>& is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > end) throw ScratchError("never: " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace libcopyfile::test
