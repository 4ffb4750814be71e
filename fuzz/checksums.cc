// Files of checksums. Whatever comes in, what is understood has a name and a digest, and printing an entry and reading it again
// gives the same one.
#include "copyfile/checksums.h"

#include <cstdlib>

using libcopyfile::Algorithm;
using libcopyfile::app::checksum_line;
using libcopyfile::app::ChecksumLine;
using libcopyfile::app::Checksums;
using libcopyfile::app::parse_checksum_line;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Checksums all;
  const size_t found = all.add(text);
  const std::optional<ChecksumLine> line = parse_checksum_line(text.substr(0, text.find('\n')));
  if (!line) return 0;
  require(found > 0 && !line->name.empty());
  if (line->name.find('/') == std::string::npos) (void)all.find(line->name);
  if (line->digest.algorithm != Algorithm::sha256) return 0;
  std::string printed = checksum_line(*line);
  require(printed.ends_with('\n'));
  printed.pop_back();
  require(printed.find('\n') == std::string::npos);
  const std::optional<ChecksumLine> again = parse_checksum_line(printed);
  require(again && again->name == line->name && again->digest == line->digest);
  return 0;
}
