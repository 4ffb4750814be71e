// In which order metadata is given, how many calls it takes, and that nobody has more rights on the way than in the end.
#include <acl/libacl.h>
#include <sys/acl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <set>

#include "fixture.h"
#include "testing/scratch_error.h"

namespace libcopyfile::test {
namespace {

class Order : public ::testing::Test {
 protected:
  Workshop shop_{FsKind::ext4};
  const std::string source_ = shop_.file("source");
};

TEST_F(Order, OfEverything) {
  ASSERT_EQ(chown(source_.c_str(), 1234, 5678), 0);
  set_acl(source_, "user::rw-,user:1000:r--,group::---,mask::r--,other::---");
  ASSERT_EQ(chmod(source_.c_str(), 04640), 0);
  set_xattr(source_, "user.a", "abc");
  set_xattr(source_, "security.capability", kNetRaw);
  set_xattr(source_, "security.selinux", "label");
  const unsigned flags = inode_flag::kNoDump | inode_flag::kImmutable;
  set_flags(source_, flags_of(source_) | flags);
  shop_.job.wanted = metadata::kAll;
  shop_.job.durability = Durability::durable;
  shop_.copy_all();
  EXPECT_EQ(shop_.changes(),
            "set_creation_label label = EOPNOTSUPP\n"
            "create_unnamed\n"
            "write private 0+13 = 13\n"
            "set_owner private 1234:5678\n"
            "set_xattr private security.selinux 5 bytes\n"
            "set_xattr private user.a 3 bytes\n"
            "set_access_acl private u::rw-,u:1000:r--,g::---,m::r--,o::---\n"
            "set_xattr private security.capability 20 bytes\n"
            "set_mode private 4640\n"
            "set_times private\n"
            "set_inode_flags private 80050 of 40\n"
            "sync private all\n"
            "link private to copy\n"
            "sync . all\n"
            "set_inode_flags private 10 of 10\n"
            "sync private all\n");
  for (const char* name : {"source", "copy"}) {
    set_flags(shop_.file(name), flags_of(shop_.file(name)) & ~inode_flag::kImmutable);
  }
}

// A small file must not pay for what it does not have.
TEST_F(Order, PlainFileTakesFewCalls) {
  const std::initializer_list<std::string_view> all{
      "list_xattrs", "get_xattr",    "access_acl",     "default_acl",     "inode_flags",
      "project",     "verity",       "set_owner",      "set_mode",        "set_times",
      "set_xattr",   "remove_xattr", "set_access_acl", "set_inode_flags", "set_project"};
  shop_.copy_all();
  EXPECT_EQ(shop_.system.recorder.only(all),
            "access_acl source = ok\ndefault_acl . = ok\nset_mode private 0644 = ok\n");
  unlink(shop_.file("copy").c_str());
  shop_.job.required = metadata::kMode | metadata::kOwner | metadata::kTimes;
  shop_.copy_all();
  EXPECT_EQ(shop_.system.recorder.only(all),
            "access_acl source = ok\nset_mode private 0644 = ok\nset_times private = ok\n");
  unlink(shop_.file("copy").c_str());
  shop_.job.wanted = metadata::kAll;
  shop_.copy_all();
  EXPECT_EQ(shop_.system.recorder.only(all),
            "list_xattrs source = ok\ninode_flags source = ok\nproject source = ok\n"
            "default_acl . = ok\ninode_flags private = ok\nproject private = ok\n"
            "set_mode private 0644 = ok\nset_times private = ok\n");
}

// --- rights ---

struct Rights {
  struct stat stat {};
  std::vector<std::pair<std::string, unsigned>> list;  // "u:1000", "g:2000", "g", "m"
  bool capable = false;
};

struct Person {
  unsigned user;
  std::set<unsigned> groups;
};

Rights rights_of(int fd) {
  Rights rights;
  if (fstat(fd, &rights.stat) != 0) throw ScratchError::of_errno("stat the private file");
  rights.capable = fgetxattr(fd, "security.capability", nullptr, 0) >= 0;
  const acl_t acl = acl_get_fd(fd);
  acl_entry_t entry{};
  for (int w = ACL_FIRST_ENTRY; acl_get_entry(acl, w, &entry) == 1; w = ACL_NEXT_ENTRY) {
    acl_tag_t tag{};
    acl_permset_t set{};
    acl_get_tag_type(entry, &tag);
    acl_get_permset(entry, &set);
    unsigned bits = 0;
    if (acl_get_perm(set, ACL_READ) == 1) bits |= 4;
    if (acl_get_perm(set, ACL_WRITE) == 1) bits |= 2;
    if (acl_get_perm(set, ACL_EXECUTE) == 1) bits |= 1;
    std::string who;
    if (tag == ACL_USER || tag == ACL_GROUP) {
      auto* id = static_cast<unsigned*>(acl_get_qualifier(entry));
      who = (tag == ACL_USER ? "u:" : "g:") + std::to_string(*id);
      acl_free(id);
    } else if (tag == ACL_GROUP_OBJ) {
      who = "g";
    } else if (tag == ACL_MASK) {
      who = "m";
    } else {
      continue;
    }
    rights.list.emplace_back(who, bits);
  }
  acl_free(acl);
  return rights;
}

// acl(5), "access check algorithm".
unsigned allowed(const Rights& rights, const Person& person) {
  const auto entry = [&](const std::string& who) -> std::optional<unsigned> {
    for (const auto& [name, bits] : rights.list) {
      if (name == who) return bits;
    }
    return std::nullopt;
  };
  if (person.user == rights.stat.st_uid) return rights.stat.st_mode >> 6 & 7;
  const unsigned mask = entry("m").value_or(7);
  if (const auto bits = entry("u:" + std::to_string(person.user))) return *bits & mask;
  bool member = person.groups.count(rights.stat.st_gid) > 0;
  unsigned together = member ? entry("g").value_or(0) : 0;
  for (const unsigned group : person.groups) {
    if (const auto bits = entry("g:" + std::to_string(group))) {
      member = true;
      together |= *bits;
    }
  }
  return member ? together & mask : rights.stat.st_mode & 7;
}

const std::vector<Person>& people() {
  static const std::vector<Person> all = [] {
    std::vector<Person> made;
    for (const unsigned user : {1000U, 1001U, 1234U, 9999U}) {
      for (const std::set<unsigned>& groups :
           {std::set<unsigned>{}, {2000}, {5678}, {2000, 5678}, {0}}) {
        made.push_back({user, groups});
      }
    }
    return made;
  }();
  return all;
}

struct RightsCase {
  const char* name;
  unsigned mode;
  const char* list;            // of the source
  const char* directory_list;  // default
  uint64_t wanted;
};

void PrintTo(const RightsCase& c, std::ostream* out) { *out << c.name; }

class RightsOnTheWay : public ::testing::TestWithParam<std::tuple<FsKind, RightsCase, bool>> {};

const RightsCase kRightsCases[] = {
    {"plain", 0644, "", "", metadata::kAll},
    {"open", 0777, "", "", metadata::kAll},
    {"set_id", 06755, "", "", metadata::kAll},
    {"owner_may_not", 0070, "", "", metadata::kAll},
    {"only_others", 0007, "", "", metadata::kAll},
    {"read_only", 0444, "", "", metadata::kAll},
    {"list", 0, "user::r--,user:1000:rwx,group::---,group:2000:rw-,mask::rwx,other::---", "",
     metadata::kAll},
    {"inherited", 0640, "", "user::rwx,user:1001:rwx,group::rwx,mask::rwx,other::rwx",
     metadata::kAll},
    {"inherited_kept", 0640, "", "user::rwx,user:1001:rwx,group::rwx,mask::rwx,other::rwx",
     metadata::kOwner | metadata::kMode},
    {"inherited_new", 0640, "", "user::rwx,user:1001:rwx,group::rwx,mask::rwx,other::rwx", 0},
    {"both", 0, "user::rw-,user:1000:r--,group::---,mask::r--,other::---",
     "user::rwx,user:1001:rwx,group::rwx,mask::rwx,other::rwx", metadata::kAll},
    {"list_not_asked", 0, "user::rw-,user:1000:rwx,group::---,mask::rwx,other::---", "",
     metadata::kOwner | metadata::kMode},
};

INSTANTIATE_TEST_SUITE_P(Metadata, RightsOnTheWay,
                         ::testing::Combine(::testing::Values(FsKind::ext4, FsKind::xfs,
                                                              FsKind::btrfs, FsKind::tmpfs),
                                            ::testing::ValuesIn(kRightsCases), ::testing::Bool()),
                         [](const auto& i) {
                           return std::string(name_of(std::get<0>(i.param))) + "_" +
                                  std::get<1>(i.param).name +
                                  (std::get<2>(i.param) ? "_named" : "");
                         });

// Looks at the private file before every call that follows its making.
TEST_P(RightsOnTheWay, NeverExceedTheFinalOnes) {
  const auto& [fs, c, named] = GetParam();
  Workshop shop(fs);
  const std::string source = shop.file("source");
  ASSERT_EQ(chown(source.c_str(), 1234, 5678), 0);
  if (*c.list != '\0') set_acl(source, c.list);
  if (c.mode != 0) {
    ASSERT_EQ(chmod(source.c_str(), c.mode), 0);
  }
  set_xattr(source, "security.capability", kNetRaw);
  set_xattr(source, "user.a", "a");
  if (*c.directory_list != '\0') set_acl(shop.path, c.directory_list, true);
  if (named) shop.system.script.inject("fail create_unnamed errno=EOPNOTSUPP");
  std::vector<Rights> seen;
  const auto look = [&] {
    for (int fd = 3; fd < 100; ++fd) {
      struct stat now {};
      const bool it = shop.system.fd_names.get(fd) == "private" && fstat(fd, &now) == 0;
      if (it && S_ISREG(now.st_mode)) seen.push_back(rights_of(fd));
    }
  };
  for (const char* call : {"stat", "clone", "write", "set_owner", "set_mode", "set_times",
                           "set_xattr", "get_xattr", "remove_xattr", "set_access_acl",
                           "inode_flags", "project", "set_inode_flags", "sync", "link", "rename"}) {
    for (uint64_t n = 0; n < 6; ++n) shop.system.script.before(call, n, look);
  }
  shop.job.wanted = c.wanted;
  const Done ok = shop.copy();
  ASSERT_TRUE(ok) << ok.error().message();
  const Fd copy(open(shop.file("copy").c_str(), O_RDONLY | O_CLOEXEC));
  const Rights last = rights_of(copy.get());
  EXPECT_GE(seen.size(), 5U);
  for (size_t i = 0; i < seen.size(); ++i) {
    const Rights& now = seen[i];
    for (const Person& person : people()) {
      EXPECT_EQ(allowed(now, person) & ~allowed(last, person), 0U)
          << "moment " << i << ": user " << person.user << " of " << person.groups.size()
          << " groups";
    }
    EXPECT_EQ(now.stat.st_mode & 06000 & ~last.stat.st_mode, 0U);
    if ((now.stat.st_mode & 06000) != 0) {
      EXPECT_EQ(now.stat.st_uid, last.stat.st_uid);
    }
    EXPECT_TRUE(!now.capable || last.capable);
  }
}

}  // namespace
}  // namespace libcopyfile::test
