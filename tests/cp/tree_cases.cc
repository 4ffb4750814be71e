// Whole trees: every option that says how, with every form of the operands.
#include "cases.h"

namespace libcopyfile::test {
namespace {

// Something of everything that a user may have.
constexpr const char* kTree = R"(
mkdir -p s/d/e s/ro s/private s/sticky
printf one >s/f; printf two >s/d/g; : >s/empty; printf deep >s/d/e/deep; printf odd >'s/a b'
printf secret >s/private/key; printf fixed >s/ro/fixed
ln -s f s/link; ln -s nowhere s/dangling; ln -s d s/dirlink; ln -s ../f s/d/up
ln s/f s/d/hard; printf both >s/x1; ln s/x1 s/x2
truncate -s 300000 s/sparse; printf end >>s/sparse
chmod 640 s/f; chmod 755 s/d/g; chmod 600 s/private/key; chmod 700 s/private; chmod 1777 s/sticky
chmod 444 s/ro/fixed
)";
constexpr const char* kClose = "\nchmod 555 s/ro\n";

struct Form {
  const char* name;
  const char* setup;
  const char* operands;
};

constexpr Form kForms[] = {
    {"New", "", "s t"},
    {"IntoDirectory", "mkdir t", "s t"},
    {"ContentsIntoDirectory", "mkdir t", "s/. t"},
    {"NewWithSlashes", "", "s/ t/"},
    {"OverAnOlder",
     "mkdir -p t/private t/own t/d; printf before >t/empty; printf before >t/private/key; printf "
     "mine >t/own/mine; "
     "printf other >t/link; chmod 600 t/empty; chmod 750 t/d",
     "-T s t"},
};

constexpr Line kOptions[] = {
    {"-r"},
    {"-R"},
    {"-a"},
    {"-rp"},
    {"-dR"},
    {"-rd --preserve=timestamps"},
    {"-rP"},
    {"-rH"},
    {"-rL"},
    {"-aL"},
    {"-al"},
    {"-rl"},
    {"-rs", kCpOnly},
    {"-au"},
    {"-an"},
    {"-rn"},
    {"-ab", kCpOnly},
    {"-rb -S .old"},
    {"-a --backup=numbered"},
    {"-r --remove-destination"},
    {"-a --remove-destination"},
    {"-rf"},
    {"-rx"},
    {"-ax"},
    {"-r --preserve=mode"},
    {"-r --preserve=ownership"},
    {"-r --preserve=links"},
    {"-r --preserve=all"},
    {"-a --no-preserve=mode"},
    {"-a --no-preserve=timestamps,links"},
    {"-r --no-preserve=mode"},
    {"-a --no-preserve=all"},
    {"-r --attributes-only"},
    {"-a --attributes-only"},
    {"-r --sparse=always"},
    {"-a --sparse=never"},
    {"-r --reflink=auto"},
    {"-a --reflink=never"},
    {"-rv"},
    {"-av"},
    {"-rvL"},
    {"-avb"},
    {"-rv --remove-destination"},
};

}  // namespace

std::vector<Case> tree_cases() {
  std::vector<Case> cases;
  for (const Form& form : kForms) {
    int number = 0;
    for (const Line& line : kOptions) {
      cases.push_back({fmt::format("Tree{}{:02}", form.name, ++number),
                       std::string(kTree) + form.setup + kClose,
                       fmt::format("cp {} {}", line.command, form.operands), line.flags});
    }
  }
  add(cases, "TreeClash", "mkdir -p s/a t/s; printf x >t/s/a; printf y >s/f; mkdir t/s/f",
      {{"cp -r s t"},
       {"cp -a s t"},
       {"cp -rf s t"},
       {"cp -rv s t"},
       {"cp -rn s t"},
       {"cp -rb s t"},
       {"cp -r --remove-destination s t"}});
  add(cases, "TreeItself", "mkdir -p s/d; printf x >s/f",
      {{"cp -r s s/in", kCpOnly | kEndsAnywhere},
       {"cp -r s s", kCpOnly | kEndsAnywhere},
       {"cp -a s/. s/d", kCpOnly | kEndsAnywhere},
       {"cp -R s s/d/x", kCpOnly | kEndsAnywhere},
       {"cp -r s/d s"}});
  add(cases, "TreeTwice", "mkdir -p a/s b/s t; printf 1 >a/s/f; printf 2 >b/s/f; printf 3 >b/s/g",
      {{"cp -r a/s a/s t"},
       {"cp -r a/s b/s t"},
       {"cp -rv a/s ./a/s t"},
       {"cp -a a/s/. b/s/. t"},
       {"cp -r a b a t"}});
  add(cases, "TreeMissing", "mkdir s t; printf x >s/f; printf y >g",
      {{"cp -r nowhere t"},
       {"cp -r nowhere s g t"},
       {"cp s t"},
       {"cp s g t"},
       {"cp -r s g"},
       {"cp -r s nowhere/t"},
       {"cp -r s g/t"},
       {"cp -rT s g"},
       {"cp -T g t"},
       {"cp -r s '' t"}});
  add(cases, "TreeUnreadable",
      "mkdir -p s/shut s/open; printf x >s/shut/f; printf y >s/f; printf z >s/g; chmod 0 s/f; "
      "chmod 0 s/shut",
      {{"cp -r s t"}, {"cp -a s t"}, {"cp -rv s t"}, {"cp s/f t"}, {"cp -r s/shut t"}}, kForUser);
  add(cases, "TreeNotWritable",
      "mkdir -p s t/s; printf x >s/f; printf y >t/s/f; printf z >s/g; chmod 444 t/s/f; chmod 555 "
      "t/s",
      {{"cp -r s t", kCpOnly}, {"cp -rf s t", kCpOnly}, {"cp -rv s t", kCpOnly}, {"cp s/f t/s"}},
      kForUser);
  return cases;
}

}  // namespace libcopyfile::test
