#include "testing/memory_image.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace libcopyfile::test {
namespace {

// Pieces of a copy: so that tests see progress, and stop in the middle.
constexpr uint64_t kPiece = uint64_t{1} << 20;

void wait_while(const std::atomic<bool>& held, const std::function<bool()>& go_on) {
  while (held && go_on()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

MemoryImage::MemoryImage(Options options) : options_(std::move(options)) {
  info_.size = options_.size;
  info_.file_system = options_.file_system;
  info_.granularity = options_.granularity;
  info_.read_only = options_.read_only;
  info_.can_share = options_.can_share;
  info_.can_punch = true;
}

void MemoryImage::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(fault);
}

Done MemoryImage::check(Op op, uint64_t offset, uint64_t length) {
  if (offset > info_.size || length > info_.size - offset) {
    return fail(EINVAL, op, Range{offset, offset});
  }
  if (op != Op::read && op != Op::sync && info_.read_only) return fail(EROFS, op);
  const std::lock_guard lock(mutex_);
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (fault->op != op) continue;
    if (fault->after > 0) {
      --fault->after;
      continue;
    }
    const int error = fault->error;
    if (--fault->times == 0) faults_.erase(fault);
    return fail(error, op, Range{offset, offset + length});
  }
  return {};
}

void MemoryImage::get(uint64_t offset, std::span<uint8_t> into) const {
  const uint64_t size = options_.granularity;
  while (!into.empty()) {
    const uint64_t in_block = offset % size;
    const size_t part = std::min<uint64_t>(into.size(), size - in_block);
    const auto found = blocks_.find(offset / size);
    if (found == blocks_.end()) {
      std::fill_n(into.begin(), part, uint8_t{0});
    } else {
      std::copy_n(found->second->begin() + static_cast<ptrdiff_t>(in_block), part, into.begin());
    }
    into = into.subspan(part);
    offset += part;
  }
}

void MemoryImage::put(uint64_t offset, std::span<const uint8_t> data) {
  const uint64_t size = options_.granularity;
  while (!data.empty()) {
    const uint64_t in_block = offset % size;
    const size_t part = std::min<uint64_t>(data.size(), size - in_block);
    Block& block = blocks_[offset / size];
    // What is shared is not changed in place.
    if (block == nullptr) block = std::make_shared<std::vector<uint8_t>>(size);
    if (block.use_count() > 1) block = std::make_shared<std::vector<uint8_t>>(*block);
    std::copy_n(data.begin(), part, block->begin() + static_cast<ptrdiff_t>(in_block));
    data = data.subspan(part);
    offset += part;
  }
}

void MemoryImage::clear(Range range, bool unmap) {
  const uint64_t size = options_.granularity;
  const std::vector<uint8_t> zeros(size);
  while (!range.empty()) {
    const uint64_t in_block = range.begin % size;
    const uint64_t part = std::min(range.length(), size - in_block);
    const bool there = blocks_.contains(range.begin / size);
    if (unmap && part == size) {
      blocks_.erase(range.begin / size);
    } else if (there || !unmap) {
      put(range.begin, std::span(zeros).first(part));
    }
    range.begin += part;
  }
}

Done MemoryImage::read(uint64_t offset, std::span<uint8_t> into, target::MayBlock may) {
  if (may == target::MayBlock::no && (options_.would_block || transfers_held_)) {
    ++calls_.refused_to_block;
    return fail(EAGAIN, Op::read);
  }
  ++calls_.reads;
  wait_while(transfers_held_, [] { return true; });
  if (auto checked = check(Op::read, offset, into.size()); !checked) return checked;
  const std::lock_guard lock(mutex_);
  get(offset, into);
  return {};
}

Done MemoryImage::write(uint64_t offset, std::span<const uint8_t> data, target::MayBlock may) {
  if (may == target::MayBlock::no && (options_.would_block || transfers_held_)) {
    ++calls_.refused_to_block;
    return fail(EAGAIN, Op::write);
  }
  ++calls_.writes;
  wait_while(transfers_held_, [] { return true; });
  if (auto checked = check(Op::write, offset, data.size()); !checked) return checked;
  const std::lock_guard lock(mutex_);
  put(offset, data);
  return {};
}

Done MemoryImage::flush() {
  ++calls_.flushes;
  wait_while(transfers_held_, [] { return true; });
  return check(Op::sync, 0, 0);
}

Done MemoryImage::zero(Range range, bool unmap) {
  ++calls_.zeros;
  if (auto checked = check(Op::punch, range.begin, range.length()); !checked) return checked;
  const std::lock_guard lock(mutex_);
  clear(range, unmap);
  return {};
}

Done MemoryImage::prefetch(Range /*range*/) {
  ++calls_.prefetches;
  return {};
}

Result<target::Image::Run> MemoryImage::run_at(uint64_t offset, uint64_t until) {
  if (auto checked = check(Op::map_extents, offset, 0); !checked) return fail(checked.error());
  const std::lock_guard lock(mutex_);
  const uint64_t size = options_.granularity;
  until = std::min(until, info_.size);
  Run run;
  run.mapped = blocks_.contains(offset / size);
  uint64_t block = offset / size + 1;
  while (block * size < until && blocks_.contains(block) == run.mapped) ++block;
  run.end = std::min(until, block * size);
  return run;
}

Done MemoryImage::copy_piece(MemoryImage& from, uint64_t from_offset, uint64_t offset,
                             uint64_t length, target::CopyAccount& account) {
  const uint64_t size = options_.granularity;
  const bool aligned = from_offset % size == 0 && offset % size == 0 &&
                       (length % size == 0 || offset + length == info_.size);
  const bool shared = info_.can_share && from.info_.can_share && aligned &&
                      from.info_.file_system == info_.file_system &&
                      from.options_.granularity == size;
  if (!shared) {
    std::vector<uint8_t> data(length);
    {
      const std::lock_guard lock(from.mutex_);
      from.get(from_offset, data);
    }
    const std::lock_guard lock(mutex_);
    put(offset, data);
    account.moved += length;
    account.mechanism = "read_write";
    account.reason = "not shared";
    return {};
  }
  std::map<uint64_t, Block> blocks;
  {
    const std::lock_guard lock(from.mutex_);
    for (uint64_t at = 0; at < length; at += size) {
      const auto found = from.blocks_.find((from_offset + at) / size);
      if (found != from.blocks_.end()) blocks[at] = found->second;
    }
  }
  const std::lock_guard lock(mutex_);
  for (uint64_t at = 0; at < length; at += size) {
    const auto found = blocks.find(at);
    if (found == blocks.end()) {
      blocks_.erase((offset + at) / size);
    } else {
      blocks_[(offset + at) / size] = found->second;
    }
  }
  account.shared += length;
  account.mechanism = "clone";
  return {};
}

Done MemoryImage::copy_from(Image& from, uint64_t from_offset, uint64_t offset, uint64_t length,
                            const target::CopyProgress& progress, target::CopyAccount& account) {
  ++calls_.copies;
  auto* source = dynamic_cast<MemoryImage*>(&from);
  if (source == nullptr) return fail(EINVAL, Op::clone);
  if (from_offset > source->info_.size || length > source->info_.size - from_offset) {
    return fail(EINVAL, Op::read);
  }
  while (length > 0) {
    bool stopped = false;
    wait_while(copies_held_, [&] { return !(stopped = progress && !progress(0)); });
    if (stopped) return fail(ECANCELED, Op::clone);
    std::this_thread::sleep_for(std::chrono::milliseconds(copy_ms_));
    const uint64_t part = std::min(length, kPiece);
    if (auto checked = source->check(Op::read, from_offset, part); !checked) return checked;
    if (auto checked = check(Op::clone, offset, part); !checked) return checked;
    if (auto copied = copy_piece(*source, from_offset, offset, part, account); !copied) {
      return copied;
    }
    from_offset += part;
    offset += part;
    length -= part;
    if (progress && !progress(part)) return fail(ECANCELED, Op::clone);
  }
  return {};
}

Result<std::shared_ptr<target::Image>> MemoryImage::scratch(uint64_t size) {
  ++calls_.scratches;
  if (!options_.has_unnamed_files) return fail(EOPNOTSUPP, Op::create);
  if (auto checked = check(Op::create, 0, 0); !checked && checked.error().code != EROFS) {
    return fail(checked.error());
  }
  Options options = options_;
  options.size = size;
  options.read_only = false;
  options.name = options_.name + " (scratch)";
  return std::make_shared<MemoryImage>(std::move(options));
}

Done MemoryImage::snapshot(const std::string& /*path*/) {
  ++calls_.snapshots;
  return check(Op::create, 0, 0);
}

std::vector<uint8_t> MemoryImage::peek(uint64_t offset, size_t length) const {
  std::vector<uint8_t> data(length);
  const std::lock_guard lock(mutex_);
  get(offset, data);
  return data;
}

void MemoryImage::poke(uint64_t offset, std::span<const uint8_t> data) {
  const std::lock_guard lock(mutex_);
  put(offset, data);
}

uint64_t MemoryImage::allocated() const {
  const std::lock_guard lock(mutex_);
  return blocks_.size() * options_.granularity;
}

bool MemoryImage::shares(Range range, const MemoryImage& other, uint64_t offset) const {
  const std::scoped_lock lock(mutex_, other.mutex_);
  const uint64_t size = options_.granularity;
  for (uint64_t at = 0; at < range.length(); at += size) {
    const auto mine = blocks_.find((range.begin + at) / size);
    const auto others = other.blocks_.find((offset + at) / size);
    if (mine == blocks_.end() || others == other.blocks_.end() || mine->second != others->second) {
      return false;
    }
  }
  return true;
}

std::shared_ptr<MemoryImage> memory_image(uint64_t size) {
  MemoryImage::Options options;
  options.size = size;
  return memory_image(std::move(options));
}

std::shared_ptr<MemoryImage> memory_image(MemoryImage::Options options) {
  return std::make_shared<MemoryImage>(std::move(options));
}

}  // namespace libcopyfile::test
