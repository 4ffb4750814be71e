// Logging in to a target, and making sure that behind a login there is the unit that was there before.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "sys/iscsi_session.h"

namespace libcopyfile {
namespace {

constexpr uint16_t kNamesLength = 4096;
// INQUIRY for the page of vital product data that holds the unit's names.
constexpr std::array<uint8_t, 6> kAskNames{
    0x12, 0x01, 0x83, kNamesLength >> 8, static_cast<uint8_t>(kNamesLength & 0xff), 0};

// libiscsi has only sentences for what went wrong. The first that fits counts.
struct Sign {
  const char* text;
  int code;
  const char* reason;
};

constexpr Sign kSigns[] = {
    {"LOGICAL_UNIT_NOT_SUPPORTED", ENXIO, "the target has no such logical unit"},
    {"Target not found", ENXIO, "there is no such target"},
    // Of the target's own name and answer, where it was asked to show who it is.
    {"CHAP targetname", EACCES, "the target does not show that it is the one that was meant"},
    {"CHAP_R", EACCES, "the target does not show that it is the one that was meant"},
    {"CHAP_N", EACCES, "the target does not show that it is the one that was meant"},
    {"uthentication", EACCES, "the target does not accept user and password"},
    {"uthorization", EACCES, "the target does not let this initiator in"},
    {"CHAP", EACCES, "the target asks for a user and a password"},
    {"resolv", EHOSTUNREACH, "the name of the host is not known"},
    {"refused", ECONNREFUSED, "nobody listens there"},
    {"No route", EHOSTUNREACH, "there is no way to the host"},
    {"unreachable", EHOSTUNREACH, "there is no way to the host"},
    {"timed out", ETIMEDOUT, "the host does not answer"},
    {"unavailable", EAGAIN, "the target is not in service"},
    {"reconnect", ECONNRESET, "the target ended the connection"},
};

// Somebody else's words, on one line of a terminal.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += c >= ' ' && c <= '~' ? c : ' ';
  line.erase(line.find_last_not_of(' ') + 1);
  return line.empty() ? "the login failed" : line;
}

}  // namespace

void IscsiSession::on_login(iscsi_context* context, int status, void*, void* session) {
  auto* const self = static_cast<IscsiSession*>(session);
  self->answered_ = status;
  // What comes behind it would be about something else.
  self->said_ = self->library_.get_error(context);
}

Done IscsiSession::login() {
  Done ok = connect();
  if (ok) ok = recognise();
  if (!ok) disconnect();
  return ok;
}

Done IscsiSession::connect() {
  context_ = library_.create_context(settings_.initiator.c_str());
  if (context_ == nullptr) return fail(ENOMEM, Op::open, "no memory for a session");
  library_.set_targetname(context_, url_.target.c_str());
  library_.set_session_type(context_, ISCSI_SESSION_NORMAL);
  library_.set_header_digest(
      context_, url_.header_digest ? ISCSI_HEADER_DIGEST_CRC32C : ISCSI_HEADER_DIGEST_NONE_CRC32C);
  library_.set_isid_random(context_, isid_, 0);
  // libiscsi would do it without end, and while it waits no deadline counts.
  library_.set_noautoreconnect(context_, 1);
  const bool own = !url_.user.empty();
  const std::string& user = own ? url_.user : settings_.user;
  const std::string& password = own ? url_.password : settings_.password;
  if (!user.empty()) {
    library_.set_initiator_username_pwd(context_, user.c_str(), password.c_str());
  }
  const bool own_target = !url_.target_user.empty();
  const std::string& target_user = own_target ? url_.target_user : settings_.target_user;
  const std::string& target_password =
      own_target ? url_.target_password : settings_.target_password;
  if (!target_user.empty()) {
    // Nothing would ask it, and any target would do.
    if (user.empty()) {
      return fail(EACCES, Op::open,
                  "a target shows who it is only to whoever has a user and a password");
    }
    library_.set_target_username_pwd(context_, target_user.c_str(), target_password.c_str());
  }
  answered_.reset();
  said_.clear();
  if (library_.full_connect_async(context_, url_.portal().c_str(), url_.lun, on_login, this) != 0) {
    return fail(login_error());
  }
  return await_login(now_ms() + settings_.login_ms);
}

Done IscsiSession::await_login(uint64_t until) {
  while (!answered_) {
    if (Done ok = wait_for_target(until); !ok) {
      // The reason for the end of a connection may have come before it.
      if (answered_) break;
      return ok;
    }
  }
  if (*answered_ != SCSI_STATUS_GOOD) return fail(login_error());
  // The last piece of a command is not to wait for the answer to the one before.
  const int on = 1;
  (void)::setsockopt(library_.get_fd(context_), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

Done IscsiSession::wait_for_target(uint64_t until) {
  if (settings_.interrupted && settings_.interrupted()) {
    return fail(EINTR, Op::open, "interrupted");
  }
  const uint64_t now = now_ms();
  if (now >= until) return fail(ETIMEDOUT, Op::open, "the target does not answer");
  pollfd one{library_.get_fd(context_), static_cast<short>(library_.which_events(context_)), 0};
  if (::poll(&one, 1, static_cast<int>(until - now)) < 0 && errno != EINTR) {
    return fail(errno, Op::open, "waiting for the target");
  }
  if (one.revents != 0 && library_.service(context_, one.revents) != 0) return fail(login_error());
  return {};
}

Error IscsiSession::login_error() const {
  const std::string_view said = said_.empty() ? library_.get_error(context_) : said_.c_str();
  for (const Sign& sign : kSigns) {
    if (said.find(sign.text) == said.npos) continue;
    const bool unknown_user = url_.user.empty() && settings_.user.empty();
    const bool asked = std::string_view(sign.text) == "uthentication";
    const char* const reason =
        asked && unknown_user ? "the target asks for a user and a password" : sign.reason;
    return Error{sign.code, Op::open, reason, {}};
  }
  return Error{EIO, Op::open, one_line(said), {}};
}

// By what a target says of a unit when it is asked for its names: where somebody has put another one in its place, nothing of
// what is known of the first one holds, and nothing may be written to it.
Done IscsiSession::recognise() {
  Result<std::vector<uint8_t>> names = read_names();
  if (!names) return fail(names.error());
  if (!names_) names_ = *names;
  if (*names_ == *names) return {};
  return fail(ESTALE, Op::open, "another logical unit is there now");
}

Result<std::vector<uint8_t>> IscsiSession::read_names() {
  std::vector<uint8_t> names(kNamesLength);
  Command command;
  command.session = this;
  command.request.cdb = kAskNames;
  command.request.in = names;
  command.request.timeout_ms = settings_.login_ms;
  Done ok;
  if (send(command)) {
    while (!command.status && ok) ok = wait_for_target(command.deadline);
  }
  const bool answered = command.status && command.status != SCSI_STATUS_CANCELLED;
  // A unit may have no such page.
  if (answered) names.resize(command.status == SCSI_STATUS_GOOD ? received_by(command) : 0);
  // libiscsi must not find the command later.
  if (!answered) disconnect();
  if (command.task != nullptr) library_.free_task(command.task);
  if (answered) return names;
  if (!ok) return fail(ok.error());
  return fail(ECONNRESET, Op::open, "the target ended the connection");
}

}  // namespace libcopyfile
