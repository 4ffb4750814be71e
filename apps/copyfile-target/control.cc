#include "copyfile-target/control.h"

#include <fmt/format.h>

#include <array>

#include "copyfile-target/status.h"
#include "sys/local_socket.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

constexpr double kSilence = 30;  // seconds

using Answer = tl::expected<Json, std::string>;

tl::unexpected<std::string> refuse(std::string why) { return tl::make_unexpected(std::move(why)); }

// Empty where it is not there.
tl::expected<std::string, std::string> text(const Json& request, const char* key, bool needed) {
  const auto found = request.find(key);
  if (found == request.end() && !needed) return "";
  if (found == request.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    return refuse(fmt::format("'{}' is a text", key));
  const auto& value = found->get_ref<const std::string&>();
  if (value.find('\0') != std::string::npos)
    return refuse(fmt::format("'{}' has a zero in it", key));
  return value;
}

Answer snapshot(Service& service, const Json& request) {
  const auto lun = text(request, "lun", true);
  const auto path = text(request, "path", false);
  if (!lun || !path) return refuse(!lun ? lun.error() : path.error());
  const auto made = service.snapshot(*lun, *path);
  if (!made) return refuse(made.error());
  return Json{{"path", made->path}, {"bytes", made->size}, {"seconds", made->seconds}};
}

Answer snapshots(const Service& service, const Json& request) {
  const auto lun = text(request, "lun", false);
  if (!lun) return refuse(lun.error());
  const auto kept = service.snapshots(*lun);
  if (!kept) return refuse(kept.error());
  Json made = Json::array();
  for (const Service::Kept& one : *kept) {
    made.push_back(
        {{"lun", one.lun}, {"path", one.path}, {"bytes", one.size}, {"made", utc_text(one.made)}});
  }
  return made;
}

Answer clone(Service& service, const Json& request) {
  const auto lun = text(request, "lun", true);
  const auto name = text(request, "name", true);
  const auto path = text(request, "path", false);
  for (const auto* value : {&lun, &name, &path}) {
    if (!*value) return refuse(value->error());
  }
  const auto unit = service.clone(*lun, *name, *path);
  if (!unit) return refuse(unit.error());
  Json seen = Json::array();
  for (const auto& [initiator, number] : unit->numbers)
    seen.push_back({{"initiator", initiator}, {"lun", number}});
  return Json{{"name", *name}, {"image", unit->config.image}, {"seen_by", seen}};
}

}  // namespace

std::string Control::answer(std::string_view line) {
  const Json request = Json::parse(line, nullptr, false);
  const Answer done =
      request.is_object() ? carry_out(request) : refuse("a request is a JSON object");
  if (!done) return line_of(Json{{"ok", false}, {"error", done.error()}});
  return line_of(Json{{"ok", true}, {"result", *done}});
}

Answer Control::carry_out(const Json& request) {
  const auto command = text(request, "command", true);
  if (!command) return refuse(command.error());
  if (*command == "status") return status_of(service_);
  if (*command == "sessions") return sessions_of(service_);
  if (*command == "luns") return units_of(service_);
  if (*command == "copies") return copies_of(service_);
  if (*command == "snapshots") return snapshots(service_, request);
  return change(*command, request);
}

Answer Control::change(const std::string& command, const Json& request) {
  if (command == "snapshot") return snapshot(service_, request);
  if (command == "clone") return clone(service_, request);
  if (command == "remove") {
    const auto name = text(request, "name", true);
    if (!name) return refuse(name.error());
    if (const auto removed = service_.remove(*name); !removed) return refuse(removed.error());
    return Json::object();
  }
  if (command == "drop") {
    const auto initiator = text(request, "initiator", true);
    if (!initiator) return refuse(initiator.error());
    return Json{{"sessions", service_.server().drop(*initiator)}};
  }
  if (command == "reload") {
    const std::string problems = daemon_.reload();
    if (!problems.empty()) return refuse(problems);
    return Json::object();
  }
  if (command == "drain") {
    const auto found = request.find("seconds");
    if (found != request.end() && (!found->is_number_unsigned() || found->get<uint64_t>() > 3600))
      return refuse("'seconds' is a number from 0 to 3600");
    daemon_.drain(found != request.end() ? found->get<unsigned>()
                                         : service_.config().drain_seconds);
    return Json::object();
  }
  return refuse(fmt::format("there is no command '{}'", command));
}

void Control::serve(int socket, int stop) {
  std::string pending;
  std::array<char, 4096> some;
  for (;;) {
    const size_t end = pending.find('\n');
    if (end != std::string::npos) {
      const std::string reply = answer(std::string_view{pending}.substr(0, end)) + '\n';
      pending.erase(0, end + 1);
      if (!send_all(socket, reply, {monotonic_seconds() + kSilence, stop})) return;
      continue;
    }
    if (pending.size() > kLongestRequest) return;
    const Result<size_t> got = receive_some(socket, some, {monotonic_seconds() + kSilence, stop});
    if (!got || *got == 0) return;
    pending.append(some.data(), *got);
  }
}

}  // namespace libcopyfile::daemon
