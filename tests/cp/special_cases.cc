// Pipes, sockets and devices.
#include "cases.h"

namespace libcopyfile::test {

std::vector<Case> special_cases() {
  std::vector<Case> cases;
  constexpr const char* kSocket =
      "perl -e 'use Socket; socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un($ARGV[0]))' ";
  const std::string setup =
      std::string("mkfifo p; mkdir s d; mkfifo s/p; printf one >s/f; printf two >d/p; ") + kSocket +
      "s/sock; chmod 640 s/p";
  add(cases, "Special", setup,
      {{"cp -r s n"},
       {"cp -a s n"},
       {"cp -av s n"},
       {"cp -r p n"},
       {"cp -a p n"},
       {"cp -rv p d"},
       {"cp -r s/p d"},
       {"cp -av s/p d"},
       {"cp -an s/p d"},
       {"cp -ab s/p d"},
       {"cp -a --remove-destination s/p d"},
       {"cp -r --attributes-only s n"},
       {"cp -al s n"},
       {"cp -a --preserve=links s n"},
       {"cp -P p n & sleep 0.05; printf x >p; wait"},
       {"cp p n & sleep 0.05; printf x >p; wait"},
       {"cp -r --copy-contents p n & sleep 0.05; printf x >p; wait"},
       {"cat p >got & cp s/f p; wait"},
       {"cat p >got & cp -v s/f p; wait"},
       {"cp -n s/f p"},
       {"cp --remove-destination s/f p"},
       {"cp -b s/f p"},
       {"cp s/sock n"},
       {"cp -r s/sock n"},
       {"cp -a s/sock p"}});
  add(cases, "Device",
      "mkdir s; mknod s/null c 1 3; mknod s/disk b 7 250; mknod null c 1 3; printf one >f; chmod "
      "600 s/null",
      {{"cp -r s n"},
       {"cp -a s n"},
       {"cp -av s n"},
       {"cp -a s/null n"},
       {"cp -r s/null f"},
       {"cp s/null n"},
       {"cp f null"},
       {"cp -v f null"},
       {"cp -a f null"},
       {"cp -n f null"},
       {"echo n | cp -i f null"},
       {"cp --remove-destination f null"}},
      kForRoot);
  add(cases, "DeviceOfOthers",
      "mkdir s; printf one >s/f\n#root\nmknod s/null c 1 3; chmod 666 s/null",
      {{"cp -r s n"}, {"cp -rv s n"}, {"cp -a s n"}, {"cp -r s/null n"}, {"cp s/null n"}},
      kForUser);
  return cases;
}

}  // namespace libcopyfile::test
