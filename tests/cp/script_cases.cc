// What scripts do with cp.
#include "cases.h"

namespace libcopyfile::test {

std::vector<Case> script_cases() {
  std::vector<Case> cases;
  const char* const kSource =
      "mkdir -p src/bin src/lib/x .git dst; printf '#!/bin/sh\\n' >src/bin/run; chmod 755 "
      "src/bin/run; printf lib >src/lib/l.so.1; ln -s l.so.1 src/lib/l.so; printf x >src/lib/x/y; "
      "printf cfg >config; printf h >.hidden; printf g >.git/HEAD; printf m >Makefile";
  add(cases, "Script", kSource,
      {{"cp -a src/. dst/"},
       {"cp -a . dst2", kCpOnly | kEndsAnywhere},
       {"cd src && cp -a . ../dst/"},
       {"cp -rT src dst"},
       {"cp -aT src dst"},
       {"cp -al src dst2"},
       {"cp -al src dst2; printf new >src/lib/x/y; cp -a src/. dst2", kCpOnly},
       {"cp -r src dst && cp -r src dst", kCpOnly},
       {"cp -Rp src dst"},
       {"cp -pPR src dst"},
       {"cp -dpR src dst"},
       {"cp -dR --preserve=mode,timestamps src dst"},
       {"cp -fpR src dst; cp -fpR src dst", kCpOnly},
       {"cp -R src/* dst"},
       {"cp -r src/bin src/lib dst"},
       {"cp -v src/bin/run config dst"},
       {"cp src/bin/* dst/"},
       {"cp .hidden config dst"},
       {"cp -r .[a-z]* dst"},
       {"cp config config.orig && printf new >config && cp -p config config.new"},
       {"mkdir -p root/usr/bin && cp -p src/bin/run root/usr/bin/run && chmod 700 "
        "root/usr/bin/run"},
       {"cp -u config dst; cp -u config dst; cp -ru src/. dst; cp -ru src/. dst"},
       {"cp --parents src/lib/x/y dst"},
       {"find src -name '*.so*' -exec cp -P {} dst \\;"},
       {"find src -type f -print0 | xargs -0 cp -t dst"},
       {"cp -L src/lib/l.so dst"},
       {"cp -H src/lib/l.so dst"},
       {"cp -d src/lib/l.so dst && cp src/lib/l.so.1 dst"},
       {"cp --backup=numbered config dst; cp --backup=numbered config dst; cp --backup=numbered "
        "config dst"},
       {"cp -n config dst; printf other >config; cp -n config dst"},
       {"yes | cp -i config dst; yes | cp -i config dst", kCpOnly},
       {"yes n | cp -ir src dst; yes n | cp -ir src dst"},
       {"cp nowhere dst || cp config dst"},
       {"cp config dst/sub/file || { mkdir dst/sub; cp config dst/sub/file; }"},
       {"cp /dev/null dst/empty"},
       {"cp -f config dst/config && cp -f Makefile dst/config", kCpOnly},
       {"cp --sparse=always src/lib/l.so.1 dst"},
       {"cp --reflink=auto -a src dst"},
       {"cp -x -a src dst"},
       {"cp --no-preserve=ownership -a src dst"},
       {"cp -r --no-dereference --preserve=mode,links,timestamps src dst"},
       {"cp -a src dst/new/ ; cp -a src dst/other"},
       {"cp -a src/ dst/new"},
       {"cp -rs \"$PWD/src\" dst"},
       {"cp -as \"$PWD/src/.\" dst"},
       {"cp -a --remove-destination src/. dst; cp -a --remove-destination src/. dst"},
       {"umask 022; cp config dst/c; umask 077; cp config dst/d"},
       {"exec 3<config; cp /dev/fd/3 dst/c"},
       {"cp config /dev/null && cp -r src/bin /nonexistent/x"},
       {"cp -t dst -- config Makefile"},
       {"cp -- config Makefile dst"},
       {"cp -ap src dst; cp -rpf src/. dst", kCpOnly}});
  return cases;
}

}  // namespace libcopyfile::test
