#include "copyfile/context.h"

#include "copyfile/interrupt.h"

namespace libcopyfile::app {

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
