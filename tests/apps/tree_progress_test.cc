// The progress line of trees: what it says, and what a terminal shows of it.
#include "copyfile/tree_progress.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "copyfile/columns.h"
#include "sys/system_info.h"

namespace libcopyfile::app {
namespace {

constexpr uint64_t kMib = 1 << 20;

TEST(Columns, AreWhatTerminalsDraw) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("\xc3\xa4"), 1U);
  EXPECT_EQ(columns_of("\xe6\x97\xa5\xe6\x9c\xac"), 4U);
  EXPECT_EQ(columns_of("\xf0\x9f\x98\x80!"), 3U);
  EXPECT_EQ(columns_of("\xff\xfe"), 2U);
}

TEST(Columns, NamesAreShortenedInTheMiddle) {
  EXPECT_EQ(shortened("directory/file", 14), "directory/file");
  EXPECT_EQ(shortened("directory/file", 13), "direc.../file");
  EXPECT_EQ(shortened("directory/file", 4), "...e");
  EXPECT_EQ(shortened("directory/file", 3), "dir");
  EXPECT_EQ(shortened("directory/file", 0), "");
  // Letters are not cut in two, and a wide one that would not fit is left out.
  const std::string wide = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x96\x87";
  for (size_t columns = 0; columns <= 8; ++columns) {
    const std::string text = shortened(wide, columns);
    EXPECT_LE(columns_of(text), columns);
    EXPECT_EQ(text.find('\xff'), std::string::npos);
  }
  EXPECT_EQ(shortened(wide, 7), "\xe6\x97\xa5...\xe6\x96\x87");
}

TEST(LiveLine, FitsFiguresAndNameIntoColumns) {
  EXPECT_EQ(fitted("1.0K", "name", 80), "1.0K  name");
  EXPECT_EQ(fitted("1.0K", "a name", 80), "1.0K  'a name'");
  EXPECT_EQ(fitted("1.0K", "x\xff", 80), "1.0K  'x'$'\\377'");
  EXPECT_EQ(fitted("1.0K", "", 80), "1.0K");
  EXPECT_EQ(fitted("1.0K", "directory/file", 17), "1.0K  dire...file");
  EXPECT_EQ(fitted("1.0K", "directory/file", 13), "1.0K");
  EXPECT_EQ(fitted("1.0K of 2.0K", "name", 4), "1.0K");
}

TEST(TreeFigures, SayTotalsWhenTheyAreKnown) {
  TreeFigures figures(100);
  TreeCounters counters;
  EXPECT_EQ(figures.text(counters.now(), 100), "0");
  for (int i = 0; i < 4; ++i) counters.see(10 * kMib);
  counters.done(10 * kMib);
  EXPECT_EQ(figures.text(counters.now(), 101), "10M  1 file  10M/s");
  counters.see_no_more();
  counters.done(10 * kMib);
  EXPECT_EQ(figures.text(counters.now(), 102), "20M of 40M  50%  2 of 4 files  10M/s  0:02 left");
  counters.move(5 * kMib);
  EXPECT_EQ(figures.text(counters.now(), 103), "25M of 40M  62%  2 of 4 files  8.4M/s  0:02 left");
  counters.done(5 * kMib);
  counters.done(10 * kMib);
  EXPECT_EQ(figures.text(counters.now(), 104), "40M of 40M  100%  4 of 4 files  10M/s");
}

TEST(TreeFigures, OneFileIsNotCounted) {
  TreeFigures figures(0);
  TreeCounters counters;
  counters.see(4 * kMib);
  counters.see_no_more();
  counters.move(kMib);
  EXPECT_EQ(figures.text(counters.now(), 1), "1.0M of 4.0M  25%  1.0M/s  0:03 left");
}

TEST(TreeFigures, WhatIsLeftOutIsPartOfNoTotal) {
  TreeFigures figures(0);
  TreeCounters counters;
  for (int i = 0; i < 3; ++i) counters.see(kMib);
  counters.see_no_more();
  counters.leave_out(kMib);
  counters.done(kMib);
  EXPECT_EQ(figures.text(counters.now(), 1), "1.0M of 2.0M  50%  1 of 2 files  1.0M/s  0:01 left");
}

