// The way a programmer copies by hand: one loop over copy_file_range, no fallbacks.
//   cfr_loop SRC DST          the whole file, 1 GiB a call
//   cfr_loop SRC DST RANGES   one call for each line IN:OUT:LEN of the file RANGES
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy(int in, off_t from, int out, off_t to, size_t left) {
  while (left > 0) {
    ssize_t n = copy_file_range(in, &from, out, &to, left < 1 << 30 ? left : 1 << 30, 0);
    if (n <= 0) err(1, "copy_file_range");
    left -= (size_t)n;
  }
}

int main(int argc, char** argv) {
  if (argc < 3) errx(2, "usage: cfr_loop SRC DST [RANGES]");
  int in = open(argv[1], O_RDONLY | O_CLOEXEC);
  int out = open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  struct stat st;
  if (in < 0 || out < 0 || fstat(in, &st) != 0) err(1, "open");
  if (argc == 3) {
    copy(in, 0, out, 0, (size_t)st.st_size);
  } else {
    long long from, to, length;
    FILE* ranges = fopen(argv[3], "r");
    if (ranges == NULL) err(1, "%s", argv[3]);
    while (fscanf(ranges, "%lld:%lld:%lld", &from, &to, &length) == 3)
      copy(in, from, out, to, (size_t)length);
    fclose(ranges);
  }
  return close(out) == 0 ? 0 : 1;
}
