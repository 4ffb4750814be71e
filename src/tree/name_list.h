// The names of --files-from: what of a tree is taken, and nothing else. They are those of rsync(1): relative to the source,
// whatever slashes they begin with; the directories on the way to a name are taken along, not what else is in them. A directory
// that is listed is made; what is in it comes too where the list is recursive, and its immediate entries where the name ends in
// a slash ("." is the source itself).
//
// Otherwise than with rsync, ".." is refused wherever it stands, "." between slashes means nothing, and a list whose names are
// ended by NUL has no comments: every name in it is a name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "tree/entries.h"

namespace libcopyfile {

class NameList {
 public:
  enum class Place : uint8_t {
    outside,
    implied,  // a directory on the way to what is listed
    listed,
    below,  // what is listed
  };

  // The reason of a refusal begins with the place: "line 3: ...", or "entry 3: ..." where they end in NUL.
  static tl::expected<NameList, std::string> parse(std::string_view text, EndsIn ends,
                                                   bool recursive);

  // `path`: inside the source, without a slash at either end; "" is the source itself.
  Place place_of(std::string_view path) const;
  // Whether anything below `path` is listed.
  bool leads_on(std::string_view path) const;
  // Of a path that is below: the nearest listed directory on the way to it.
  std::string_view above(std::string_view path) const;
  // The names in a directory that can be included, sorted: no others need be looked for. Nothing where all of them can.
  std::optional<std::vector<std::string_view>> only(std::string_view directory) const;

  // What is listed, sorted, each once: for telling which of them there is not.
  size_t size() const { return entries_.size(); }
  std::string_view operator[](size_t i) const { return entries_[i].path; }

 private:
  struct Entry {
    std::string_view path;   // into text_
    uint32_t above = kNone;  // the nearest entry that is a directory on the way to it
    bool contents = false;   // it ended in a slash
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  NameList() = default;
  Accepted add(std::string_view name);
  void arrange();
  // The first entry behind `path`.
  std::vector<Entry>::const_iterator behind(std::string_view path) const;
  bool takes_all(std::string_view directory) const;
  const Entry* nearest_above(std::string_view path) const;

  std::vector<char> text_;  // never grows: entries point into it
  std::vector<Entry> entries_;
  bool recursive_ = false;
};

}  // namespace libcopyfile
