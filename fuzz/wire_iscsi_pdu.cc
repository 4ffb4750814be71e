// Headers, additional header segments and texts of iSCSI. Whatever comes in, what was understood of it can be said again.
#include <algorithm>
#include <cstdlib>

#include "wire/iscsi_pdu.h"
#include "wire/iscsi_text.h"

using namespace libcopyfile::wire;
using namespace libcopyfile::wire::iscsi;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <class Pdu>
void say_again(const Header& header) {
  const Header once = encode(decode<Pdu>(header));
  require(encode(decode<Pdu>(once)) == once);
}

template <class... Pdu>
void say_all_again(const Header& header) {
  (say_again<Pdu>(header), ...);
}

void read_text(View text) {
  const auto keys = parse_text(text);
  if (!keys) return;
  Bytes again;
  for (const KeyValue& k : *keys) {
    append_key(again, k.key, k.value);
    static_cast<void>(parse_number(k.value));
    static_cast<void>(is_node_name(k.value));
    if (const auto bytes = parse_binary(k.value, 64)) {
      require(bytes->size() <= 64);
      require(parse_binary(format_binary(*bytes), 64) == bytes);
    }
  }
  require(parse_text(again) == keys);
  TextParts parts(again);
  Bytes joined;
  for (bool more = !again.empty(); more;) {
    const auto part = parts.next(7);
    joined.insert(joined.end(), part.text.begin(), part.text.end());
    more = part.more;
  }
  require(joined == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const View input({data, size});
  Header header{};
  std::copy_n(data, std::min(size, header.size()), header.begin());
  say_all_again<NopOut, ScsiCommand, TaskManagementRequest, LoginRequest, TextRequest, DataOut,
                LogoutRequest, SnackRequest, NopIn, ScsiResponse, TaskManagementResponse,
                LoginResponse, TextResponse, DataIn, LogoutResponse, ReadyToTransfer,
                AsynchronousMessage, Reject>(header);
  const View rest = input.from(kHeaderSize);
  const Framing framing = decode_framing(header);
  require(framing.data <= kMaxDataSegment && framing.additional <= kMaxAdditional);
  if (const auto segments = parse_additional(rest)) {
    size_t total = 0;
    for (const Additional& segment : *segments) total += segment.content.size();
    require(total <= rest.size());
  }
  read_text(rest);
  return 0;
}
