// The way a careful programmer copies many files by hand: each into a temporary file, fsync, rename.
//   fsync_rename SOURCE_DIRECTORY EXISTING_DIRECTORY
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char buffer[1 << 20];

static void copy(int from, int to, const char* name) {
  int in = openat(from, name, O_RDONLY | O_CLOEXEC);
  int out = openat(to, ".temporary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (in < 0 || out < 0) err(1, "%s", name);
  for (ssize_t n; (n = read(in, buffer, sizeof buffer)) != 0;) {
    if (n < 0 || write(out, buffer, (size_t)n) != n) err(1, "%s", name);
  }
  if (fsync(out) != 0 || close(out) != 0 || renameat(to, ".temporary", to, name) != 0) {
    err(1, "%s", name);
  }
  close(in);
}

int main(int argc, char** argv) {
  if (argc != 3) errx(2, "usage: fsync_rename SOURCE_DIRECTORY EXISTING_DIRECTORY");
  DIR* from = opendir(argv[1]);
  int to = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (from == NULL || to < 0) err(1, "%s", argv[from == NULL ? 1 : 2]);
  for (struct dirent* e; (e = readdir(from)) != NULL;) {
    if (e->d_name[0] != '.') copy(dirfd(from), to, e->d_name);
  }
  return 0;
}
