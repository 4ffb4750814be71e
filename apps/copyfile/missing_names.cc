#include "copyfile/missing_names.h"

#include <cerrno>

namespace libcopyfile::app {
namespace {

std::string joined(const std::string& directory, std::string_view name) {
  std::string path = directory;
  if (!path.ends_with('/')) path += '/';
  return path.append(name);
}

// Goes through the list in its order, in which names of one directory follow each other: directories on the way are looked at
// once.
class Look {
 public:
  Look(Names& names, const std::string& source) : names_(names), source_(source) {}

  // 0, or an errno.
  int at(std::string_view name) {
    for (size_t slash = name.find('/'); slash != std::string_view::npos;
         slash = name.find('/', slash + 1)) {
      const std::string_view directory = name.substr(0, slash);
      if (is_known(directory)) continue;
      const Result<FileStat> stat = stat_of(directory);
      if (!stat) return stat.error().code;
      if (stat->type != FileType::directory) return ENOTDIR;
      known_ = directory;
    }
    const Result<FileStat> stat = stat_of(name);
    return stat ? 0 : stat.error().code;
  }

 private:
  Result<FileStat> stat_of(std::string_view name) {
    return names_.stat(kCurrentDirectory, joined(source_, name), false);
  }
  bool is_known(std::string_view directory) const {
    return known_.starts_with(directory) &&
           (known_.size() == directory.size() || known_[directory.size()] == '/');
  }

  Names& names_;
  const std::string& source_;
  std::string_view known_;  // into the list
};

}  // namespace

std::vector<MissingName> missing_names(Names& names, const std::string& source,
                                       const NameList& list) {
  std::vector<MissingName> missing;
  Look look(names, source);
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].empty()) continue;
    if (const int code = look.at(list[i]); code != 0) {
      missing.push_back({joined(source, list[i]), code});
    }
  }
  return missing;
}

}  // namespace libcopyfile::app
