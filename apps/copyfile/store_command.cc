#include "copyfile/store_command.h"

#include <fmt/format.h>

#include <cstring>

#include "copyfile/interrupt.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "copyfile/store_context.h"

namespace libcopyfile::app {
namespace {

int run(StoreVerb verb, StoreContext& context) {
  switch (verb) {
    case StoreVerb::init: return store_init(context);
    case StoreVerb::add: return store_add(context);
    case StoreVerb::get: return store_get(context);
    case StoreVerb::cat: return store_cat(context);
    case StoreVerb::export_names: return store_export(context);
    case StoreVerb::verify: return store_verify(context);
    case StoreVerb::repair: return store_repair(context);
    case StoreVerb::rebuild: return store_rebuild(context);
    case StoreVerb::names: return store_names(context);
    case StoreVerb::ls: return store_ls(context);
    case StoreVerb::tag: return store_tag(context);
    case StoreVerb::rm: return store_rm(context);
    case StoreVerb::gc: return store_gc(context);
    case StoreVerb::stat: return store_stat(context);
    case StoreVerb::du: return store_du(context);
    case StoreVerb::manifest: return store_manifest(context);
  }
  return kUsage;
}

}  // namespace

int store_command(int argc, char** argv) {
  set_verb("store");
  if (argc < 2) return usage_error("missing subcommand");
  if (std::strcmp(argv[1], "--help") == 0) {
    print(store_help());
    return close_standard_output() ? kOk : kFailed;
  }
  const std::optional<StoreVerb> verb = find_store_verb(argv[1]);
  if (!verb) {
    return usage_error(
        fmt::format("there is no subcommand {}", app::quoted(std::string_view(argv[1]))));
  }
  set_verb(fmt::format("store {}", name_of(*verb)).c_str());
  ParsedStoreOptions parsed = parse_store_options(*verb, argc - 1, argv + 1);
  if (!parsed.options) return parsed.exit;
  catch_interrupts();
  StoreContext context(std::move(*parsed.options));
  const int status = run(*verb, context);
  context.clear_progress();
  end_by_signal();
  return status;
}

}  // namespace libcopyfile::app