TEST(TreeFigures, EmptyFilesTakeTime) {
  TreeFigures figures(0);
  TreeCounters counters;
  for (int i = 0; i < 1000; ++i) counters.see(0);
  counters.see_no_more();
  for (int i = 0; i < 100; ++i) counters.done(0);
  EXPECT_EQ(figures.text(counters.now(), 2), "0 of 0  10%  100 of 1000 files  0:18 left");
}

// The rate is that of now, not that of a beginning long ago.
TEST(TreeFigures, TheRateIsThatOfTheLastSeconds) {
  TreeFigures figures(0);
  TreeCounters counters;
  counters.see(100 * kMib);
  counters.see_no_more();
  counters.move(50 * kMib);
  (void)figures.text(counters.now(), 1);
  for (int second = 2; second <= 20; ++second) {
    counters.move(kMib);
    (void)figures.text(counters.now(), second);
  }
  counters.move(kMib);
  EXPECT_EQ(figures.text(counters.now(), 21), "70M of 100M  70%  1.0M/s  0:30 left");
}

// Standard error is a terminal of so many columns while this lives.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : saved_(::dup(STDERR_FILENO)) {
    const winsize size{24, columns, 0, 0};
    int master = -1;
    int slave = -1;
    EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, &size), 0);
    master_ = Fd(master);
    slave_ = Fd(slave);
    ::dup2(slave, STDERR_FILENO);
  }
  ~Terminal() { ::dup2(saved_.get(), STDERR_FILENO); }

  // All that was written. The kernel hands it on in its own time: a bell tells that it has.
  std::string written() {
    std::fputc('\a', stderr);
    std::string text;
    while (!text.ends_with('\a')) {
      std::array<char, 4096> some{};
      const ssize_t n = ::read(master_.get(), some.data(), some.size());
      if (n <= 0) return "cannot read the terminal";
      text.append(some.data(), static_cast<size_t>(n));
    }
    text.pop_back();
    return text;
  }

  // What a terminal makes of it.
  static std::vector<std::string> screen(const std::string& text) {
    std::vector<std::string> lines{""};
    size_t column = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r') {
        column = 0;
      } else if (text[i] == '\n') {
        lines.emplace_back();
      } else if (text.compare(i, 3, "\033[K") == 0) {
        lines.back().resize(std::min(column, lines.back().size()));
        i += 2;
      } else {
        lines.back().resize(std::max(lines.back().size(), column + 1), ' ');
        lines.back()[column++] = text[i];
      }
    }
    return lines;
  }

 private:
  Fd saved_;
  Fd master_;
  Fd slave_;
};

std::vector<std::string> drawn_lines(const std::string& text) {
  std::vector<std::string> lines;
  const std::string begin = "\r\033[K";
  for (size_t at = text.find(begin); at != std::string::npos;) {
    const size_t next = text.find(begin, at + 1);
    const std::string line = text.substr(at + begin.size(), next - at - begin.size());
    if (!line.empty()) lines.push_back(line);
    at = next;
  }
  return lines;
}

TEST(TreeProgress, IsDrawnAtMostTenTimesASecondAndGoesAway) {
  Terminal terminal(40);
  TreeProgress progress(ShowProgress::always);
  ASSERT_NE(progress.counters(), nullptr);
  for (int i = 0; i < 9; ++i) progress.counters()->see(kMib);
  progress.counters()->set_name("a/long/path/to/some/file\nwith\x01things.txt");
  progress.counters()->done(kMib);
  const double begin = monotonic_seconds();
  progress.start();
  sleep_seconds(0.75);
  progress.stop();
  const double seconds = monotonic_seconds() - begin;
  const std::string text = terminal.written();
  const std::vector<std::string> lines = drawn_lines(text);
  EXPECT_GE(lines.size(), 1U);
  EXPECT_LE(static_cast<double>(lines.size()), seconds * 10 + 1);
  for (const std::string& line : lines) {
    EXPECT_LT(columns_of(line), 40U) << line;
    EXPECT_TRUE(line.starts_with("1.0M  1 file")) << line;
  }
  EXPECT_NE(lines[0].find("..."), std::string::npos) << lines[0];
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x01'), std::string::npos);
  EXPECT_EQ(Terminal::screen(text), std::vector<std::string>{""});
}

