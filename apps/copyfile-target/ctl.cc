#include <fmt/format.h>

#include <array>

#include "copyfile-target/control.h"
#include "copyfile-target/options.h"
#include "copyfile/messages.h"
#include "copyfile/quote.h"
#include "sys/local_socket.h"
#include "sys/system_info.h"

namespace libcopyfile::daemon {
namespace {

// A clone of a large image in many pieces takes its time.
constexpr double kPatience = 600;  // seconds

Result<std::string> ask(const std::string& control, const Json& request) {
  const Result<Fd> socket = connect_local(control);
  if (!socket) return fail(socket.error());
  const Deadline deadline{monotonic_seconds() + kPatience, -1};
  if (const Done sent = send_all(socket->get(), line_of(request) + '\n', deadline); !sent)
    return fail(sent.error());
  std::string reply;
  std::array<char, 65536> some;
  while (!reply.ends_with('\n')) {
    const Result<size_t> got = receive_some(socket->get(), some, deadline);
    if (!got) return fail(got.error());
    if (*got == 0) return fail(ECONNRESET, Op::read, control);
    reply.append(some.data(), *got);
  }
  return reply;
}

int complain_of(const Error& error, const std::string& control) {
  if (error.code == ENOENT || error.code == ECONNREFUSED) {
    app::complain(fmt::format("no copyfile-target listens at {}: --control says where",
                              app::quoted(control)));
  } else {
    app::complain(fmt::format("cannot ask at {}", app::quoted(control)), error.code);
  }
  return app::kFailed;
}

}  // namespace

int ctl(const CtlOptions& options) {
  const Result<std::string> reply = ask(options.control, options.request);
  if (!reply) return complain_of(reply.error(), options.control);
  const Json answer = Json::parse(*reply, nullptr, false);
  const bool whole = answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean();
  if (whole && answer["ok"] == true && answer.contains("result")) {
    const Json& result = answer["result"];
    app::print(options.json ? result.dump(2) + '\n' : ctl_text(options.request, result));
    return app::close_standard_output() ? app::kOk : app::kFailed;
  }
  const bool told = whole && answer.contains("error") && answer["error"].is_string();
  app::complain(told ? answer["error"].get_ref<const std::string&>() : "the answer makes no sense");
  return app::kFailed;
}

}  // namespace libcopyfile::daemon
