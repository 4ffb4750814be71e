#include "copyfile/ssh_signature.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "base/fd.h"
#include "copyfile/messages.h"
#include "sys/kernel_files.h"
#include "sys/transfer.h"

namespace libcopyfile::app {
namespace {

constexpr const char* kProgram = "ssh-keygen";
constexpr size_t kMostOutput = size_t{1} << 20;

struct Ended {
  int status = 0;
  std::string out;
};

tl::unexpected<std::string> cannot(std::string_view what, int code) {
  return refuse(fmt::format("cannot {}: {}", what, errno_text(code)));
}

// In memory, so that who reads it and who writes its answer need not wait for each other.
Parsed<Fd> in_memory(Files& files, std::string_view text) {
  Fd fd(::memfd_create("manifest", MFD_CLOEXEC));
  if (!fd.valid()) return cannot("keep the manifest in memory", errno);
  size_t written = 0;
  const Done done = write_all(files, fd.get(), std::as_bytes(std::span(text)), 0, &written);
  if (!done) return cannot("keep the manifest in memory", done.error().code);
  return fd;
}

// Actions of posix_spawn(3), released with this object.
class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  void dup2(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

// With `input` for standard input; its standard error is ours.
Parsed<Ended> run_keygen(std::vector<std::string> arguments, std::string_view input) {
  KernelFiles files;
  const Parsed<Fd> text = in_memory(files, input);
  if (!text) return refuse(text.error());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot("make a pipe", errno);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  SpawnActions actions;
  actions.dup2(text->get(), STDIN_FILENO);
  actions.dup2(write_end.get(), STDOUT_FILENO);
  std::vector<char*> argv;
  arguments.insert(arguments.begin(), kProgram);
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int code = ::posix_spawnp(&pid, kProgram, actions.get(), nullptr, argv.data(), environ);
  if (code != 0) return cannot(fmt::format("run {}", kProgram), code);
  write_end = Fd();
  Ended ended;
  ended.out.resize(kMostOutput);
  const Result<size_t> got =
      read_full(files, read_end.get(), std::as_writable_bytes(std::span(ended.out)), kStream);
  ended.status = wait_for(pid);
  if (!got) return cannot(fmt::format("read what {} says", kProgram), got.error().code);
  ended.out.resize(*got);
  return ended;
}

bool is_good(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

}  // namespace

Parsed<std::string> sign_text(std::string_view text, const std::string& key) {
  const Parsed<Ended> ended =
      run_keygen({"-Y", "sign", "-q", "-f", key, "-n", kManifestNamespace}, text);
  if (!ended) return refuse(ended.error());
  if (!is_good(ended->status) || !ended->out.starts_with("-----BEGIN SSH SIGNATURE-----")) {
    return refuse(fmt::format("{} gave no signature", kProgram));
  }
  return ended->out;
}

Parsed<bool> check_signature(std::string_view text, const SignatureCheck& check) {
  const Parsed<Ended> ended =
      run_keygen({"-Y", "verify", "-q", "-f", check.signers, "-I", check.identity, "-n",
                  kManifestNamespace, "-s", check.signature},
                 text);
  if (!ended) return refuse(ended.error());
  if (!is_good(ended->status)) {
    return refuse(fmt::format("{} does not take its signature for one of that signer", kProgram));
  }
  return true;
}

}  // namespace libcopyfile::app
