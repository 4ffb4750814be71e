// An initiator (libiscsi) that loads a disk, or only looks how quickly it answers.
//   iscsi_load URL run read|write random|sequential BYTES DEPTH COUNT
//       COUNT transfers of BYTES each, DEPTH of them under way; says nothing: its time is what is measured.
//   iscsi_load URL paced BYTES SECONDS [COMMAND...]
//       One random read a millisecond; COMMAND, if any, runs meanwhile again and again. Latency counts from the moment at which the
//       read was due. Prints them, one a line, in nanoseconds.
//   iscsi_load URL sessions COUNT PID
//       COUNT sessions that have logged in and do nothing. Prints the proportional set size of the process PID, in KiB, as it is then.
#include <err.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static const int64_t kSecond = 1000000000;
static const int64_t kPeriod = 1000000;  // ns

struct load {
  struct iscsi_context* iscsi;
  int lun;
  int write, random;
  uint32_t block_size;
  uint64_t blocks, step;  // of the disk, of a transfer
  uint64_t next;          // where a sequential one goes on
  int64_t left;           // to be asked for
  int under_way;
  unsigned seed;
};

struct slot {
  struct load* load;
  uint8_t* buffer;
};

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * kSecond + t.tv_nsec;
}

static struct iscsi_context* log_in(const char* text, const char* initiator, int* lun) {
  struct iscsi_context* iscsi = iscsi_create_context(initiator);
  if (iscsi == NULL) errx(1, "memory");
  struct iscsi_url* url = iscsi_parse_full_url(iscsi, text);
  if (url == NULL) errx(1, "%s", iscsi_get_error(iscsi));
  iscsi_set_session_type(iscsi, ISCSI_SESSION_NORMAL);
  iscsi_set_targetname(iscsi, url->target);
  iscsi_set_noautoreconnect(iscsi, 1);
  if (iscsi_full_connect_sync(iscsi, url->portal, url->lun) != 0)
    errx(1, "%s", iscsi_get_error(iscsi));
  *lun = url->lun;
  iscsi_destroy_url(url);
  return iscsi;
}

static void open_disk(struct load* load, const char* url, uint32_t bytes) {
  load->iscsi = log_in(url, "iqn.2026-01.invalid.bench:load", &load->lun);
  struct scsi_task* task = iscsi_readcapacity16_sync(load->iscsi, load->lun);
  if (task == NULL || task->status != SCSI_STATUS_GOOD) errx(1, "%s", iscsi_get_error(load->iscsi));
  struct scsi_readcapacity16* capacity = scsi_datain_unmarshall(task);
  if (capacity == NULL) errx(1, "no capacity");
  load->block_size = capacity->block_length;
  load->blocks = capacity->returned_lba + 1;
  scsi_free_scsi_task(task);
  load->step = bytes / load->block_size;
  if (load->step == 0 || load->step > load->blocks) errx(2, "nothing to transfer");
  load->seed = 2013;
}

static uint64_t pick(struct load* load) {
  const uint64_t places = load->blocks / load->step;
  const uint64_t number = ((uint64_t)rand_r(&load->seed) << 31) | (uint64_t)rand_r(&load->seed);
  const uint64_t place = load->random ? number % places : load->next++ % places;
  return place * load->step;
}

static void ended(struct iscsi_context* iscsi, int status, void* data, void* private_data);

static void start(struct slot* slot) {
  struct load* load = slot->load;
  const uint32_t bytes = (uint32_t)(load->step * load->block_size);
  const uint64_t lba = pick(load);
  struct scsi_task* task =
      load->write ? iscsi_write16_task(load->iscsi, load->lun, lba, slot->buffer, bytes,
                                       (int)load->block_size, 0, 0, 0, 0, 0, ended, slot)
                  : iscsi_read16_task(load->iscsi, load->lun, lba, bytes, (int)load->block_size, 0,
                                      0, 0, 0, 0, ended, slot);
  if (task == NULL) errx(1, "%s", iscsi_get_error(load->iscsi));
  if (!load->write) scsi_task_add_data_in_buffer(task, (int)bytes, slot->buffer);
  --load->left;
  ++load->under_way;
}

static void ended(struct iscsi_context* iscsi, int status, void* data, void* private_data) {
  struct slot* slot = private_data;
  if (status != SCSI_STATUS_GOOD) errx(1, "status %d: %s", status, iscsi_get_error(iscsi));
  scsi_free_scsi_task(data);
  --slot->load->under_way;
  if (slot->load->left > 0) start(slot);
}

