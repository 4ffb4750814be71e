#include "store/verify_position.h"

#include <array>

#include "sys/transfer.h"

namespace libcopyfile::store {
namespace {

constexpr const char* kName = "verify";

}  // namespace

std::optional<Digest> VerifyPosition::load() const {
  const System& system = repository_.environment().system;
  const Result<Fd> fd = system.names.open(repository_.root(), kName, Open::look);
  if (!fd) return {};
  std::array<std::byte, 128> text;
  const Result<size_t> n = read_full(system.files, fd->get(), text, 0);
  if (!n || *n == 0) return {};
  return parse_hex(Algorithm::sha256, {reinterpret_cast<const char*>(text.data()), *n - 1});
}

void VerifyPosition::save(const Digest& last) const {
  if (repository_.use() != Use::write) return;
  const System& system = repository_.environment().system;
  Result<PendingFile> pending =
      PendingFile::create(system.files, system.names, repository_.root(), kName, Replace::file);
  if (!pending) return;
  const std::string text = last.hex() + "\n";
  size_t written = 0;
  if (!write_all(system.files, pending->fd(), std::as_bytes(std::span(text)), 0, &written)) return;
  const uint32_t mode = repository_.format().index_mode();
  if (!system.attributes.set_mode(pending->fd(), mode)) return;
  (void)std::move(*pending).commit(Durability::ordered);
}

void VerifyPosition::clear() const {
  if (repository_.use() != Use::write) return;
  (void)repository_.environment().system.names.unlink(repository_.root(), kName);
}

}  // namespace libcopyfile::store
