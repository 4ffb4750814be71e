// What the subcommands of `copyfile store` share: the kernel, progress, and what is said of failures.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "copyfile/interrupt.h"
#include "copyfile/store_options.h"
#include "store/repository.h"
#include "sys/kernel_attributes.h"
#include "sys/kernel_files.h"
#include "sys/kernel_names.h"

namespace libcopyfile::app {

class StoreContext {
 public:
  explicit StoreContext(StoreOptions o);

  const StoreOptions options;
  KernelFiles files;
  KernelNames names{interrupted};
  KernelAttributes attributes;

  const store::Environment& environment() const { return environment_; }
  // The repository; nothing if it can't be opened, which has been told.
  std::optional<store::Repository> open(store::Use use);
  std::optional<store::Repository> open_damaged();
  // What an operand leads to; nothing if it is neither digest nor name, which has been told.
  std::optional<store::Reference> reference(const std::string& text);
  // The same, and the index was asked.
  std::optional<Digest> resolve(store::Repository& repository, const std::string& text);

  // Draws progress, holds to the rate, and cancels after a signal.
  ControlOptions control();
  void start_progress(const std::string& what);
  void clear_progress();

  // "copyfile: WHAT (read 'FILE'): REASON", and what to do about it where something can be done.
  void failed(const std::string& what, const Error& error);
  std::string repository_name() const;

  // The status to exit with.
  int end(bool good) const;

 private:
  std::optional<store::Repository> opened(Result<store::Repository> repository);

  Catalogue catalogue_;
  Learned learned_;
  store::Environment environment_;
  std::mutex progress_mutex_;  // workers call it, too
  ProgressLine progress_;
};

// One for each subcommand; the exit status.
int store_init(StoreContext& context);
int store_add(StoreContext& context);
int store_get(StoreContext& context);
int store_cat(StoreContext& context);
int store_export(StoreContext& context);
int store_verify(StoreContext& context);
int store_repair(StoreContext& context);
int store_rebuild(StoreContext& context);
int store_names(StoreContext& context);
int store_ls(StoreContext& context);
int store_tag(StoreContext& context);
int store_rm(StoreContext& context);
int store_gc(StoreContext& context);
int store_stat(StoreContext& context);
int store_du(StoreContext& context);
int store_manifest(StoreContext& context);

}  // namespace libcopyfile::app
