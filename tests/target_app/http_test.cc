// The page of metrics: what is answered, and that nobody holds the server up.
#include "copyfile-target/http.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "base/fd.h"
#include "sys/local_socket.h"
#include "sys/system_info.h"

namespace libcopyfile::test {
namespace {

std::string page() { return "copyfile_target_sessions 1\n"; }

std::string status_of(std::string_view head) {
  const std::string answer = daemon::http_answer(head, page);
  return answer.substr(0, answer.find("\r\n"));
}

TEST(TargetHttp, GivesTheMetrics) {
  const std::string answer = daemon::http_answer("GET /metrics HTTP/1.1\r\nHost: x", page);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
  EXPECT_NE(answer.find("Content-Length: 27\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\ncopyfile_target_sessions 1\n"));
}

TEST(TargetHttp, RefusesWhatItIsNot) {
  EXPECT_EQ(status_of("GET / HTTP/1.1"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status_of("GET /metricsx HTTP/1.0"), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status_of("GET /metrics?x=1 HTTP/1.0"), "HTTP/1.1 200 OK");
  EXPECT_EQ(status_of("POST /metrics HTTP/1.1"), "HTTP/1.1 405 Method Not Allowed");
  for (const char* bad : {"", "GET", "GET /metrics", "GET  ", " ", "GET /metrics FTP/1.1", "\r\n"})
    EXPECT_EQ(status_of(bad), "HTTP/1.1 400 Bad Request") << bad;
}

// What a peer that sends `bytes` and then nothing more gets.
std::string talk(const std::string& bytes) {
  std::array<int, 2> pair{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const Fd client(pair[0]);
  Fd server(pair[1]);
  std::thread serving([&] {
    daemon::serve_http(server.get(), -1, page);
    EXPECT_TRUE(server.close());
  });
  const Deadline deadline{monotonic_seconds() + 10, -1};
  [[maybe_unused]] const Done sent = send_all(client.get(), bytes, deadline);
  ::shutdown(client.get(), SHUT_WR);
  std::string got;
  std::array<char, 4096> some;
  for (;;) {
    const Result<size_t> one = receive_some(client.get(), some, deadline);
    if (!one || *one == 0) break;
    got.append(some.data(), *one);
  }
  serving.join();
  return got;
}

TEST(TargetHttp, OneRequestAConnection) {
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answer = talk(request + request);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_EQ(answer.find("200 OK"), answer.rfind("200 OK"));
}

TEST(TargetHttp, ARequestWithoutAnEndIsNotReadForEver) {
  EXPECT_TRUE(talk(std::string(100'000, 'x')).starts_with("HTTP/1.1 431 "));
  EXPECT_EQ(talk("GET /metrics HTTP/1.1\r\nHost"), "");
}

}  // namespace
}  // namespace libcopyfile::test
