#include "copyfile/context.h"

#include "copyfile/interrupt.h"
#include "copyfile/iscsi_settings.h"

namespace libcopyfile::app {

Result<Fd> Context::open_url(const std::string& url, bool write) {
  if (!iscsi) iscsi = make_iscsi_transport(iscsi_settings());
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

}  // namespace libcopyfile::app
