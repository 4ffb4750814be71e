// Rights, owners, times and attributes: kept, dropped, and what cannot be.
#include "cases.h"

namespace libcopyfile::test {
namespace {

// What setfattr(1) and setfacl(1) would do, without them.
constexpr const char* kAttributes = R"(
/usr/bin/python3 -c '
import os
os.setxattr("a", "user.color", b"red")
os.setxattr("s", "user.d", b"x")
os.setxattr("s/f", "user.f", b"y")
'
)";
// For user 4321: rw on a, rwx on s and, by default, on what is made in it.
constexpr const char* kLists = R"(
/usr/bin/python3 -c '
import os, struct
def acl(owner, user, group, mask, other):
    none = 0xffffffff
    entries = ((1, owner, none), (2, user, 4321), (4, group, none), (16, mask, none), (32, other, none))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)
os.setxattr("a", "system.posix_acl_access", acl(6, 6, 4, 6, 0))
os.setxattr("s", "system.posix_acl_access", acl(7, 7, 5, 7, 0))
os.setxattr("s", "system.posix_acl_default", acl(7, 7, 5, 7, 0))
os.setxattr("s/f", "system.posix_acl_access", acl(6, 4, 4, 4, 0))
'
)";

}  // namespace

std::vector<Case> metadata_cases() {
  std::vector<Case> cases;
  const std::string common =
      "printf one >a; chmod 4751 a; printf two >b; chmod 600 b; mkdir s; printf in >s/f; chmod 640 "
      "s/f; chmod 2775 s; mkdir d;";
  const std::initializer_list<Line> kLines = {
      {"cp a n"},
      {"cp -p a n"},
      {"cp -p a b", kCpOnly},
      {"cp --preserve a n"},
      {"cp --preserve=mode b n"},
      {"cp --preserve=timestamps a n"},
      {"cp --preserve=ownership b n"},
      {"cp --preserve=mode,timestamps b n"},
      {"cp --preserve=xattr a n"},
      {"cp --preserve=links a n"},
      {"cp --preserve=all a n"},
      {"cp --preserve=mo b n"},
      {"cp -p --no-preserve=timestamps b n"},
      {"cp -p --no-preserve=mode b n"},
      {"cp --no-preserve=mode a n"},
      {"cp --no-preserve=mode a b", kCpOnly},
      {"cp --no-preserve=all a n"},
      {"cp -a --no-preserve=ownership b n"},
      {"cp -a --no-preserve=xattr b n"},
      {"cp --no-preserve=mode -p b n"},
      {"cp -a a n"},
      {"cp -a s n"},
      {"cp -r s n"},
      {"cp -rp s n"},
      {"cp -r --preserve=mode s n"},
      {"cp -r --no-preserve=mode s n"},
      {"cp -r s d"},
      {"cp -a s d"},
      {"cp -aT s d"},
      {"cp -rT s d"},
      {"cp -rpT s d"},
      {"cp -rT --preserve=timestamps s d"},
      {"umask 077; cp a n"},
      {"umask 077; cp -r s n"},
      {"umask 077; cp -a s n"},
      {"umask 000; cp b n"},
      {"umask 027; cp -r s n"},
      {"umask 027; cp --no-preserve=mode b n"},
      {"umask 027; cp -r --no-preserve=mode s n"},
      {"cp --attributes-only a n"},
      {"cp --attributes-only --preserve=all a b", kCpOnly},
      {"cp -a --attributes-only s d"},
      {"cp --reflink=auto -p b n"},
  };
  add(cases, "Metadata", common, kLines);
  add(cases, "Attributes", common + kAttributes, kLines);
  add(cases, "Lists", common + kLists, kLines);
  add(cases, "OwnedByOthers",
      "mkdir s; printf one >a; printf in >s/f; chmod 4755 a\n#root\n"
      "chown 12:34 a; chmod 4755 a; chown -R 56:78 s; find . -exec touch -h -d 2001-01-01 {} +",
      {{"cp a n"},
       {"cp -p a n"},
       {"cp -a a n"},
       {"cp -a s n"},
       {"cp -r s n"},
       {"cp -rp s n"},
       {"cp --preserve=ownership a n"},
       {"cp --preserve=mode s/f n"},
       {"cp --preserve=ownership,timestamps s/f n"},
       {"cp -a s d; cp -a s d"}});
  add(cases, "OwnedDestination",
      "printf one >a; printf two >b; chmod 640 b\n#root\n"
      "chown 12:34 b; chmod 666 b; find . -exec touch -h -d 2001-01-01 {} +",
      {{"cp a b", kCpOnly},
       {"cp -p a b", kCpOnly},
       {"cp -f a b", kCpOnly},
       {"cp -a a b", kCpOnly},
       {"cp --remove-destination a b"},
       {"cp -b a b", kCpOnly}});
  add(cases, "ReadOnlyDirectories",
      "mkdir -p s/a/b; printf x >s/a/b/f; printf y >s/a/g; chmod 500 s/a/b s/a; chmod 555 s",
      {{"cp -r s n"},
       {"cp -a s n"},
       {"cp -rv s n"},
       {"cp -rp s n"},
       {"cp -r --preserve=mode s n"},
       {"cp -r --no-preserve=mode s n"},
       {"cp -r s/a n"},
       {"cp -al s n"}});
  add(cases, "SetGroupDirectories",
      "mkdir -p s/sub d; printf x >s/f; chmod 2755 d; chmod 1777 s/sub\n#root\nchgrp 34 d; chmod "
      "2755 d; touch -d 2001-01-01 d",
      {{"cp -r s d"},
       {"cp s/f d"},
       {"cp -p s/f d"},

       {"cp -r --no-preserve=mode s d", kForRoot}});
  return cases;
}

}  // namespace libcopyfile::test
