#include "testing/iscsi_target.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "base/fd.h"
#include "testing/process.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

// A port that is free now.
unsigned free_port() {
  const Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!fd.valid() || bind(fd.get(), generic, length) != 0 ||
      getsockname(fd.get(), generic, &length) != 0) {
    throw ScratchError::of_errno("find a free port");
  }
  return ntohs(address.sin_port);
}

std::string full(const std::string& name) { return "iqn.2026-01.invalid.test:" + name; }

}  // namespace

IscsiTarget::IscsiTarget() : port_(free_port()) {
  // The number of the control socket is a short integer.
  control_ = std::to_string(getpid() % 30'000 + 1);
  const std::string portal = "portal=127.0.0.1:" + std::to_string(port_);
  pid_ = fork();
  if (pid_ < 0) throw ScratchError::of_errno("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
    execlp("tgtd", "tgtd", "-f", "-C", control_.c_str(), "--iscsi", portal.c_str(), nullptr);
    _exit(127);
  }
  constexpr int kPatience = 600;
  for (int i = 0; i < kPatience; ++i) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw ScratchError("tgtd does not run: is the package tgt installed?");
    }
    const Finished asked = run({"tgtadm", "-C", control_, "--op", "show", "--mode", "sys"});
    if (asked.ok() && asked.out.find("State: ready") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  stop();
  throw ScratchError("tgtd does not get ready");
}

IscsiTarget::~IscsiTarget() { stop(); }

void IscsiTarget::stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  unlink(("/var/run/tgtd/socket." + control_).c_str());
  unlink(("/var/run/tgtd/socket." + control_ + ".lock").c_str());
}

void IscsiTarget::freeze() { kill(pid_, SIGSTOP); }
void IscsiTarget::thaw() { kill(pid_, SIGCONT); }

std::string IscsiTarget::admin(std::vector<std::string> arguments, bool must_succeed) {
  arguments.insert(arguments.begin(), {"tgtadm", "-C", control_, "--lld", "iscsi"});
  const Finished done = run(arguments);
  if (must_succeed && !done.ok()) throw ScratchError("tgtadm: " + done.err);
  return done.out;
}

std::string IscsiTarget::id_of(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return std::to_string(found - names_.begin() + 1);
}

void IscsiTarget::add_target(const std::string& name) {
  names_.push_back(name);
  units_.push_back(0);
  admin({"--op", "new", "--mode", "target", "--tid", id_of(name), "-T", full(name)});
  admin({"--op", "bind", "--mode", "target", "--tid", id_of(name), "-I", "ALL"});
}

void IscsiTarget::only_with(const std::string& name, const std::string& user,
                            const std::string& password) {
  admin({"--op", "new", "--mode", "account", "--user", user, "--password", password});
  admin({"--op", "bind", "--mode", "account", "--tid", id_of(name), "--user", user});
}

void IscsiTarget::only_for(const std::string& name, const std::string& initiator) {
  admin({"--op", "unbind", "--mode", "target", "--tid", id_of(name), "-I", "ALL"});
  admin({"--op", "bind", "--mode", "target", "--tid", id_of(name), "-Q", initiator});
}

void IscsiTarget::add_unit(const std::string& name, const std::string& file) {
  const std::string id = id_of(name);
  const unsigned unit = ++units_[std::stoul(id) - 1];
  admin({"--op", "new", "--mode", "logicalunit", "--tid", id, "--lun", std::to_string(unit), "-b",
         file});
}

std::string IscsiTarget::url(const std::string& name, int unit,
                             const std::string& credentials) const {
  return "iscsi://" + (credentials.empty() ? "" : credentials + "@") +
         "127.0.0.1:" + std::to_string(port_) + "/" + full(name) + "/" + std::to_string(unit);
}

unsigned IscsiTarget::drop_connections(const std::string& name) {
  const std::string id = id_of(name);
  std::istringstream lines(admin({"--op", "show", "--mode", "conn", "--tid", id}));
  unsigned dropped = 0;
  std::string word, session;
  while (lines >> word) {
    std::string number;
    if (word == "Session:") lines >> session;
    if (word != "Connection:") continue;
    lines >> number;
    // It may be gone already.
    admin({"--op", "delete", "--mode", "conn", "--tid", id, "--sid", session, "--cid", number},
          false);
    ++dropped;
  }
  return dropped;
}

}  // namespace libcopyfile::test
