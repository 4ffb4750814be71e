#include "lesser_server.h"

#include <sys/mount.h>

#include "lab/support/workplace.h"

namespace libcopyfile::test {
namespace {

constexpr uint16_t kNfs = 2049;
constexpr uint16_t kPort = 2050;
constexpr uint32_t kNfsProgram = 100003;
constexpr const char* kMount = "/mnt/lesser";

// RFC 7862, 5661. The kernel's server has no IO_ADVISE, and says so.
enum Operation : uint32_t {
  kPutHandle = 22,
  kSaveHandle = 32,
  kSequence = 53,
  kCopy = 60,
  kIoAdvise = 63,
  kClone = 71,
};

uint32_t word(std::span<const uint8_t> record, size_t at) {
  if (at + 4 > record.size()) return UINT32_MAX;
  return static_cast<uint32_t>(record[at] << 24 | record[at + 1] << 16 | record[at + 2] << 8 |
                               record[at + 3]);
}

void set_word(std::span<uint8_t> record, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) record[at + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

// Behind the bytes whose length is told at `at`.
size_t behind_bytes(std::span<const uint8_t> record, size_t at) {
  const size_t length = word(record, at);
  return at + 4 + (length + 3) / 4 * 4;
}

// Where COPY or CLONE stands in a request; 0 in all others. Linux sends SEQUENCE, PUTFH, SAVEFH and PUTFH before them.
size_t find_copy(std::span<const uint8_t> record) {
  constexpr size_t kCredentials = 24;
  constexpr size_t kArgumentsOfSequence = 32;
  const bool is_nfs = word(record, 4) == 0 && word(record, 12) == kNfsProgram;
  if (!is_nfs || word(record, 20) != 1) return 0;
  const size_t verifier = behind_bytes(record, kCredentials + 4);
  const size_t tag = behind_bytes(record, verifier + 4);
  size_t at = behind_bytes(record, tag) + 8;
  for (;;) {
    switch (word(record, at)) {
      case kSequence: at += 4 + kArgumentsOfSequence; break;
      case kPutHandle: at = behind_bytes(record, at + 4); break;
      case kSaveHandle: at += 4; break;
      case kCopy:
      case kClone: return at;
      default: return 0;
    }
  }
}

}  // namespace

LesserServer::LesserServer(const std::string& name, const Lesser& how)
    : how_(how), relay_(kPort, kNfs, [this](To to, std::span<uint8_t> r) { edit(to, r); }) {
  // By the name of another host: one that the server knows would go on over the connection that it has.
  shell(std::string("mkdir -p ") + kMount + " && unshare --uts sh -c 'hostname other && " +
        "mount -t nfs4 -o vers=4.2,proto=tcp,sec=sys,port=" + std::to_string(kPort) +
        " 127.0.0.1:/" + name + " " + kMount + "'");
}

LesserServer::~LesserServer() { umount2(kMount, MNT_DETACH); }

void LesserServer::edit(To direction, std::span<uint8_t> record) {
  if (direction == To::server) {
    edit_request(record);
  } else {
    edit_answer(record);
  }
}

void LesserServer::edit_request(std::span<uint8_t> record) {
  const size_t at = find_copy(record);
  if (at == 0) return;
  const uint32_t operation = word(record, at);
  if (!(operation == kCopy ? how_.copies : how_.clones)) {
    refused_[word(record, 0)] = operation;
    set_word(record, at, kIoAdvise);
    return;
  }
  // Behind two state ids and two offsets.
  constexpr size_t kCount = 4 + 16 + 16 + 8 + 8;
  if (operation != kCopy || record.size() < at + kCount + 8) return;
  const uint64_t count = uint64_t{word(record, at + kCount)} << 32 | word(record, at + kCount + 4);
  if (count <= how_.most_per_copy) return;
  set_word(record, at + kCount, static_cast<uint32_t>(how_.most_per_copy >> 32));
  set_word(record, at + kCount + 4, static_cast<uint32_t>(how_.most_per_copy));
}

void LesserServer::edit_answer(std::span<uint8_t> record) {
  const auto refused = refused_.find(word(record, 0));
  if (word(record, 4) != 1 || refused == refused_.end() || record.size() < 8) return;
  // The answer ends with the operation that was refused, and why.
  if (word(record, record.size() - 8) == kIoAdvise) {
    set_word(record, record.size() - 8, refused->second);
  }
  refused_.erase(refused);
}

}  // namespace libcopyfile::test
