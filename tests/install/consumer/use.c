/* A program in C99 that knows the installed header only. Copies, and compares what it got; exit status 0 if all is
 * right, else the number of the line that was not. Run in a directory with nothing but a repository "store" that holds
 * "abc". */
#define _POSIX_C_SOURCE 200809L

#include <copyfile/copyfile.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE 100000
/* The digest of "abc", as in FIPS 180. */
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define REQUIRE(condition)                                                         \
  do {                                                                             \
    if (!(condition)) {                                                            \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition, strerror(errno)); \
      return 1;                                                                    \
    }                                                                              \
  } while (0)

static unsigned char data[SIZE], copy[SIZE];

int main(int argc, char** argv) {
  struct copyfile_range ranges[2];
  struct copyfile_report report;
  struct copyfile_how how;
  int in, out, i;

  REQUIRE(argc == 2);
  REQUIRE(strcmp(copyfile_version(), argv[1]) == 0);

  for (i = 0; i < SIZE; i++) data[i] = (unsigned char)(i * 7 + i / 251);
  in = open("source", O_RDWR | O_CREAT | O_TRUNC, 0644);
  REQUIRE(in >= 0);
  REQUIRE(write(in, data, SIZE) == SIZE);

  out = open("ranges", O_RDWR | O_CREAT | O_TRUNC, 0644);
  REQUIRE(out >= 0);
  REQUIRE(copyfile(out, in, 10, 20, 1000, 0) == 1000);
  REQUIRE(pread(out, copy, SIZE, 0) == 1020);
  REQUIRE(memcmp(copy + 20, data + 10, 1000) == 0);
  REQUIRE(copyfile(out, in, SIZE, 0, 1, 0) == 0);
  REQUIRE(copyfile(out, in, 0, 0, 1, 0x80000000u) == -1 && errno == EINVAL);

  memset(ranges, 0, sizeof ranges);
  ranges[0].in_offset = 5000;
  ranges[0].out_offset = 0;
  ranges[0].length = 300;
  ranges[1].in_offset = SIZE - 100;
  ranges[1].out_offset = 300;
  ranges[1].length = 200;
  REQUIRE(copyfilev(out, in, ranges, 2, 0) == 400);
  REQUIRE(ranges[0].copied == 300 && ranges[1].copied == 100);
  REQUIRE(pread(out, copy, 400, 0) == 400);
  REQUIRE(memcmp(copy, data + 5000, 300) == 0);
  REQUIRE(memcmp(copy + 300, data + SIZE - 100, 100) == 0);
  REQUIRE(close(out) == 0);

  memset(&how, 0, sizeof how);
  how.flags = COPYFILE_NO_SHARE;
  how.durability = COPYFILE_NONE;
  REQUIRE(copyfileat(AT_FDCWD, "source", AT_FDCWD, "copy", &how, sizeof how, &report,
                     sizeof report) == 0);
  REQUIRE(report.size == SIZE && report.published == 1);
  out = open("copy", O_RDONLY);
  REQUIRE(out >= 0);
  REQUIRE(read(out, copy, SIZE) == SIZE);
  REQUIRE(memcmp(copy, data, SIZE) == 0);
  REQUIRE(copyfileat(AT_FDCWD, "source", AT_FDCWD, "copy", NULL, 0, NULL, 0) == -1 &&
          errno == EEXIST);

  in = copyfile_store_open(AT_FDCWD, "store", ABC, 0);
  REQUIRE(in >= 0);
  REQUIRE(read(in, copy, SIZE) == 3 && memcmp(copy, "abc", 3) == 0);
  REQUIRE(close(in) == 0);
  REQUIRE(copyfile_store_open(AT_FDCWD, "nowhere", ABC, COPYFILE_STORE_TRUST_SEAL) == -1 &&
          errno == ENOENT);
  return 0;
}
