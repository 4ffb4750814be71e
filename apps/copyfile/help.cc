#include "copyfile/help.h"

namespace libcopyfile::app {
namespace {

constexpr const char* kCopyHelp =
    R"(Usage: copyfile [OPTION]... SOURCE DEST
  or:  copyfile [OPTION]... SOURCE... DIRECTORY
  or:  copyfile [OPTION]... -t DIRECTORY SOURCE...
  or:  copyfile range|probe|map|sweep ...    (each has its own --help)
Copy SOURCE to DEST by the best way that the storage offers: completely, or
not at all. DEST is replaced in one step; no program and, after a crash, no
one ever sees it empty or half written.

What the copy is
      --reflink[=WHEN]    share the data of the source (copy on write): 'auto'
                            where possible and worth it (default), 'always' or
                            fail (also --reflink alone), 'never'
      --sparse=WHEN       holes: 'auto' keeps those of the source (default),
                            'always' makes holes of zeros, 'never' writes zeros
      --offload=WHEN      'always': fail rather than move a byte through this
                            host's memory; default 'auto'
      --durability=LEVEL  'ordered': contents are on stable storage before the
                            name is (default); 'durable': the name too;
                            'none': as cp does, nothing is waited for
      --sync=HOW          how several files become stable: 'files' syncs ours
                            alone, 'filesystem' all that it holds, once;
                            default 'auto': the cheaper one
  -p                      same as --preserve=mode,ownership,timestamps
      --preserve[=LIST]   preserve these (without LIST those of -p): mode (with
                            its ACL), ownership, timestamps, links, context,
                            xattr, acl, capabilities, flags, project, verity,
                            all
      --no-preserve=LIST  don't preserve these
      --overwrite-device  allow DEST to be a block device

What it is checked for, before DEST shows it
      --digest=WHICH      print the digest of each copy as a line of a file of
                            checksums: 'sha256' or 'xxh3'
      --expect=DIGEST     sha256:HEX or xxh3:HEX: the copy has it, or is not made
      --checksums=FILE    the same for every SOURCE, as FILE says (sha256sum)
      --verify            read the copy back from the medium and compare
      --allow-changes     a SOURCE that changes while it is copied is no error

Where it goes
  -f, --force             accepted for cp's sake: DEST is replaced anyhow
  -n, --no-clobber        do not replace an existing file
  -t, --target-directory=DIRECTORY  copy all SOURCEs into DIRECTORY
  -T, --no-target-directory         treat DEST as a normal file

How it goes
      --cache=WHEN        the page cache: 'auto' (default), 'keep' uses it,
                            'bypass' leaves it as it was
      --limit-rate=RATE   at most RATE bytes a second
      --progress          show progress at once (default: on a terminal, after
                            one second)

What is told
  -v, --verbose           name each file
      --debug             one line more for each file, as cp --debug
      --explain           the plan, what happened, and why nothing else did
      --json              the same as one JSON object a line
      --help              this text
      --version           the version

SIZE and RATE take K, M, G, T (powers of 1024) and KB, MB, ... (of 1000).
Exit status: 0 all copied, 1 some copies failed, 2 wrong usage.
A file that is called 'range', 'probe', 'map' or 'sweep' is named as './range'.
)";

constexpr const char* kRangeHelp =
    R"(Usage: copyfile range [OPTION]... SRC DST IN:OUT:LEN...
  or:  copyfile range [OPTION]... --ranges=FILE SRC DST
Copy LEN bytes from offset IN of SRC to offset OUT of DST, for every range, as
one request: checked as a whole before the first byte, joined, shared, copied
or left as holes as is best. DST is written in place, and created if missing.
An empty OUT is IN; an empty LEN reaches to the end of SRC.

      --ranges=FILE       read ranges from FILE ('-': standard input): text, or
                            JSON such as 'qemu-img map --output=json' prints
      --exact             a range past the end of SRC is an error, and nothing
                            is copied; default: a short copy, and a word on it
      --durability=LEVEL  'ordered' or 'durable': DST is on stable storage when
                            the command ends; default 'none'
      --overwrite-device  allow DST to be a block device
      --reflink[=WHEN] --sparse=WHEN --offload=WHEN --cache=WHEN
      --limit-rate=RATE --progress -v, --verbose --explain --json
                          as in 'copyfile --help'

Numbers take K, M, G, T (powers of 1024) and KB, MB, ... (of 1000).
Exit status: 0 copied, 1 not all copied, 2 wrong usage or a bad list.
)";

constexpr const char* kProbeHelp =
    R"(Usage: copyfile probe [OPTION]... SRC DST
Tell which ways there are to copy SRC to DST, which there are not and why, and
which would be taken, without copying. What only trying tells is tried on one
block of an unnamed file beside DST.

      --reflink[=WHEN] --sparse=WHEN --offload=WHEN --cache=WHEN
                          as in 'copyfile --help'
      --json              one JSON object
Exit status: 0 answered, 1 one of them can't be looked at, 2 wrong usage.
)";

constexpr const char* kSweepHelp =
    R"(Usage: copyfile sweep [OPTION]... DIRECTORY...
Remove the private files ('.copyfile-....part') that a crash, a kill or a power
cut has left in each DIRECTORY. Files of copies that are under way are locked,
and stay.

  -r, --recursive     the directories below as well, on the same file system
      --dry-run       remove nothing, name what would be removed
  -f, --force         also files that can't be locked (on some servers); only
                        when no copy is under way there
  -v, --verbose       name each file
      --json          one JSON object a line
Exit status: 0 nothing is left, or only what is in use; 1 something could not
be removed or looked at; 2 wrong usage.
)";

}  // namespace

const char* help_text(Verb verb) {
  switch (verb) {
    case Verb::copy: return kCopyHelp;
    case Verb::range: return kRangeHelp;
    case Verb::probe: return kProbeHelp;
    case Verb::sweep: return kSweepHelp;
  }
  return "";
}

}  // namespace libcopyfile::app
