// A queue with faults: transfers fail, fall short or are dropped as the script says of read and write; submit and reap
// fail by their own names. What the script decides never reaches the real queue.
#pragma once

#include <memory>

#include "sys/io_queue.h"
#include "testing/script.h"

namespace libcopyfile::test {

// The script must outlive it.
std::unique_ptr<IoQueue> make_faulty_queue(std::unique_ptr<IoQueue> real, Script& script);

}  // namespace libcopyfile::test
