#include "tcmu_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

#include "testing/scratch_error.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

// linux/target_core_user.h, which is no C++.
struct Mailbox {
  uint16_t version;
  uint16_t flags;
  uint32_t ring;              // where it begins
  uint32_t ring_size;         // bytes
  uint32_t head;              // the kernel's: behind the last entry
  alignas(64) uint32_t tail;  // ours: the first entry that is not done
};

struct Entry {
  uint32_t length_and_kind;
  uint16_t id;
  uint8_t kernel_flags;
  uint8_t our_flags;
};
constexpr uint32_t kKinds = 7;
constexpr uint32_t kPadding = 0;
constexpr uint32_t kCommand = 1;
constexpr uint8_t kUnknown = 1;

// Behind the Entry. What is around it is packed, and this is not.
struct Request {
  uint32_t parts;
  uint32_t bidirectional_parts;
  uint32_t protection_parts;
  uint64_t cdb;
  uint64_t unused[2];
  // Then iovecs, whose addresses are offsets, too.
};
static_assert(offsetof(Request, cdb) == 16 && sizeof(Request) == 40);

struct Response {
  uint8_t status;
  uint8_t unused[3];
  uint32_t read_length;
  uint8_t sense[96];
};

// By the group code of the operation.
size_t cdb_length(uint8_t opcode) {
  constexpr size_t kLengths[] = {6, 10, 10, 16, 16, 12, 16, 16};
  return kLengths[opcode >> 5];
}

}  // namespace

TcmuRing::TcmuRing(unsigned number) {
  const std::string name = "uio" + std::to_string(number);
  uio_ = Fd(open(("/dev/" + name).c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!uio_.valid()) throw ScratchError::of_errno("open /dev/" + name);
  size_ = std::stoull(read_text("/sys/class/uio/" + name + "/maps/map0/size"), nullptr, 16);
  void* const memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, uio_.get(), 0);
  if (memory == MAP_FAILED) throw ScratchError::of_errno("map /dev/" + name);
  memory_ = static_cast<std::byte*>(memory);
}

TcmuRing::~TcmuRing() { munmap(memory_, size_); }

void TcmuRing::serve(const Answer& answer) {
  uint32_t interrupts = 0;
  (void)!read(uio_.get(), &interrupts, sizeof interrupts);
  auto& mailbox = *at<Mailbox>(0);
  const std::atomic_ref<uint32_t> head(mailbox.head);
  const std::atomic_ref<uint32_t> tail(mailbox.tail);
  while (tail.load() != head.load()) {
    const uint64_t where = mailbox.ring + tail.load();
    auto& entry = *at<Entry>(where);
    const uint32_t length = entry.length_and_kind & ~kKinds;
    switch (entry.length_and_kind & kKinds) {
      case kPadding: break;
      case kCommand: carry_out(where + sizeof(Entry), answer); break;
      default: entry.our_flags |= kUnknown; break;
    }
    tail.store((tail.load() + length) % mailbox.ring_size);
  }
  const uint32_t done = 0;
  (void)!write(uio_.get(), &done, sizeof done);
}

void TcmuRing::carry_out(uint64_t where, const Answer& answer) const {
  // Request and response are in the same place.
  const Request request = *at<Request>(where);
  std::vector<iovec> parts(request.parts);
  std::memcpy(parts.data(), at<std::byte>(where + sizeof(Request)), parts.size() * sizeof(iovec));
  const auto* const cdb = at<const uint8_t>(request.cdb);
  std::vector<uint8_t> data;
  for (const iovec& part : parts) {
    const auto* const bytes = at<const uint8_t>(reinterpret_cast<uintptr_t>(part.iov_base));
    data.insert(data.end(), bytes, bytes + part.iov_len);
  }
  const ScsiCompletion completion = answer({cdb, cdb_length(cdb[0])}, data);
  // What the command brought comes back as it was.
  auto from = data.begin();
  for (const iovec& part : parts) {
    std::copy_n(from, part.iov_len, at<uint8_t>(reinterpret_cast<uintptr_t>(part.iov_base)));
    from += static_cast<ptrdiff_t>(part.iov_len);
  }
  Response response{};
  response.status = completion.status;
  const std::span<const uint8_t> sense = completion.sense_data();
  std::copy_n(sense.begin(), std::min(sense.size(), sizeof response.sense), response.sense);
  *at<Response>(where) = response;
}

}  // namespace libcopyfile::test
