// The kernel, with faults in it and a recorder in front of it: all that a test of a whole copy needs, in one object.
//
//   FaultySystem system;
//   system.script.inject("fail write errno=ENOSPC after=3");
//   EXPECT_FALSE(copy_file(system.system(), catalogue, nullptr, job, report));
//   EXPECT_EQ(system.recorder.only({"link", "rename"}), "");
#pragma once

#include "engine/copy_job.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "testing/faulty_attributes.h"
#include "testing/faulty_files.h"
#include "testing/faulty_names.h"
#include "testing/fd_names.h"
#include "testing/recording_attributes.h"
#include "testing/recording_files.h"
#include "testing/script.h"

namespace libcopyfile::test {

struct FaultySystem {
  FdNames fd_names;
  Script script{fd_names};
  Recorder recorder{fd_names};

  KernelFiles kernel_files;
  FaultyFiles faulty_files{kernel_files, script};
  RecordingFiles files{faulty_files, recorder};

  KernelNames kernel_names;
  FaultyNames faulty_names{kernel_names, script};
  RecordingNames names{faulty_names, recorder};

  KernelAttributes kernel_attributes;
  FaultyAttributes faulty_attributes{kernel_attributes, script};
  RecordingAttributes attributes{faulty_attributes, recorder};

  System system() { return {files, names, attributes}; }
};

}  // namespace libcopyfile::test
