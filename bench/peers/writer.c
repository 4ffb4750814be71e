// A program that writes to a file while others copy it: 4 KiB at a random place, once a millisecond, whatever the file system
// says. Latency counts from the moment at which the write was due, so a stall that holds up a thousand writes is a
// thousand bad ones, not one.
//   writer FILE SECONDS_AT_MOST     ends at the end of its standard input; prints one latency a line, in nanoseconds
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const int64_t kPeriod = 1000000;  // ns

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int ended(void) {
  struct pollfd in = {0, POLLIN, 0};
  char byte;
  return poll(&in, 1, 0) > 0 && read(0, &byte, 1) <= 0;
}

int main(int argc, char** argv) {
  if (argc != 3) errx(2, "usage: writer FILE SECONDS_AT_MOST");
  int fd = open(argv[1], O_WRONLY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) err(1, "%s", argv[1]);
  int64_t most = atoll(argv[2]) * 1000000000 / kPeriod;
  int64_t blocks = st.st_size / 4096;
  if (most <= 0 || blocks <= 0) errx(2, "nothing to write");
  int64_t* latency = calloc((size_t)most, sizeof *latency);
  char block[4096];
  memset(block, 'w', sizeof block);
  if (latency == NULL) err(1, "memory");
  unsigned seed = 2013;
  int64_t due = now();
  int64_t n = 0;
  puts("ready");
  fflush(stdout);
  for (; n < most && !ended(); ++n, due += kPeriod) {
    while (now() < due) {
      struct timespec until = {due / 1000000000, due % 1000000000};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    }
    off_t at = (off_t)(rand_r(&seed) % blocks) * 4096;
    if (pwrite(fd, block, sizeof block, at) != sizeof block) err(1, "%s", argv[1]);
    latency[n] = now() - due;
  }
  for (int64_t i = 0; i < n; ++i) printf("%lld\n", (long long)latency[i]);
  return 0;
}
