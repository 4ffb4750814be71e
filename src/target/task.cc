#include "target/task.h"

#include <cstring>
#include <new>

namespace libcopyfile::target {
namespace {

// The largest that the kernel may ask for where it goes to a file directly; small transfers are not worth a page.
constexpr std::align_val_t kAlignment{4096};

}  // namespace

TransferBuffer::TransferBuffer(size_t size) {
  if (size == 0) return;
  data_.reset(static_cast<uint8_t*>(::operator new(size, kAlignment, std::nothrow)));
  size_ = data_ != nullptr ? size : 0;
}

TransferBuffer::TransferBuffer(wire::View bytes) : TransferBuffer(bytes.size()) {
  if (size_ != 0) std::memcpy(data_.get(), bytes.span().data(), size_);
}

void TransferBuffer::Free::operator()(uint8_t* data) const { ::operator delete(data, kAlignment); }

wire::Bytes sense_data_of(const Task& task) {
  if (task.outcome.status != Status::check_condition) return {};
  return task.descriptor_sense ? wire::encode_descriptor_sense(task.outcome.sense)
                               : wire::encode_fixed_sense(task.outcome.sense);
}

}  // namespace libcopyfile::target