static void serve(struct load* load) {
  while (load->under_way > 0) {
    struct pollfd waiting = {iscsi_get_fd(load->iscsi), (short)iscsi_which_events(load->iscsi), 0};
    if (poll(&waiting, 1, -1) < 0) err(1, "poll");
    if (iscsi_service(load->iscsi, waiting.revents) < 0)
      errx(1, "%s", iscsi_get_error(load->iscsi));
  }
}

static void prepare_slot(struct slot* slot, struct load* load) {
  const size_t bytes = load->step * load->block_size;
  slot->load = load;
  slot->buffer = malloc(bytes);
  if (slot->buffer == NULL) errx(1, "memory");
  memset(slot->buffer, 'b', bytes);
}

static int run(int argc, char** argv) {
  if (argc != 8) errx(2, "run read|write random|sequential BYTES DEPTH COUNT");
  struct load load = {.write = strcmp(argv[3], "write") == 0,
                      .random = strcmp(argv[4], "random") == 0,
                      .left = atoll(argv[7])};
  open_disk(&load, argv[1], (uint32_t)atoll(argv[5]));
  const int depth = atoi(argv[6]);
  struct slot* slots = calloc((size_t)depth, sizeof *slots);
  if (slots == NULL) errx(1, "memory");
  for (int i = 0; i < depth; ++i) prepare_slot(&slots[i], &load);
  for (int i = 0; i < depth && load.left > 0; ++i) start(&slots[i]);
  serve(&load);
  iscsi_logout_sync(load.iscsi);
  return 0;
}

// Runs `command` where none of it runs; ends this process where it failed.
static void keep_running(char** command, pid_t* child) {
  int status = 0;
  if (command[0] == NULL) return;
  if (*child > 0) {
    if (waitpid(*child, &status, WNOHANG) != *child) return;
    *child = 0;
    if (status != 0) errx(1, "%s: status %d", command[0], status);
  }
  if (posix_spawnp(child, command[0], NULL, NULL, command, environ) != 0) errx(1, "%s", command[0]);
}

static int paced(int argc, char** argv) {
  if (argc < 5) errx(2, "paced BYTES SECONDS [COMMAND...]");
  struct load load = {.random = 1};
  open_disk(&load, argv[1], (uint32_t)atoll(argv[3]));
  struct slot slot;
  prepare_slot(&slot, &load);
  const int64_t count = (int64_t)(atof(argv[4]) * (double)kSecond) / kPeriod;
  int64_t* latency = calloc((size_t)count, sizeof *latency);
  if (latency == NULL) errx(1, "memory");
  pid_t child = 0;
  keep_running(argv + 5, &child);
  int64_t due = now();
  for (int64_t i = 0; i < count; ++i, due += kPeriod) {
    const struct timespec until = {due / kSecond, due % kSecond};
    while (now() < due) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    load.left = 1;
    start(&slot);
    serve(&load);
    latency[i] = now() - due;
    if (i % 10 == 0) keep_running(argv + 5, &child);
  }
  if (child > 0) waitpid(child, NULL, 0);
  for (int64_t i = 0; i < count; ++i) printf("%lld\n", (long long)latency[i]);
  iscsi_logout_sync(load.iscsi);
  return 0;
}

static long pss(const char* pid) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%s/smaps_rollup", pid);
  FILE* file = fopen(path, "r");
  if (file == NULL) err(1, "%s", path);
  long kib = -1;
  while (kib < 0 && fgets(line, sizeof line, file) != NULL) sscanf(line, "Pss: %ld", &kib);
  fclose(file);
  if (kib < 0) errx(1, "%s says nothing", path);
  return kib;
}

static int sessions(int argc, char** argv) {
  if (argc != 5) errx(2, "sessions COUNT PID");
  const int count = atoi(argv[3]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  struct iscsi_context** all = calloc((size_t)count, sizeof *all);
  if (all == NULL) errx(1, "memory");
  for (int i = 0, lun = 0; i < count; ++i) {
    char initiator[64];
    snprintf(initiator, sizeof initiator, "iqn.2026-01.invalid.bench:host-%d", i);
    all[i] = log_in(argv[1], initiator, &lun);
  }
  printf("%ld\n", pss(argv[4]));
  // Not logged out, one after the other: the target notices that they are gone.
  return 0;
}

int main(int argc, char** argv) {
  const char* what = argc > 2 ? argv[2] : "";
  if (strcmp(what, "run") == 0) return run(argc, argv);
  if (strcmp(what, "paced") == 0) return paced(argc, argv);
  if (strcmp(what, "sessions") == 0) return sessions(argc, argv);
  errx(2, "usage: iscsi_load URL run|paced|sessions ...");
}
