#include "copyfile/context.h"

#include "copyfile/interrupt.h"

namespace libcopyfile::app {

ControlOptions Context::control() {
  ControlOptions control;
  control.rate = options.rate;
  control.progress = [this](uint64_t copied, uint64_t total) {
    progress.update(copied, total);
    return !interrupted();
  };
  return control;
}

}  // namespace libcopyfile::app
