// --parents
#include "cases.h"

namespace libcopyfile::test {

std::vector<Case> parents_cases() {
  std::vector<Case> cases;
  add(cases, "Parents",
      "mkdir -p a/b/c d e/a f; printf 1 >a/b/f; printf 2 >a/b/g; printf 3 >a/b/c/h; printf 4 >f/a; "
      "chmod 700 a; chmod 2755 a/b; chmod 750 e/a; printf 5 >top; ln -s a/b l; ln -s b a/bl",
      {{"cp --parents a/b/f d"},
       {"cp -v --parents a/b/f d", kCpOnly},
       {"cp --parents a/b/f a/b/g d", kCpOnly},
       {"cp -v --parents a/b/f a/b/c/h d", kCpOnly},
       {"cp --parents a/b/f a/b/c/h top a/b/g d"},
       {"cp -p --parents a/b/f d"},
       {"cp -a --parents a/b/f d"},
       {"cp --preserve=timestamps --parents a/b/f d"},
       {"cp --preserve=mode --parents a/b/f d"},
       {"cp --no-preserve=mode --parents a/b/f d"},
       {"cp -p --parents a/b/f e"},
       {"cp --parents a/b/f e"},
       {"cp --parents top d"},
       {"cp --parents ./top d"},
       {"cp --parents a/b/f d/"},
       {"cp --parents a/b/f d/new", kCpOnly},
       {"cp --parents a/b/f top", kCpOnly},
       {"cp --parents -T a/b/f d", kCpOnly},
       {"cp --parents a/b/f f"},
       {"cp --parents -t d a/b/f"},
       {"cp --parents -r a/b d"},
       {"cp --parents -rv a/b d", kCpOnly},
       {"cp --parents -a a/b/ d"},
       {"cp --parents a/b d"},
       {"cp --parents nowhere/f d"},
       {"cp --parents a/nowhere d"},
       {"cp --parents top/f d"},
       {"cp --parents a/b/f/ d"},
       {"cp -v --parents ./a//b/f d", kCpOnly},
       {"cp --parents a/b/../b/f d"},
       {"cp --parents \"$PWD/a/b/f\" d"},
       {"cp --parents l/f d"},
       {"cp --parents a/bl/f d"},
       {"cp --parents -r l/c d"},
       {"cp --parents --strip-trailing-slashes -r a/b/ d"},
       {"cp --parents -l a/b/f d"},
       {"cp --parents -n a/b/f d; cp --parents -n a/b/f d"},
       {"cp --parents -b a/b/f d; cp --parents -b a/b/f d"},
       {"umask 077; cp --parents a/b/f d"},
       {"cd a && cp --parents b/f ../d"},
       {"find a -type f | xargs cp --parents -t d"}});
  add(cases, "ParentsShut", "mkdir -p a/b d; printf 1 >a/b/f; chmod 555 a a/b",
      {{"cp --parents a/b/f d"},
       {"cp -p --parents a/b/f d"},
       {"cp -rv --parents a/b d", kCpOnly},
       {"chmod 555 d; cp --parents a/b/f d"}});
  return cases;
}

}  // namespace libcopyfile::test
