#include "copyfile/context.h"

#include "copyfile/interrupt.h"

namespace libcopyfile::app {

ControlOptions Context::control() {
  ControlOptions control;
  control.rate = options.rate;
  control.progress = [this](const Progress& now) {
    progress.update(now);
    return !interrupted();
  };
  return control;
}

}  // namespace libcopyfile::app
