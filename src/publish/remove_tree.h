// Removes a directory and all that is in it.
#pragma once

#include <string>

#include "sys/attributes.h"
#include "sys/names.h"

namespace libcopyfile {

// `name` in `dir`, which is one of ours: nobody else moves directories in it meanwhile (where somebody does, nothing outside is
// touched, and it ends with EAGAIN). `expected`: what the name must stand for, else ESTALE. Symbolic links are removed, not followed, and other file systems are not entered (EXDEV).
// However deep the tree, few descriptors are open. ENOTDIR for what is no directory.
Done remove_tree(Files& files, Names& names, Attributes& attributes, int dir,
                 const std::string& name, const FileStat* expected = nullptr);

}  // namespace libcopyfile
