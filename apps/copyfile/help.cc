#include "copyfile/help.h"

#include <string_view>

#include "copyfile/messages.h"

namespace libcopyfile::app {
namespace {

constexpr const char* kCopyHelp =
    R"(Usage: copyfile [OPTION]... [-T] SOURCE DEST
  or:  copyfile [OPTION]... SOURCE... DIRECTORY
  or:  copyfile [OPTION]... -t DIRECTORY SOURCE...
  or:  copyfile range|probe|map|sweep|store ... (each has its own --help)
Copy SOURCE to DEST, files and trees, by the best way that the storage offers:
completely, or not at all. A file is replaced in one step, a new tree appears
as a whole; no program and, after a crash, no one ever sees a part of it.
Called by the name 'cp', it is cp: written in place, nothing waited for.

What is copied
  -a, --archive           same as -dR --preserve=all
  -R, -r, --recursive     copy directories
  -H                      follow symbolic links that are operands
  -L, --dereference       follow all symbolic links
  -P, --no-dereference    follow none (with -r and without -l the default)
  -d                      same as --no-dereference --preserve=links
  -x, --one-file-system   stay on the file system of each SOURCE
      --copy-contents     in trees, read pipes and devices (default: make them)
      --exclude=PATTERN   leave out what matches, as rsync does
      --include=PATTERN   don't leave it out; the first that matches decides
      --exclude-from=FILE --include-from=FILE  patterns, one a line
      --files-from=FILE   only what FILE names, relative to each SOURCE
      --from0             lines of these files end in NUL
      --strip-trailing-slashes  of each SOURCE

What the copy is
      --reflink[=WHEN]    share the data of the source (copy on write): 'auto'
                            where possible and worth it (default), 'always' or
                            fail (also --reflink alone), 'never'
      --sparse=WHEN       holes: 'auto' keeps those of the source (default),
                            'always' makes holes of zeros, 'never' writes zeros
      --offload=WHEN      'always': fail rather than move a byte through this
                            host's memory; default 'auto'
      --no-offload=DIR    never let the storage copy or share where DIR is
                            mounted: for servers that do it wrong, or never end
      --durability=LEVEL  'ordered': contents are on stable storage before the
                            name is (default); 'durable': the name too;
                            'none': as cp does, nothing is waited for
      --sync=HOW          how several files become stable: 'files' syncs ours
                            alone, 'filesystem' all that it holds, once;
                            default 'auto': the cheaper one
  -l, --link              make hard links instead of copies
  -s, --symbolic-link     make symbolic links instead of copies
      --attributes-only   don't copy the data, just the attributes
  -p                      same as --preserve=mode,ownership,timestamps
      --preserve[=LIST]   preserve these (without LIST those of -p): mode (with
                            its ACL), ownership, timestamps, links, context,
                            xattr, acl, capabilities, flags, project, verity,
                            all
      --no-preserve=LIST  don't preserve these
  -Z                      give the security context that the policy says
      --context[=CTX]     like -Z, or give CTX
      --overwrite-device  allow DEST to be a block device or an iscsi:// URL

What it is checked for, before DEST shows it
      --digest=WHICH      print the digest of each copy as a line of a file of
                            checksums: 'sha256' or 'xxh3'
      --expect=DIGEST     sha256:HEX or xxh3:HEX: the copy has it, or is not made
      --checksums=FILE    the same for every SOURCE, as FILE says (sha256sum)
      --verify            read the copy back from the medium and compare
      --allow-changes     a SOURCE that changes while it is copied is no error

Where it goes
  -t, --target-directory=DIRECTORY  copy all SOURCEs into DIRECTORY
  -T, --no-target-directory         treat DEST as a normal file
      --parents           use the full name of each SOURCE under DIRECTORY
      --keep-directory-symlink  follow links to directories in DEST

What becomes of files that are there
  -i, --interactive       ask (overrides an earlier -n)
  -n, --no-clobber        leave them alone (overrides an earlier -i)
  -u, --update[=WHEN]     'older' (default): replace what is older than SOURCE;
                            'all', 'none' (as -n), 'none-fail' (an error)
  -f, --force             in place: remove what can't be opened for writing
      --remove-destination  remove them first
      --backup[=CONTROL]  keep them under another name: 'simple' (never),
                            'numbered' (t), 'existing' (nil), 'none' (off)
  -b                      like --backup without CONTROL
  -S, --suffix=SUFFIX     of simple backups; default '~'
      --in-place          write to them, as cp does, instead of replacing them

How it goes
  -j, --jobs=N            at most N files at a time; default: by the processors
      --resume            go on with what an interrupted copy has left; don't
                            copy again what has the size and time of SOURCE
      --on-error=WHAT     'continue' with the next (default) or 'stop'
      --dry-run           copy nothing, tell what would be copied
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

RATE takes K, M, G, T (powers of 1024) and KB, MB, ... (of 1000). CONTROL is
taken from VERSION_CONTROL, SUFFIX from SIMPLE_BACKUP_SUFFIX, if not given.
SOURCE and DEST may be iscsi://[USER[%PASSWORD]@]HOST[:PORT]/TARGET/LUN, or the
SCSI generic node of a disk (/dev/sg0).
Exit status: 0 all copied, 1 some copies failed, 2 wrong usage (1 as 'cp').
A file that is called as one of the subcommands is named as './range'.
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
      --overwrite-device  allow DST to be a block device or an iscsi:// URL
      --reflink[=WHEN] --sparse=WHEN --offload=WHEN --no-offload=DIR
      --cache=WHEN --limit-rate=RATE --progress -v, --verbose --explain --json
                          as in 'copyfile --help'

Numbers take K, M, G, T (powers of 1024) and KB, MB, ... (of 1000).
Exit status: 0 copied, 1 not all copied, 2 wrong usage or a bad list.
)";

constexpr const char* kProbeHelp =
    R"(Usage: copyfile probe [OPTION]... SRC DST
Tell which ways there are to copy SRC to DST, which there are not and why, and
which would be taken, without copying. What only trying tells is tried on one
block of a private file beside DST.

      --reflink[=WHEN] --sparse=WHEN --offload=WHEN --no-offload=DIR
      --cache=WHEN        as in 'copyfile --help'
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

// Under the name of cp, with that name, and without the subcommands that it does not have then.
std::string copy_help() {
  std::string text = kCopyHelp;
  if (!is_cp()) return text;
  const auto cut = [&](std::string_view from, std::string_view to) {
    const size_t begin = text.find(from);
    text.erase(begin, text.find(to, begin) - begin);
  };
  cut("  or:  copyfile range", "Copy SOURCE");
  cut("A file that is called", "\n");
  text.pop_back();
  constexpr std::string_view kName = "copyfile [";
  for (size_t at = text.find(kName); at != std::string::npos; at = text.find(kName)) {
    text.replace(at, kName.size() - 2, "cp");
  }
  return text;
}

}  // namespace

std::string help_text(Verb verb) {
  switch (verb) {
    case Verb::copy: return copy_help();
    case Verb::range: return kRangeHelp;
    case Verb::probe: return kProbeHelp;
    case Verb::sweep: return kSweepHelp;
  }
  return "";
}

}  // namespace libcopyfile::app
