#include "copyfile/context.h"

#include <fmt/format.h>

#include "copyfile/interrupt.h"
#include "copyfile/iscsi_settings.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"

namespace libcopyfile::app {

Result<Fd> Context::open_url(const std::string& url, bool write) {
  if (!iscsi) {
    IscsiSettings settings = iscsi_settings();
    settings.interrupted = interrupted;
    iscsi = make_iscsi_transport(settings);
  }
  return files.open(*iscsi, url, write);
}

ControlOptions Context::control() {
  ControlOptions control;
  control.rate = options.rate;
  control.progress = [this](const Progress& now) {
    const std::lock_guard lock(progress_mutex_);
    progress.update(now);
    return !interrupted();
  };
  return control;
}

bool Context::turn_offload_off() {
  for (const std::string& path : options.no_offload) {
    const Result<FileStat> stat = names.stat(kCurrentDirectory, path, true);
    if (!stat || stat->mount == 0) {
      complain(fmt::format("cannot tell the mount of {}", app::quoted(path)),
               stat ? EOPNOTSUPP : stat.error().code);
      return false;
    }
    learned.turn_off(stat->mount);
  }
  return true;
}

}  // namespace libcopyfile::app
