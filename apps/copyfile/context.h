// What all copies of one call of the command share.
#pragma once

#include "copyfile/interrupt.h"
#include "copyfile/options.h"
#include "engine/copy_job.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"

namespace libcopyfile::app {

struct Context {
  Options options;
  uint32_t creation_mask = 022;
  KernelFiles files;
  KernelNames names;
  KernelAttributes attributes;
  Catalogue catalogue;
  Learned learned;
  ProgressLine progress;

  Context(Options o, uint32_t mask)
      : options(std::move(o)),
        creation_mask(mask),
        names(interrupted),
        progress(options.json ? ShowProgress::never : options.progress) {}

  System system() { return {files, names, attributes}; }
  // Draws progress, and cancels after a signal.
  ControlOptions control();
  bool keep_plans() const { return options.explain || options.json; }
};

int copy_command(int argc, char** argv, uint32_t creation_mask);
int range_command(int argc, char** argv, uint32_t creation_mask);
int probe_command(int argc, char** argv);
int sweep_command(int argc, char** argv);

}  // namespace libcopyfile::app
