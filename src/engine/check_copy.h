// Checks a complete copy that has no name yet: its digest, and what the medium says.
#pragma once

#include <optional>

#include "engine/digest_tap.h"
#include "engine/job_control.h"
#include "verify/read_back.h"

namespace libcopyfile {

// What is wished, as a job says it.
struct CheckOptions {
  Algorithm digest = Algorithm::none;  // to be computed and reported
  std::optional<Digest> expected;      // the copy has this digest, or gets no name
  bool verify = false;                 // read it back from the medium

  // What is computed: what is expected or asked for; for a verification alone the fastest.
  Algorithm algorithm() const {
    if (expected) return expected->algorithm;
    return digest == Algorithm::none && verify ? Algorithm::xxh3_128 : digest;
  }
};

struct Checked {
  std::optional<Digest> digest;       // of the bytes that were copied
  std::optional<Digest> from_medium;  // what was read back, only where it is not the same
  Medium medium = Medium::none;       // where the copy was read back from, if it was the same
};

struct CheckJob {
  Files& files;
  int in = -1;
  int out = -1;  // a private file of ours
  uint64_t size = 0;
  bool cloned =
      false;  // all of it shares the blocks of the source: nothing was copied that could be compared
  const CheckOptions& options;
  DigestTap& tap;  // what has passed
  const ControlOptions& control;
};

// EBADMSG (Op::verify): the copy has not the expected digest, or the medium holds something else; `checked` has both. Costs no
// pass where all bytes were seen as they were copied, and one over the copy where they were not: reading it back serves both.
Done check_copy(const CheckJob& job, Checked& checked);

}  // namespace libcopyfile
