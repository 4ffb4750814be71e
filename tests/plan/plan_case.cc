#include "plan_case.h"

#include "plan/validate.h"

namespace libcopyfile::test::world {
namespace {

SideFacts side_on(Fs fs, uint64_t size, bool ours) {
  SideFacts side;
  side.kind = FileType::regular;
  side.stat.type = FileType::regular;
  side.stat.device = 7;
  side.stat.mount = 70;
  side.stat.size = size;
  side.stat.blocks = (size + 511) / 512;
  side.stat.block_size = 4096;
  side.stat.direct_known = true;
  side.stat.direct_memory_align = 512;
  side.stat.direct_offset_align = 512;
  side.ours = ours;
  side.size = size;
  move_to(side, fs);
  return side;
}

Facts facts_on(Fs fs, uint64_t in_size, uint64_t out_size, bool ours) {
  Facts facts;
  facts.in = side_on(fs, in_size, ours);
  facts.in.stat.inode = 1;
  facts.out = side_on(fs, out_size, ours);
  facts.out.stat.inode = 2;
  facts.kernel = {6, 18};
  facts.same_file_system = true;
  facts.same_mount = true;
  facts.memory = 8 * kGiB;
  facts.source_cached = in_size;
  return facts;
}

}  // namespace

void move_to(SideFacts& side, Fs fs) {
  side.fs = {fs.magic, 4096};
  side.fs_class = fs.fs_class;
}

void refuse(PlanCase& c, MechanismId id, int code, std::string reason) {
  c.facts.learned[index_of(id)] = {Can::no, std::move(reason), code};
}

PlanCase whole_file(std::string name, std::string shows, Fs fs, uint64_t size) {
  PlanCase c{std::move(name), std::move(shows), facts_on(fs, size, 0, true), {}, {}};
  c.facts.out_is_new = true;
  c.request.ranges = {{0, 0, size}};
  c.request.ranges_asked = 1;
  c.request.whole_file = true;
  c.layout = Layout{{{0, size}, Content::data}};
  return c;
}

PlanCase ranges(std::string name, std::string shows, Fs fs, uint64_t in_size, uint64_t out_size,
                std::vector<CopyRange> asked) {
  PlanCase c{std::move(name), std::move(shows), facts_on(fs, in_size, out_size, false), {}, {}};
  c.request.ranges_asked = asked.size();
  c.request.ranges = validate_ranges(asked, false).value();
  c.layout = Layout{{{0, in_size}, Content::data}};
  return c;
}

}  // namespace libcopyfile::test::world
