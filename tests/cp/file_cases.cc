// Single files: what is there already, and what shall become of it.
#include "cases.h"

namespace libcopyfile::test {
namespace {

void add_file(std::vector<Case>& cases) {
  add(cases, "File",
      "printf one >a; printf other >b; mkdir d e; printf in >d/a; chmod 640 b; ln b c",
      {{"cp a n"},
       {"cp -v a n"},
       {"cp a b", kCpOnly},
       {"cp -p a b", kCpOnly},
       {"cp -v a b", kCpOnly},
       {"cp a d"},
       {"cp a d/"},
       {"cp -v a d/."},
       {"cp a e/new"},
       {"cp -T a n"},
       {"cp -T a d"},
       {"cp -t d a b"},
       {"cp --target-directory=d -v a b"},
       {"cp a b d"},
       {"cp a b c d"},
       {"cp -v a ./a"},
       {"cp a a"},
       {"cp b c"},
       {"cp b d/../b"},
       {"cp a n/"},
       {"cp a b/"},
       {"cp a/ n"},
       {"cp a nowhere/n"},
       {"cp a b/n"},
       {"cp nowhere n"},
       {"cp nowhere d"},
       {"cp '' n"},
       {"cp a ''"},
       {"cp -r a n"},
       {"cp -a a n"},
       {"cp a a d"},
       {"cp a ./a d"},
       {"cp a d/a e"},
       {"cp -b a d/a e"},
       {"cp -f a b", kCpOnly},
       {"cp --remove-destination a b", kCpOnly},
       {"cp --remove-destination -v a b", kCpOnly},
       {"cp --attributes-only a n"},
       {"cp --attributes-only -p a b", kCpOnly},
       {"cp --sparse=always a n"},
       {"cp --reflink=auto a n"},
       {"cp --reflink=never a n"},
       {"cp --strip-trailing-slashes a/ d"},
       {"cp -- a n"},
       {"cp a -v n"},
       {"cp d n"},
       {"cp d e"},
       {"cp d/. e"},
       {"cp /dev/null n"},
       {"cp /dev/null b", kCpOnly},
       {"cp a /dev/null"},
       {"cp -v a /dev/null"},
       {"cat a | cp /dev/stdin n"},
       {"cp a /dev/stdout | cat"},
       {"cp /proc/self/comm n && test -s n && : >n", kCpOnly},
       {"cp a b; cp d/a b", kCpOnly}});
}

void add_file_newer(std::vector<Case>& cases) {
  add(cases, "FileNewer",
      "printf 1 >a; printf 2 >b; printf 3 >same; mkdir d; printf 4 >d/a; touch -d 2001-01-01 a; "
      "touch -d 2002-02-02 b; touch -d 2001-01-01 same; touch -d 2003-03-03 d/a; touch -d "
      "2001-01-01 d .",
      {{"cp -u a b"},
       {"cp -u b a", kCpOnly},
       {"cp -u a same"},
       {"cp -uv a b d"},
       {"cp -u a n"},
       {"cp -nu b a"},
       {"cp -un b a"},
       {"cp -uf b a", kCpOnly},
       {"cp -pu b a"},
       {"cp -u --no-preserve=timestamps b a", kCpOnly},
       {"cp --update a b"},
       {"cp -ui b a </dev/null"},
       {"echo y | cp -ui a b"},
       {"cp -ub b a"}});
}

void add_file_clobber(std::vector<Case>& cases) {
  add(cases, "FileClobber", "printf 1 >a; printf 2 >b; mkdir d; printf 3 >d/a",
      {{"cp -n a b"},
       {"cp -nv a b d"},
       {"cp -n a n"},
       {"cp -in a b </dev/null"},
       {"echo n | cp -ni a b"},
       {"echo y | cp -ni a b", kCpOnly},
       {"cp -nf a b"},
       {"cp -fn a b"},
       {"cp -n a a"},
       {"cp -nT a d"},
       {"cp -n --remove-destination a b"},
       {"cp -rn d/. ."}});
}

void add_file_ask(std::vector<Case>& cases) {
  add(cases, "FileAsk", "printf 1 >a; printf 2 >b; mkdir d; printf 3 >d/a; printf 4 >d/b",
      {{"echo y | cp -i a b", kCpOnly},
       {"echo n | cp -i a b"},
       {"echo yes | cp -iv a b", kCpOnly},
       {"echo Y | cp -i a b", kCpOnly},
       {"echo | cp -i a b"},
       {"cp -i a b </dev/null"},
       {"cp -i a n </dev/null"},
       {"printf 'y\\nn\\n' | cp -i a b d", kCpOnly},
       {"printf 'n\\ny\\n' | cp -iv a b d", kCpOnly},
       {"echo y | cp -ib a b"},
       {"echo n | cp -ib a b"},
       {"echo y | cp -i --remove-destination a b", kCpOnly},
       {"echo n | cp -ir d/. ."},
       {"cp -i a a </dev/null"}});
}

void add_file_ask_read_only(std::vector<Case>& cases) {
  add(cases, "FileAskReadOnly", "printf 1 >a; printf 2 >b; chmod 4444 b; printf 3 >c; chmod 1000 c",
      {{"echo n | cp -i a b"},
       {"echo y | cp -i a b", kCpOnly},
       {"echo n | cp -if a b"},
       {"echo y | cp -if a b", kCpOnly},
       {"echo n | cp -i --remove-destination a b"},
       {"echo n | cp -i a c"}},
      kForUser);
}

void add_file_not_writable(std::vector<Case>& cases) {
  add(cases, "FileNotWritable",
      "printf 1 >a; printf 2 >b; chmod 444 b; mkdir d; printf 3 >d/b; chmod 444 d/b; chmod 555 d",
      {{"cp a b", kCpOnly},
       {"cp -f a b", kCpOnly},
       {"cp -fv a b", kCpOnly},
       {"cp a d/b", kCpOnly},
       {"cp -f a d/b", kCpOnly},
       {"cp -fv a d/b", kCpOnly},
       {"cp a d/n"},
       {"cp --remove-destination a d/b", kCpOnly},
       {"cp -b a d/b", kCpOnly}},
      kForUser);
}

void add_file_names(std::vector<Case>& cases) {
  add(cases, "FileNames",
      "mkdir d; printf 1 >'a b'; printf 2 >\"it's\"; printf 3 >-x; printf 4 >\"$(printf "
      "'two\\nlines')\"; printf 5 >\"$(printf '\\377')\"",
      {{"cp -v 'a b' d"},
       {"cp -v \"it's\" d"},
       {"cp -v -- -x d"},
       {"cp -v ./-x d"},
       {"cp -rv . d2", kEndsAnywhere},
       {"mkdir s; mv [!s]* s; cp -rv s d2"},
       {"cp 'no such' d"},
       {"cp \"no'such\" d"},
       {"cp \"$(printf 'no\\nsuch')\" d"},
       {"cp \"$(printf 'no\\tsuch\\377')\" d"}});
}

}  // namespace

std::vector<Case> file_cases() {
  std::vector<Case> cases;
  add_file(cases);
  add_file_newer(cases);
  add_file_clobber(cases);
  add_file_ask(cases);
  add_file_ask_read_only(cases);
  add_file_not_writable(cases);
  add_file_names(cases);
  return cases;
}

}  // namespace libcopyfile::test
