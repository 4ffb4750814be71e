// What is there keeps another name.
#include "cases.h"

namespace libcopyfile::test {

std::vector<Case> backup_cases() {
  std::vector<Case> cases;
  add(cases, "Backup",
      "printf 1 >a; printf 2 >b; printf 3 >c; printf 4 >c.~1~; printf 5 >c.~9~; printf 6 >e; "
      "printf 7 >e.~09~; mkdir d; printf 8 >d/a; ln -s a l; printf 9 >a~",
      {{"cp -b a b"},
       {"cp -bv a b"},
       {"cp --backup a b"},
       {"cp --backup=simple a b; cp --backup=simple c b"},
       {"cp --backup=never a c"},
       {"cp --backup=numbered a b; cp --backup=numbered c b"},
       {"cp --backup=t -v a c"},
       {"cp --backup=existing a b"},
       {"cp --backup=existing -v a c"},
       {"cp --backup=nil a e"},
       {"cp --backup=numbered a e"},
       {"cp --backup=none a b", kCpOnly},
       {"cp --backup=off a b", kCpOnly},
       {"cp --backup=nu a b"},
       {"cp --backup=n a b", kCpOnly},
       {"cp --backup=foo a b", kCpOnly},
       {"cp --backup= a b"},
       {"cp -b -S .old a b"},
       {"cp -S .old a b"},
       {"cp --suffix=.old -v a b"},
       {"cp -b -S '' a b"},
       {"cp -b -S /x a b"},
       {"cp -b --suffix=x/y a b"},
       {"SIMPLE_BACKUP_SUFFIX=.env cp -b a b"},
       {"SIMPLE_BACKUP_SUFFIX=/env cp -b a b"},
       {"SIMPLE_BACKUP_SUFFIX=.env cp -b -S .opt a b"},
       {"VERSION_CONTROL=numbered cp -b a b"},
       {"VERSION_CONTROL=numbered cp --backup=simple a b"},
       {"VERSION_CONTROL=none cp -b a b", kCpOnly},
       {"VERSION_CONTROL=foo cp -b a b", kCpOnly},
       {"VERSION_CONTROL=foo cp a b", kCpOnly},
       {"cp -b a d"},
       {"cp -bv a b d"},
       {"cp -b a n"},
       {"cp -b a a"},
       {"cp -bf a a"},
       {"cp -bfv a a"},
       {"cp -f --backup=numbered c c"},
       {"cp -bf a ./a"},
       {"cp -b a~ a"},
       {"cp --backup=simple a~ a"},
       {"cp --backup=numbered a~ a"},
       {"cp -b a l"},
       {"cp -bP l b"},
       {"cp -bn a b", kCpOnly},
       {"cp -bi a b </dev/null"},
       {"cp -bu a b"},
       {"cp -rb d/. ."},
       {"cp -rbv d n; cp -rbvT d n"},
       {"cp -bT a d"},
       {"cp -b --attributes-only a b"},
       {"cp -b --remove-destination a b"},
       {"cp -b /dev/null b"}});
  add(cases, "BackupRefused", "printf 1 >a; mkdir d; printf 2 >d/a; chmod 555 d",
      {{"cp -b a d"}, {"cp -bv a d"}, {"cp --backup=t a d"}}, kForUser);
  return cases;
}

}  // namespace libcopyfile::test
