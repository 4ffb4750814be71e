/* copyfile: copies any ranges between two files the fastest correct way, all or nothing. See copyfile(3).
 *
 * Conventions
 *   1. Every function may be called from any thread, on any descriptors, at any time. None keeps state between calls.
 *   2. Offsets are explicit; no file position is moved. The descriptors stay the caller's and stay open.
 *   3. Failure is -1 with errno set. Whatever is wrong with a request is found before anything is written.
 *   4. Numbers in this file (flags, mechanisms, errors) never change their meaning; new ones are appended.
 *   5. Nothing is printed, and no signal handler is changed.
 */
#ifndef COPYFILE_COPYFILE_H
#define COPYFILE_COPYFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define COPYFILE_EXPORT __attribute__((visibility("default")))
#else
#define COPYFILE_EXPORT
#endif

/* Flags of copyfile() and copyfilev(), and of copyfile_how.flags. */
#define COPYFILE_NO_SHARE 0x1u      /* a real second copy: nothing that may share storage is used */
#define COPYFILE_REQUIRE_SHARE 0x2u /* share all of it or fail (EOPNOTSUPP, EXDEV, EINVAL) */
#define COPYFILE_REQUIRE_OFFLOAD 0x4u /* no byte through this host's memory, or fail (EOPNOTSUPP) */
#define COPYFILE_NO_CACHE \
  0x8u /* leave the page cache as it was, as far as the file systems allow */
#define COPYFILE_EXACT \
  0x10u /* a range that reaches past the end of the source is an error (ENODATA) */

/* Copies up to count bytes from in_offset of in_fd to out_offset of out_fd. in_fd must be open for reading, out_fd for
 * writing and without O_APPEND; both refer to regular files or block devices. Holes of the source become holes.
 *
 * Returns the bytes copied: fewer than count only at the end of the source, or where an error struck behind the first
 * byte; 0 at the end of the source; -1 with errno set if nothing was copied:
 *   EBADF       not open, not open for reading (in_fd) or writing (out_fd), or out_fd has O_APPEND
 *   EINVAL      unknown or contradicting flags, a negative offset, overlapping ranges of one file,
 *               or a file that is neither regular nor a block device
 *   EISDIR      one of them is a directory
 *   EOVERFLOW   offset plus count is no file offset
 *   EOPNOTSUPP, EXDEV   a required way is not to be had (flags)
 *   EIO, ENOSPC, EDQUOT, EFBIG, ENOMEM, EPERM, ETXTBSY, ...   as read(2), write(2) and ioctl_ficlonerange(2)
 */
COPYFILE_EXPORT ssize_t copyfile(int out_fd, int in_fd, off_t in_offset, off_t out_offset,
                                 size_t count, unsigned int flags);

/* One range of a vector. `copied` is written back by copyfilev(). */
struct copyfile_range {
  uint64_t in_offset;
  uint64_t out_offset;
  uint64_t length;
  uint64_t copied;
};

/* Copies count ranges as one request: checked as a whole before the first byte, planned together, coalesced where that
 * cannot change the result, in no particular order. Destinations must not overlap each other, nor, in one file, any
 * source (EINVAL). A range of length 0 is allowed and copies nothing.
 *
 * Returns the total, with `copied` set in every range, or -1 with errno as copyfile() if no byte was copied. After an error
 * behind the first byte the total is short, and so is `copied` of some ranges; bytes behind `copied` within a range are
 * undefined.
 */
COPYFILE_EXPORT ssize_t copyfilev(int out_fd, int in_fd, struct copyfile_range* ranges,
                                  size_t count, unsigned int flags);

/* copyfile_how.flags, besides the above. */
#define COPYFILE_NOFOLLOW 0x100u      /* a symbolic link as source is an error (ELOOP) */
#define COPYFILE_SPARSE_NEVER 0x200u  /* write the zeros of holes */
#define COPYFILE_SPARSE_ALWAYS 0x400u /* make holes of long runs of zeros */
#define COPYFILE_CACHE_KEEP 0x800u    /* never go around the page cache */
#define COPYFILE_FOLLOW_OUT \
  0x1000u /* if out_path is a symbolic link, replace what it names, not the link */
#define COPYFILE_ALLOW_CHANGE 0x2000u /* a source that changes while it is read is no error */

