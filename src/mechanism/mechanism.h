// The contract of a mechanism: it moves the bytes of ranges and has no policy. testing/contract runs against every
// mechanism; adding one means a file here, a line in the catalogue and a section in docs/mechanisms.md.
//
//  1. can() is pure. It answers from facts only: no, yes, or unknown when only trying tells.
//  2. move() gets ranges that are validated: non-empty, valid file offsets, destinations disjoint, and disjoint from the
//     sources where both are one file. They may be in any order; a mechanism keeps the order.
//  3. Bytes are in place before they are counted: Moved::bytes is a prefix of the ranges, in order, and the destination
//     holds the source's bytes for all of it. What is behind the prefix is undefined but within the ranges' destinations.
//  4. It stops for one reason (Stop). `declined` means "not here, not a failure: something else should continue from
//     Moved::bytes on"; only the errnos of the mechanism's own table lead there. An errno that no table lists is a
//     failure. EIO, ENOSPC, EDQUOT and ENOMEM are never declined.
//  5. No file position moves, except that of a stream. No file is opened, closed, truncated to less, or given a name (but a
//     whole-file clone that came out short is undone).
//  6. After each chunk it calls Control::moved(); if that says stop, it stops with `cancelled` at that point.
//  7. A mechanism object has no state: it may be used by several threads on several pairs at once.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/range.h"
#include "facts/facts.h"
#include "facts/manner.h"
#include "mechanism/tap.h"
#include "sys/files.h"

namespace libcopyfile {

enum class Stop : uint8_t {
  complete,
  end_of_source,  // the source has no byte behind what was moved
  declined,
  cancelled,
  failed,
};

// Whether a refusal says something about this file or range only, or about every file on these two mounts.
enum class Scope : uint8_t { file, mounts };

struct [[nodiscard]] Moved {
  uint64_t bytes = 0;
  Stop stop = Stop::complete;
  Error error;                // why: for declined and failed
  Scope scope = Scope::file;  // for declined
  uint64_t holes = 0;         // of `bytes`: left or made holes because they were zero
};

// What a job wants to know, and may refuse, while bytes move. Called from one thread at a time for one move().
class Control {
 public:
  virtual ~Control() = default;
  // `bytes` more are in place. Returns false to stop here. May sleep (rate limits).
  virtual bool moved(uint64_t bytes) = 0;
  // `bytes` behind those are known to be done, and don't count yet: to be shown. Returns false to stop here.
  virtual bool working(uint64_t /*bytes*/) { return moved(0); }
  // The most that should be moved between two calls of moved().
  virtual uint64_t chunk() const = 0;
};

struct Pair {
  Files& files;
  int in;
  int out;
  const Facts& facts;
  Control& control;
  Manner manner;
  Tap* tap =
      nullptr;  // may be absent; only of those mechanisms that have the bytes in memory (buffered)
};

class Mechanism {
 public:
  virtual ~Mechanism() = default;
  virtual MechanismId id() const = 0;
  std::string_view name() const { return name_of(id()); }
  virtual Verdict can(const Facts& facts) const = 0;
  virtual Moved move(Pair& pair, std::span<const CopyRange> ranges) const = 0;
};

std::unique_ptr<Mechanism> make_reflink();
std::unique_ptr<Mechanism> make_copy_range();
std::unique_ptr<Mechanism> make_buffered();
std::unique_ptr<Mechanism> make_direct();
std::unique_ptr<Mechanism> make_zero();
// Between disks (disk_mechanism.h).
std::unique_ptr<Mechanism> make_disk_extended_copy();
std::unique_ptr<Mechanism> make_disk_token();
std::unique_ptr<Mechanism> make_disk_nvme_copy();

// Every mechanism of this build, by id.
class Catalogue {
 public:
  Catalogue();
  const Mechanism& at(MechanismId id) const { return *all_[index_of(id)]; }
  PerMechanism<Verdict> verdicts(const Facts& facts) const;

 private:
  PerMechanism<std::unique_ptr<Mechanism>> all_;
};

// One row of a mechanism's errno table.
struct ErrnoRow {
  int code;
  Stop stop;  // declined or failed
  Scope scope;
  const char* reason;
};
// What `table` says of `error`: failed where it says nothing.
Moved stopped(std::span<const ErrnoRow> table, const Error& error, uint64_t bytes);

}  // namespace libcopyfile
