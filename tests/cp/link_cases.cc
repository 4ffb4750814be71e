// Symbolic and hard links: as sources, as destinations, as what is made.
#include "cases.h"

namespace libcopyfile::test {
namespace {

void add_link(std::vector<Case>& cases) {
  add(cases, "Link",
      "printf one >a; printf two >b; mkdir d r; ln -s a l; ln -s d dl; ln -s nowhere x; ln -s loop "
      "loop; printf in >d/f; ln -s ../a d/l; ln -s q d/x",
      {{"cp l n"},
       {"cp -P l n"},
       {"cp -d l n"},
       {"cp -a l n"},
       {"cp -L l n"},
       {"cp -H l n"},
       {"cp -r l n"},
       {"cp -rL l n"},
       {"cp -rH l n"},
       {"cp x n"},
       {"cp -P x n"},
       {"cp -Pv x n"},
       {"cp loop n"},
       {"cp -P loop n"},
       {"cp dl n"},
       {"cp -r dl n"},
       {"cp -rL dl n"},
       {"cp -rH dl n"},
       {"cp -rH dl/ n"},
       {"cp -r dl/ n"},
       {"cp -rP dl/ n"},
       {"cp -a dl/. n"},
       {"cp -r dl r"},
       {"cp -r dl/ r"},
       {"cp -r --strip-trailing-slashes dl/ r"},
       {"cp -r --strip-trailing-slashes dl/ n"},
       {"cp b l", kCpOnly},
       {"cp b x"},
       {"cp -v b x", kCpOnly},
       {"cp b loop"},
       {"cp -f b loop", kCpOnly},
       {"cp -f b x"},
       {"cp --remove-destination b l"},
       {"cp --remove-destination b x"},
       {"cp b dl"},
       {"cp -T b dl"},
       {"cp -v b dl/"},
       {"cp -r d dl", kEndsAnywhere},
       {"cp -rT r dl"},
       {"cp -r r/. dl"},
       {"cp -P l b"},
       {"cp -Pv l b"},
       {"cp -P l x"},
       {"cp -Pn l b"},
       {"cp -Pf l b"},
       {"cp -Pb l b"},
       {"cp -P l d"},
       {"cp -P x d/l"},
       {"echo n | cp -iP l b"},
       {"cp l a"},
       {"cp a l"},
       {"cp -P l a"},
       {"cp -P l l"},
       {"cp -d a l"},
       {"cp -P l ./l"},
       {"cp -b l a", kCpOnly},
       {"cp -b a l"},
       {"cp --remove-destination l a", kCpOnly},
       {"cp --remove-destination a l"},
       {"cp -f l a"},
       {"cp -f a l"},
       {"cp -s a l", kCpOnly},
       {"cp -sf a l"},
       {"cp -L l d/l", kCpOnly},
       {"cp -a d/. r"},
       {"cp -aL d/l r"},
       {"cp -rL d r/n"}});
}

void add_link_to_directory(std::vector<Case>& cases) {
  add(cases, "LinkToDirectory",
      "mkdir -p s/d real t x/s; printf 1 >s/f; printf 2 >s/d/g; ln -s ../real t/d; mkdir y; ln -s "
      "../real y/s; rmdir x/s; ln -s nowhere x/s",
      {{"cp -r s/. t"},
       {"cp -a s/. t"},
       {"cp -r s y"},
       {"cp -r s x"},
       {"cp -r --remove-destination s y"},
       {"cp -rf s y"},
       {"cp -rT s t"}});
}

void add_hard_link(std::vector<Case>& cases) {
  add(cases, "HardLink",
      "printf one >a; ln a a2; printf two >b; mkdir s d; printf in >s/f; ln s/f s/g; ln s/f outer; "
      "ln -s f s/l; mkdir s/sub; ln s/f s/sub/h",
      {{"cp -l a n"},
       {"cp -lv a n"},
       {"cp -l a a2"},
       {"cp -l a b"},
       {"cp -lf a b"},
       {"cp -lfv a b"},
       {"cp -lb a b"},
       {"cp -l a d"},
       {"cp -l --remove-destination a b"},
       {"cp -lL s/l n"},
       {"cp -lP s/l n"},
       {"cp -l s/l n"},
       {"cp -rl s n"},
       {"cp -rlP s n"},
       {"cp -al s n"},
       {"cp -alv s n"},
       {"cp -al s d"},
       {"cp -al s d; cp -al s d"},
       {"cp -alf s d; cp -alf s d"},
       {"cp -a s n"},
       {"cp -r s n"},
       {"cp -r --preserve=links s n"},
       {"cp -d a a2 d"},
       {"cp --preserve=links a a2 d"},
       {"cp -p a a2 d"},
       {"cp -a a a2 d"},
       {"cp -av a a2 d"},
       {"cp -a s/f outer d"},
       {"cp -a s outer d"},
       {"cp -a s d; cp -a s d", kCpOnly},
       {"cp -a s/. d; printf new >d/f; cp -a s/. d", kCpOnly},
       {"cp -L --preserve=links s/l s/f d"},
       {"cp -H --preserve=links s/l s/f d"},
       {"cp -n --preserve=links a a2 d"},
       {"cp -l d n"},
       {"cp -l nowhere n"},
       {"cp -ls a n", kCpOnly}});
}

void add_symbolic_link(std::vector<Case>& cases) {
  add(cases, "SymbolicLink", "printf one >a; printf two >b; mkdir s d; printf in >s/f; ln -s a l",
      {{"cp -s a n"},
       {"cp -sv a n"},
       {"cp -s a d"},
       {"cp -s a d/n"},
       {"cp -s \"$PWD/a\" d"},
       {"cp -s a b"},
       {"cp -sf a b"},
       {"cp -sfv a b"},
       {"cp -sb a b"},
       {"cp -sn a b"},
       {"cp -s a ./n"},
       {"cp -s l n"},
       {"cp -sP l n"},
       {"cp -rs s n"},
       {"cp -rsv s n", kCpOnly},
       {"cp -rs \"$PWD/s\" n"},
       {"cp -rsv \"$PWD/s\" d"},
       {"cp -as \"$PWD/s\" n"},
       {"cp -s --remove-destination a b"},
       {"cp -s a l"},
       {"cp -s nowhere n"}});
}

void add_just_created(std::vector<Case>& cases) {
  add(cases, "JustCreated",
      "mkdir d e t; printf 1 >d/f; printf 2 >e/f; ln -s q d/l; ln -s z e/l; ln -s h d/g; printf 3 "
      ">e/g",
      {{"cp d/f e/f t"},
       {"cp -v d/f e/f t"},
       {"cp -b d/f e/f t"},
       {"cp --backup=numbered d/f e/f t"},
       {"cp -bv d/f d/f t"},
       {"cp -P d/l e/l t"},
       {"cp -P d/g e/g t"},
       {"cp -r d/. e/. t", kCpOnly},
       {"cp -n d/f e/f t"},
       {"cp -f d/f e/f t"},
       {"cp -l d/f e/f t"}});
}

}  // namespace

std::vector<Case> link_cases() {
  std::vector<Case> cases;
  add_link(cases);
  add_link_to_directory(cases);
  add_hard_link(cases);
  add_symbolic_link(cases);
  add_just_created(cases);
  return cases;
}

}  // namespace libcopyfile::test
