// What all copies of one call of the command share.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "copyfile/interrupt.h"
#include "copyfile/messages.h"
#include "copyfile/options.h"
#include "copyfile/tree_progress.h"
#include "engine/copy_job.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"
#include "sys/unit_transport.h"
#include "units/unit_files.h"

namespace libcopyfile::app {

struct Context {
  Options options;
  uint32_t creation_mask = 022;
  KernelFiles kernel;
  std::unique_ptr<UnitTransport> iscsi;    // once a URL was opened
  std::unique_ptr<UnitTransport> generic;  // once a SCSI generic node was
  UnitFiles files{kernel};
  KernelNames names;
  KernelAttributes attributes;
  Catalogue catalogue;
  Learned learned;
  ProgressLine progress;
  TreeProgress* tree_progress = nullptr;  // while trees are copied: in place of the line above

  Context(Options o, uint32_t mask)
      : options(std::move(o)),
        creation_mask(mask),
        names(interrupted),
        progress(shown_progress()) {}

  System system() { return {files, names, attributes}; }
  // The unit behind an iscsi:// URL. A failure's `where` says why, and nothing of the URL.
  Result<Fd> open_url(const std::string& url, bool write);
  // Whether it names a logical unit that is spoken to past the kernel's block devices: by a URL, or by a SCSI generic node.
  bool names_unit(const std::string& operand);
  Result<Fd> open_unit(const std::string& operand, bool write);
  // Draws progress, and cancels after a signal.
  ControlOptions control();
  bool keep_plans() const { return options.explain || options.json; }
  // Whether any copy is computed a digest of, or read back.
  bool checks() const {
    return options.check.algorithm() != Algorithm::none || !options.checksum_files.empty();
  }

  // --no-offload; false if a mount can't be told, which has been told.
  bool turn_offload_off();

  ShowProgress shown_progress() const {
    // Scripts that call cp know no line of progress.
    const bool never = options.json || (is_cp() && options.progress == ShowProgress::automatic);
    return never ? ShowProgress::never : options.progress;
  }

 private:
  std::mutex progress_mutex_;  // workers call it, too
};

// While it lives no line of progress is in the way of what is printed.
class Quiet {
 public:
  explicit Quiet(Context& context) {
    context.progress.clear();
    if (context.tree_progress != nullptr) pause_.emplace(*context.tree_progress);
  }

 private:
  std::optional<TreeProgress::Pause> pause_;
};

int copy_command(int argc, char** argv, uint32_t creation_mask);
int range_command(int argc, char** argv, uint32_t creation_mask);
int probe_command(int argc, char** argv);
int sweep_command(int argc, char** argv);

}  // namespace libcopyfile::app
