#include "testing/target_daemon.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/fd.h"
#include "testing/places.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

constexpr int kPatience = 60;  // seconds

// Where the daemon tells a service manager that it is ready.
Fd notify_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw ScratchError("too long a name: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  ::unlink(path.c_str());
  Fd made(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!made.valid() ||
      ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0777) != 0)
    throw ScratchError::of_errno("listen at " + path);
  return made;
}

}  // namespace

TargetDaemon::TargetDaemon(const std::string& directory, std::vector<std::string> arguments,
                           unsigned user)
    : directory_(directory), control_(directory + "/control") {
  const Fd notify = notify_socket(directory + "/notify");
  arguments.insert(arguments.begin(), {places::kTargetDaemon, "--control", control_});
  pid_ = ::fork();
  if (pid_ < 0) throw ScratchError::of_errno("fork");
  if (pid_ == 0) run(arguments, user, directory + "/notify");
  wait_until_ready(notify.get());
  const nlohmann::json now = ask({"status"});
  name_ = now.at("target");
  const std::string portal = now.at("portals").at(0);
  port_ = static_cast<unsigned>(std::stoul(portal.substr(portal.rfind(':') + 1)));
}

TargetDaemon::~TargetDaemon() { kill(); }

// In the child.
void TargetDaemon::run(const std::vector<std::string>& arguments, unsigned user,
                       const std::string& notify) const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
  ::unsetenv("STATE_DIRECTORY");
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(::open((directory_ + "/out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
  ::dup2(::open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
  if (user != 0 && (::setgroups(0, nullptr) != 0 || ::setgid(user) != 0 || ::setuid(user) != 0))
    ::_exit(126);
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

void TargetDaemon::wait_until_ready(int notify) {
  for (int i = 0; i < kPatience * 10; ++i) {
    pollfd waiting{notify, POLLIN, 0};
    std::array<char, 256> text{};
    if (::poll(&waiting, 1, 100) == 1 && ::recv(notify, text.data(), text.size() - 1, 0) > 0 &&
        std::strstr(text.data(), "READY=1") != nullptr)
      return;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) continue;
    pid_ = -1;
    throw ScratchError("copyfile-target does not run: " + log());
  }
  kill();
  throw ScratchError("copyfile-target does not get ready: " + log());
}

std::string TargetDaemon::url(unsigned lun, const std::string& credentials) const {
  return "iscsi://" + (credentials.empty() ? "" : credentials + "@") +
         "127.0.0.1:" + std::to_string(port_) + "/" + name_ + "/" + std::to_string(lun);
}

std::string TargetDaemon::out() const { return read_text(directory_ + "/out"); }
std::string TargetDaemon::log() const { return read_text(directory_ + "/log"); }

Finished TargetDaemon::ctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {places::kTargetDaemon, "ctl", "--control", control_});
  return test::run(arguments);
}

nlohmann::json TargetDaemon::ask(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "--json");
  const Finished done = ctl(arguments);
  if (!done.ok()) throw ScratchError("ctl " + arguments[1] + ": " + done.err);
  return nlohmann::json::parse(done.out);
}

void TargetDaemon::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int TargetDaemon::wait() {
  for (int i = 0; i < kPatience * 100; ++i) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw ScratchError("copyfile-target does not end: " + log());
}

void TargetDaemon::kill() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

Finished run_target(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), places::kTargetDaemon);
  RunOptions options;
  options.limit = std::chrono::seconds(20);
  return run(arguments, options);
}

}  // namespace libcopyfile::test