/* copyfile_how.replace */
#define COPYFILE_REPLACE_NEVER 0u /* EEXIST if out_path exists, as link(2) */
/* Takes the place of an existing file. Of the metadata classes that are not asked for it keeps what writing into the file
 * would have left: mode, owner, ACL, label, extended attributes, inode flags, project. */
#define COPYFILE_REPLACE_FILE 1u
#define COPYFILE_REPLACE_FRESH \
  2u /* as COPYFILE_REPLACE_FILE, but nothing of the old file's metadata is kept */

/* copyfile_how.durability */
#define COPYFILE_ORDERED \
  0u /* contents on stable storage before the name is: after a crash, old or complete */
#define COPYFILE_NONE 1u    /* atomic to every running observer; a crash may reorder */
#define COPYFILE_DURABLE 2u /* ordered, and on return the name is on stable storage too */

/* Metadata classes: bits of copyfile_how.required and .wanted, and of copyfile_report.not_preserved. */
#define COPYFILE_MODE 0x1u
#define COPYFILE_OWNER 0x2u
#define COPYFILE_TIMES 0x4u
#define COPYFILE_ACL 0x8u
#define COPYFILE_XATTR 0x10u /* extended attributes but for those of ACL and the next two */
#define COPYFILE_CAPABILITIES 0x20u
#define COPYFILE_LABEL 0x40u /* SELinux */
#define COPYFILE_INODE_FLAGS 0x80u
#define COPYFILE_PROJECT 0x100u
#define COPYFILE_VERITY 0x200u

/* copyfile_how.digest */
#define COPYFILE_DIGEST_NONE 0u
#define COPYFILE_DIGEST_SHA256 1u
#define COPYFILE_DIGEST_XXH3_128 2u

/* copyfile_how.verify */
#define COPYFILE_VERIFY_NONE 0u
#define COPYFILE_VERIFY_MEDIUM 1u /* read the copy back from the medium and compare */

/* copyfile_report.verified: where the copy was read back from */
#define COPYFILE_VERIFIED_NO 0u
#define COPYFILE_VERIFIED_DIRECT 1u  /* the medium, by O_DIRECT */
#define COPYFILE_VERIFIED_DROPPED 2u /* the medium: the page cache was seen to be empty before */
#define COPYFILE_VERIFIED_CACHE \
  3u /* the page cache: nothing is behind it (tmpfs), or it could not be emptied */

struct copyfile_progress {
  uint64_t copied; /* bytes in place */
  uint64_t total;  /* bytes to copy, 0 if not known */
  uint64_t
      moved; /* of copied: read and written, neither shared nor left as holes; what takes the time */
  uint64_t to_move; /* of total; 0 if not known, or nothing */
};

/* One thing that the source, or the replaced file, has and the copy has not: "owner", "user.a", "nocow", ... */
struct copyfile_loss {
  uint64_t metadata_class; /* one bit */
  const char* attribute;
  int error; /* the errno why */
};

/* How copyfileat() is to do it. Zero-fill it; pass its size, as with openat2(2): a structure that is larger than the
 * library knows, with something set there, is E2BIG; a smaller one has zeros there. */
struct copyfile_how {
  uint64_t flags;
  uint32_t replace;
  uint32_t durability;
  uint64_t required; /* metadata classes: losing one is an error before the file gets its name */
  uint64_t wanted;   /* metadata classes: losing one is in the report */
  uint32_t digest;
  uint32_t verify;
  uint8_t expected
      [64]; /* with digest: the copy gets its name only if it has this digest (first bytes; the rest zero) */
  uint64_t rate; /* bytes a second at most, 0 = no limit */
  /* Called about ten times a second from the calling thread or one of ours, never from two at once. Not 0 cancels:
   * ECANCELED, and nothing is left. */
  int (*progress)(const struct copyfile_progress* progress, void* data);
  void* progress_data;
  /* Called before copyfileat() returns, also when it fails, for each thing of the classes asked for, or to be kept, that
   * was lost. `loss` and its text are gone afterwards. */
  void (*lost)(const struct copyfile_loss* loss, void* data);
  void* lost_data;
};

/* Mechanisms: indexes of copyfile_report.bytes_by. */
#define COPYFILE_BY_REFLINK 0
#define COPYFILE_BY_COPY_RANGE 1 /* in the kernel; whether the storage did it is not known */
#define COPYFILE_BY_BUFFERED 2
#define COPYFILE_BY_DIRECT 3
#define COPYFILE_BY_ZERO 4               /* holes and preallocated space: nothing was moved */
#define COPYFILE_BY_SCSI_EXTENDED_COPY 5 /* between disks of one storage, which moved them */
#define COPYFILE_BY_SCSI_TOKEN 6         /* the same, by tokens (ODX) */
#define COPYFILE_BY_NVME_COPY 7 /* inside an NVMe disk, or between namespaces of one controller */

