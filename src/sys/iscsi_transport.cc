#include "sys/iscsi_transport.h"

#include "sys/iscsi_session.h"

namespace libcopyfile {
namespace {

class IscsiTransport final : public UnitTransport {
 public:
  explicit IscsiTransport(IscsiSettings settings) : settings_(std::move(settings)) {}

  Result<std::unique_ptr<UnitLink>> open(const std::string& address) override {
    const auto url = parse_iscsi_url(address);
    if (!url) return fail(EINVAL, Op::open, url.error());
    if (!library_) {
      Result<Libiscsi> loaded = Libiscsi::load();
      if (!loaded) return fail(loaded.error());
      library_ = *loaded;
    }
    Result<std::unique_ptr<IscsiSession>> session = IscsiSession::open(*library_, *url, settings_);
    if (!session) return fail(session.error());
    return std::move(*session);
  }

  Result<std::unique_ptr<ScsiQueue>> queue(UnitLink& source, UnitLink& destination) override {
    return make_iscsi_queue(static_cast<IscsiSession&>(source),
                            static_cast<IscsiSession&>(destination));
  }

 private:
  const IscsiSettings settings_;
  std::optional<Libiscsi> library_;
};

}  // namespace

std::unique_ptr<UnitTransport> make_iscsi_transport(const IscsiSettings& settings) {
  return std::make_unique<IscsiTransport>(settings);
}

}  // namespace libcopyfile
