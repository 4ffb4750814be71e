// Runs code with system calls refused by the kernel's own filter (seccomp), as an old kernel or a container would:
//
//   refusing({"no-reflink", "copy_file_range:EPERM"}, [&] { EXPECT_EQ(0, copy(...)); });
//
// The words are those of seccomp_rules.h. For whole programs there is the command refuse (testing/refuse).
// Operations of an io_uring are not seen by filters: refuse io_uring_setup.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace libcopyfile::test {

// From now on, for the calling thread and what it starts; there is no way back. Throws ScratchError for a word that is
// not understood or a filter that the kernel does not take.
void refuse_from_now_on(const std::vector<std::string>& words);

// Runs `body` in a thread of its own under the filter. Threads and programs started by it inherit the filter, nobody
// else does. What it throws is thrown here. Expectations of GoogleTest work in it.
void refusing(const std::vector<std::string>& words, const std::function<void()>& body);

// Whether this program was started by `refuse` with this word, or with a profile that contains it: for expectations
// about which mechanism is used. "nothing-works" contains "no-threads".
bool is_refused(const std::string& word);

}  // namespace libcopyfile::test