struct copyfile_report {
  uint64_t size; /* bytes of the file, or of the request */
  uint64_t bytes_by[16];
  uint64_t not_preserved; /* metadata classes of which something was lost; see copyfile_how.lost */
  uint32_t published;     /* 1: the name is there (also when the call fails behind that point) */
  uint32_t durability;    /* reached */
  uint32_t digest;        /* which; with verify alone COPYFILE_DIGEST_XXH3_128 */
  uint32_t mechanisms_used; /* 1 << COPYFILE_BY_... */
  uint8_t
      digest_value[64]; /* of the bytes that were copied, also where it is not the expected one */
  uint32_t verified;    /* COPYFILE_VERIFIED_... */
  uint32_t retries;     /* how often the copy began again, because the source had changed */
};

/* Creates out_path as a complete copy of in_path, or not at all: no observer, and after a crash nobody, sees the name with
 * anything but complete contents (see durability for what a crash may do). Paths are relative to the directory descriptors,
 * which may be AT_FDCWD. how == NULL: never replace, all metadata wanted, ordered.
 *
 * Returns 0, or -1 with errno as copyfile() and:
 *   EEXIST      out_path exists and replace is COPYFILE_REPLACE_NEVER
 *   EBADMSG     the copy has not the expected digest, or the medium does not hold what was copied
 *   ESTALE      the source changed while it was copied, and again each time that the copy began anew
 *   ECANCELED   the progress function said so
 *   E2BIG       how_size is larger than known and something unknown is asked for
 *   EOPNOTSUPP  a file system that can't keep a required metadata class; SHA-256 without libcrypto.so.3
 *   EBUSY       out_path leads through a link of procfs (/dev/stdout) to a file that is open (COPYFILE_FOLLOW_OUT)
 *   ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EACCES, EROFS, ... as open(2), link(2) and rename(2)
 * Once the name is there nothing undoes it: if the call fails behind that point (EIO while the directory is synced),
 * report->published is 1 and report->durability says what was reached.
 */
COPYFILE_EXPORT int copyfileat(int in_dirfd, const char* in_path, int out_dirfd,
                               const char* out_path, const struct copyfile_how* how,
                               size_t how_size, struct copyfile_report* report, size_t report_size);

/* Flags of copyfile_store_open(). */
#define COPYFILE_STORE_TRUST_SEAL \
  0x1u /* believe the fs-verity measurement that the repository has recorded, whoever may write to it */

/* Opens a file of a repository of known-good files (copyfile-store(1)): `what` is a name in it, or a digest, "sha256:HEX" or its
 * 64 digits. `repository` is the path of its directory, relative to dirfd, which may be AT_FDCWD.
 *
 * What is behind the descriptor has been checked: every byte was read once from it and digested, which takes as long as
 * sha256sum(1); or, where fs-verity seals the file so that the kernel checks each block that is read, its measurement is the one
 * that was recorded when the bytes were digested. That is believed only where nobody but the caller's effective user and root
 * can have written to the repository, or with COPYFILE_STORE_TRUST_SEAL.
 *
 * Returns a descriptor, open for reading, with close-on-exec, which the caller closes; the file stays readable also when it
 * is removed from the repository. Or -1 with errno:
 *   ENOENT      no such name or content, or no repository there
 *   EBADMSG     the file is damaged ('copyfile store verify'), or the index, or the format of the repository
 *   EIO         the medium can't be read, or fs-verity found it damaged
 *   EINVAL      unknown flags, or `what` is neither a name nor a digest
 *   EPROTONOSUPPORT  the repository is of a later version
 *   EOPNOTSUPP  names need libsqlite3.so.0 and /proc, and digesting needs libcrypto.so.3: one of them is missing
 *   EFAULT      a null pointer
 *   EACCES, ENOTDIR, ELOOP, EMFILE, ENOMEM, ...   as open(2)
 */
COPYFILE_EXPORT int copyfile_store_open(int dirfd, const char* repository, const char* what,
                                        unsigned int flags);

/* The version of the library that runs, "0.1.0". */
COPYFILE_EXPORT const char* copyfile_version(void);

#ifdef __cplusplus
}
#endif
#endif