TEST(ProgressLine, IsDrawnAtMostTenTimesASecond) {
  Terminal terminal(40);
  ProgressLine line(ShowProgress::always);
  const double begin = monotonic_seconds();
  line.start("x");
  for (uint64_t i = 1; i <= 50; ++i) {
    line.update({i * kMib, 50 * kMib, i * kMib, 50 * kMib});
    sleep_seconds(0.01);
  }
  const double seconds = monotonic_seconds() - begin;
  const std::vector<std::string> lines = drawn_lines(terminal.written());
  EXPECT_GE(lines.size(), 2U);
  EXPECT_LE(static_cast<double>(lines.size()), seconds * 10 + 1);
  EXPECT_TRUE(lines.back().starts_with("50M of 50M  100%")) << lines.back();
}

TEST(TreeProgress, MessagesStandOnLinesOfTheirOwn) {
  Terminal terminal(80);
  TreeProgress progress(ShowProgress::always);
  progress.counters()->see(kMib);
  progress.start();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&progress] {
      for (int i = 0; i < 4; ++i) {
        sleep_seconds(0.07);
        const TreeProgress::Pause pause(progress);
        std::fputs("a message", stderr);
        sleep_seconds(0.03);  // the line must not come in between
        std::fputs(" to the user\n", stderr);
      }
    });
  }
  threads.clear();
  progress.stop();
  std::vector<std::string> expected(8, "a message to the user");
  expected.emplace_back();
  EXPECT_EQ(Terminal::screen(terminal.written()), expected);
}

TEST(TreeProgress, ComesByItselfOnlyAfterASecondOnATerminal) {
  Terminal terminal(80);
  TreeProgress progress(ShowProgress::automatic);
  progress.start();
  sleep_seconds(0.3);
  progress.stop();
  EXPECT_EQ(terminal.written(), "");
  EXPECT_EQ(TreeProgress(ShowProgress::never).counters(), nullptr);
}

TEST(TreeProgress, IsALogWhereThereIsNoTerminal) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(TreeProgress(ShowProgress::automatic).counters(), nullptr);
  TreeProgress progress(ShowProgress::always);
  progress.counters()->see(kMib);
  progress.counters()->see(kMib);
  progress.counters()->see_no_more();
  progress.start();
  progress.counters()->done(kMib);
  progress.counters()->done(kMib);
  progress.counters()->set_name("x y");
  progress.stop();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("2.0M of 2.0M  100%  2 of 2 files")) << text;
  EXPECT_TRUE(text.ends_with("  'x y'\n")) << text;
}

TEST(TreeProgress, IsEventsForPrograms) {
  EXPECT_EQ(TreeProgress(ShowProgress::automatic, ProgressForm::events).counters(), nullptr);
  testing::internal::CaptureStdout();
  TreeProgress progress(ShowProgress::always, ProgressForm::events);
  progress.counters()->see(10);
  progress.counters()->see(20);
  progress.start();
  sleep_seconds(0.3);
  progress.counters()->done(10);
  progress.counters()->set_name("x\ny");
  progress.counters()->see_no_more();
  progress.stop();
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_EQ(text,
            "{\"event\":\"progress\",\"files_done\":0,\"files_total\":null,\"bytes_done\":0,"
            "\"bytes_total\":null,\"source\":null}\n"
            "{\"event\":\"progress\",\"files_done\":1,\"files_total\":2,\"bytes_done\":10,"
            "\"bytes_total\":30,\"source\":\"x\\ny\"}\n");
}

TEST(TreeCounters, TotalsAreForWhoLooks) {
  TreeCounters counters;
  EXPECT_FALSE(counters.wants_total());
  (void)counters.take_name();
  EXPECT_TRUE(counters.wants_total());
  EXPECT_TRUE(TreeProgress(ShowProgress::always).counters()->wants_total());
}

TEST(TreeCounters, NamesAreMadeForWhoAsks) {
  TreeCounters counters;
  EXPECT_TRUE(counters.wants_name());
  counters.set_name("a");
  EXPECT_FALSE(counters.wants_name());
  EXPECT_EQ(counters.take_name(), "a");
  EXPECT_TRUE(counters.wants_name());
  EXPECT_EQ(counters.take_name(), "a");
}

}  // namespace
}  // namespace libcopyfile::app
