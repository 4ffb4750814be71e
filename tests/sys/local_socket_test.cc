// Sockets by which a daemon is administered.
#include "sys/local_socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "sys/system_info.h"
#include "testing/scratch_fs.h"
#include "testing/text_files.h"

namespace libcopyfile::test {
namespace {

class LocalSocket : public ::testing::Test {
 protected:
  Deadline soon() const { return {monotonic_seconds() + 10, -1}; }
  const std::string path_ = test_directory(FsKind::tmpfs) + "/socket";
};

TEST_F(LocalSocket, CarriesBytesBothWays) {
  const Result<Fd> listener = listen_local(path_, 0600);
  ASSERT_TRUE(listener) << listener.error().message();
  const Result<Fd> client = connect_local(path_);
  ASSERT_TRUE(client);
  const Result<Fd> server = accept_connection(listener->get(), -1);
  ASSERT_TRUE(server);
  // More than the kernel holds: sending waits for the reader.
  const std::string much(4 << 20, 'x');
  std::thread sender([&] { EXPECT_TRUE(send_all(client->get(), much, soon())); });
  size_t got = 0;
  std::array<char, 65536> some;
  while (got < much.size()) {
    const Result<size_t> one = receive_some(server->get(), some, soon());
    ASSERT_TRUE(one);
    ASSERT_GT(*one, 0U);
    got += *one;
  }
  sender.join();
  EXPECT_EQ(got, much.size());
}

TEST_F(LocalSocket, IsItsOwnersFromTheFirstMomentOn) {
  const mode_t before = ::umask(0);
  const Result<Fd> listener = listen_local(path_, 0600);
  ::umask(before);
  ASSERT_TRUE(listener);
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600U);
}

TEST_F(LocalSocket, IsNotTakenFromWhoListens) {
  const Result<Fd> listener = listen_local(path_, 0600);
  ASSERT_TRUE(listener);
  const Result<Fd> second = listen_local(path_, 0600);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_TRUE(connect_local(path_)) << "the first still listens";
}

TEST_F(LocalSocket, LeftOverByACrashIsReplaced) {
  {
    const Result<Fd> listener = listen_local(path_, 0600);
    ASSERT_TRUE(listener);
  }
  ASSERT_EQ(::access(path_.c_str(), F_OK), 0) << "the name stays";
  EXPECT_TRUE(listen_local(path_, 0600));
}

TEST_F(LocalSocket, AFileThatIsNoneStays) {
  write_text(path_, "precious");
  const Result<Fd> listener = listen_local(path_, 0600);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, EEXIST);
  EXPECT_EQ(read_text(path_), "precious");
}

TEST_F(LocalSocket, ANameThatIsTooLongIsRefused) {
  const Result<Fd> listener = listen_local(std::string(108, 'x'), 0600);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, ENAMETOOLONG);
}

TEST_F(LocalSocket, WaitingEndsAtTheDeadline) {
  const Result<Fd> listener = listen_local(path_, 0600);
  const Result<Fd> client = connect_local(path_);
  ASSERT_TRUE(listener && client);
  std::array<char, 1> some;
  const Result<size_t> got = receive_some(client->get(), some, {monotonic_seconds() + 0.02, -1});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ETIMEDOUT);
  const Done sent =
      send_all(client->get(), std::string(8 << 20, 'x'), {monotonic_seconds() + 0.02, -1});
  ASSERT_FALSE(sent) << "nobody reads";
  EXPECT_EQ(sent.error().code, ETIMEDOUT);
}

TEST_F(LocalSocket, WaitingEndsWhenToldToStop) {
  const Result<Fd> listener = listen_local(path_, 0600);
  Result<StopSignal> stop = StopSignal::create();
  ASSERT_TRUE(listener && stop);
  std::thread other([&] { stop->raise(); });
  const Result<Fd> none = accept_connection(listener->get(), stop->fd());
  other.join();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ECANCELED);
  const Result<Fd> client = connect_local(path_);
  ASSERT_TRUE(client);
  std::array<char, 1> some;
  EXPECT_EQ(receive_some(client->get(), some, {0, stop->fd()}).error().code, ECANCELED)
      << "it stays raised, for all who wait";
}

TEST_F(LocalSocket, WhoReadsNoMoreIsAnErrorAndNoSignal) {
  const Result<Fd> listener = listen_local(path_, 0600);
  const Result<Fd> client = connect_local(path_);
  ASSERT_TRUE(listener && client);
  { const Result<Fd> server = accept_connection(listener->get(), -1); }
  const Done sent = send_all(client->get(), "x", soon());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, EPIPE);
}

TEST_F(LocalSocket, TcpListensAtNumericAddressesOnly) {
  const Result<Fd> listener = listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(listener) << listener.error().message();
  EXPECT_NE(local_port(listener->get()), 0);
  const Result<Fd> second = listen_tcp("127.0.0.1", local_port(listener->get()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_EQ(listen_tcp("localhost", 0).error().code, EINVAL);
}

}  // namespace
}  // namespace libcopyfile::test
