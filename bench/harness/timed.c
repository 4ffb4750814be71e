// timed [-n TIMES] [-u FILE] -o STDOUT -e STDERR COMMAND [ARG...] [";;" COMMAND [ARG...]]...
//
// Runs the commands one after the other and prints a line for each:
//   wall nanoseconds, user microseconds, system microseconds, peak RSS in KiB, wait status
// and stops after one that fails. With -n the sequence is run TIMES times, and FILE is removed,
// outside of the time taken, before each.
//
// This is not done in Python because exec hands the high-water mark of the memory that a process
// was started from to the new program: a child spawned by a 20 MiB interpreter reports a peak of
// 20 MiB, whatever it used itself.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long micros(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

static int run(char** argv, const posix_spawn_file_actions_t* actions) {
  struct rusage used;
  pid_t child;
  int status;
  const long long begin = now();
  errno = posix_spawnp(&child, argv[0], actions, NULL, argv, environ);
  if (errno != 0) err(127, "%s", argv[0]);
  while (wait4(child, &status, 0, &used) < 0)
    if (errno != EINTR) err(127, "wait4");
  const long long end = now();
  printf("%lld %lld %lld %ld %d\n", end - begin, micros(used.ru_utime), micros(used.ru_stime),
         used.ru_maxrss, status);
  return status;
}

// Cuts argv at each ";;" in place and runs the pieces.
static int run_all(char** argv, const posix_spawn_file_actions_t* actions) {
  while (*argv != NULL) {
    char** end = argv;
    while (*end != NULL && strcmp(*end, ";;") != 0) ++end;
    char* cut = *end;
    *end = NULL;
    const int status = run(argv, actions);
    *end = cut;
    if (status != 0) return status;
    argv = cut == NULL ? end : end + 1;
  }
  return 0;
}

int main(int argc, char** argv) {
  const char *unlinked = NULL, *out = "/dev/null", *errors = "/dev/null";
  long times = 1;
  int option;
  while ((option = getopt(argc, argv, "+n:u:o:e:")) != -1) {
    if (option == 'n') times = strtol(optarg, NULL, 10);
    if (option == 'u') unlinked = optarg;
    if (option == 'o') out = optarg;
    if (option == 'e') errors = optarg;
    if (option == '?') return 127;
  }
  if (optind == argc) errx(127, "no command");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
  for (long i = 0; i < times; ++i) {
    if (unlinked != NULL && unlink(unlinked) != 0 && errno != ENOENT) err(127, "%s", unlinked);
    if (run_all(argv + optind, &actions) != 0) return 1;
  }
  return 0;
}
