#include "copyfile/store_options.h"

namespace libcopyfile::app {
namespace {

constexpr std::string_view kHelp =
    R"(Usage: copyfile store SUBCOMMAND [OPTION]... REPO [ARGUMENT]...
A repository of known-good files: each is kept under the SHA-256 of its bytes,
and nothing is given away that was not checked.

  init REPO                 make one
  add REPO FILE...          add files, or with -r trees; '-' is standard input
  get REPO WHAT DEST        take a file: a clone or a copy, never a hard link
  cat REPO WHAT...          to standard output
  export REPO [DEST]        all that has a name: as tree, tar or sha256sums
  verify REPO               read everything again
  repair REPO               heal what is damaged, from another place
  rebuild REPO              make the index anew
  names REPO [PREFIX]       the names
  ls REPO                   the blobs
  stat REPO WHAT...         what is known of them
  tag REPO WHAT NAME        give a name
  rm REPO WHAT...           take a name away
  gc REPO                   remove what has no name
  du REPO                   how much there is, and how much of it is shared
  manifest REPO             a list of all names to be signed, or checked

      --help              this text; 'copyfile store add --help' tells more
WHAT is a name, or a digest: sha256:HEX, or its 64 digits.
Exit status: 0 done, 1 not all was done, or something is damaged, 2 wrong usage.
)";

constexpr std::string_view kInit =
    R"(Usage: copyfile store init [OPTION]... REPO
Make a repository: a directory that does not exist, or is empty.

      --members=WHO       who may use it: 'owner', 'readers' (default: everybody
                            may read), 'group' (reads and writes, others do
                            neither), 'group-readers' (others read)
      --help              this text
)";

constexpr std::string_view kAdd =
    R"(Usage: copyfile store add [OPTION]... REPO FILE...
  or:  copyfile store add [OPTION]... REPO -
  or:  copyfile store add --recursive [OPTION]... REPO DIRECTORY...
Add files. Each is first copied into the repository, privately; that copy is
digested, compared, sealed, and then published: what becomes of FILE meanwhile
does not matter. A line with its digest is printed for each, when it
is on stable storage.

      --expect=DIGEST     sha256:HEX: FILE has it, or is not added
      --checksums=FILE    the same for each, as FILE says (sha256sum)
      --name=NAME         its name; a file without one is kept all the same
      --tag=NAME          one more name (may be repeated)
      --named             name each by the last component of FILE
      --prefix=NAME       the same, behind NAME and a slash
  -r, --recursive         the files below each DIRECTORY, named by their paths
                            there
  -f, --force             names that other contents have are moved
      --max-size=SIZE     refuse what is larger: for sources that may not end
  -j, --jobs=N            at most N at a time; default: by the processors
      --limit-rate=RATE   at most RATE bytes a second
      --progress          show progress at once
  -q, --quiet             print no digests
      --json              one JSON object a line
      --help              this text
)";

constexpr std::string_view kGet =
    R"(Usage: copyfile store get [OPTION]... REPO WHAT DEST
Make DEST a clone or a copy of a file of the repository. The bytes are checked
on the way: DEST is right, or is not made.

      --preserve          the mode and the time that the file had when it was
                            added under this name
  -f, --force             replace DEST, in one step
      --reflink=WHEN      share the data: 'auto' (default), 'always', 'never'
      --trust-seal        where fs-verity seals the file, believe the measurement
                            that was recorded for it: nothing is read
      --durability=LEVEL  'none', 'ordered' (default) or 'durable'
      --limit-rate=RATE   at most RATE bytes a second
      --progress          show progress at once
  -v, --verbose           print the digest, and whether data is shared
      --json              the same as a JSON object
      --help              this text
)";

constexpr std::string_view kCat =
    R"(Usage: copyfile store cat [OPTION]... REPO WHAT...
Print files of the repository. Each is checked before its first byte is printed.

      --help              this text
)";

constexpr std::string_view kExport =
    R"(Usage: copyfile store export --as=FORM [OPTION]... REPO [DEST]
Give away all that has a name, every byte checked.

      --as=FORM           'tree': a new directory DEST; 'tar': an archive, and
                            'sha256sums': a list, on standard output or in DEST
      --prefix=NAME       only NAME and what is below it
      --durability=LEVEL  'none', 'ordered' (default) or 'durable'
      --limit-rate=RATE   at most RATE bytes a second
      --progress          show progress at once
  -v, --verbose           print each name
      --help              this text
)";

constexpr std::string_view kVerify =
    R"(Usage: copyfile store verify [OPTION]... REPO
Read everything again. What is damaged is named and moved to quarantine, so
that nobody gets it.

      --medium            read from the medium, past the page cache
      --sample=N%         this part of the blobs, chosen at random
      --resume            go on where an interrupted verification stopped
      --no-quarantine     leave what is damaged where it is
  -j, --jobs=N            at most N at a time; default: by the processors
      --limit-rate=RATE   at most RATE bytes a second
      --progress          show progress at once
  -v, --verbose           print also what is no damage, and a summary
      --json              one JSON object a line
      --help              this text
Exit status: 0 all is well, 1 something is damaged or was not read.
)";

constexpr std::string_view kRepair =
    R"(Usage: copyfile store repair [OPTION]... REPO
Heal the index, and the blobs that are missing or in quarantine. Run 'copyfile
store verify' before: it finds what is to be healed.

      --from=PLACE        another repository, or a directory in which the right
                            bytes may be, under any name (may be repeated)
      --names             take its names, too, where their contents are here and
                            the name is free: after 'rebuild'
  -j, --jobs=N            at most N at a time; default: by the processors
      --limit-rate=RATE   at most RATE bytes a second
      --progress          show progress at once
  -v, --verbose           print what was healed
      --json              one JSON object a line
      --help              this text
Exit status: 0 nothing is missing, 1 something still is.
)";

constexpr std::string_view kRebuild =
    R"(Usage: copyfile store rebuild [OPTION]... REPO
Make the index anew from the blobs and from the names of the old one that can
still be read.

      --blobs-only        from the blobs alone: there are no names then
      --help              this text
)";

constexpr std::string_view kNames =
    R"(Usage: copyfile store names [OPTION]... REPO [PREFIX]
Print all names, or those that begin with PREFIX, and their digests.

      --json              one JSON object a line
      --help              this text
)";

constexpr std::string_view kLs =
    R"(Usage: copyfile store ls [OPTION]... REPO
Print all blobs: digest, size and names.

      --json              one JSON object a line
      --help              this text
)";

constexpr std::string_view kTag =
    R"(Usage: copyfile store tag [OPTION]... REPO WHAT NAME
Give what is called WHAT one more name.

  -f, --force             move NAME if another content has it
      --help              this text
)";

constexpr std::string_view kRm =
    R"(Usage: copyfile store rm [OPTION]... REPO WHAT...
Take names away. Of a digest: don't keep it any longer without a name. What
has no name and is not kept goes with the next 'copyfile store gc'.

  -f, --force             of a digest, take all its names away, too
      --help              this text
)";

constexpr std::string_view kGc =
    R"(Usage: copyfile store gc [OPTION]... REPO
Remove blobs that have no name and are not kept, and what crashes left. Who is
adding or reading is not disturbed.

      --grace=SECONDS     leave what was added within this time
      --quarantine        also what is in quarantine
      --dry-run           remove nothing, print what would be removed
  -v, --verbose           print what is removed, and a summary
      --json              one JSON object a line
      --help              this text
)";

constexpr std::string_view kStat =
    R"(Usage: copyfile store stat [OPTION]... REPO WHAT...
Print what is known of files: sizes, names, when they were added, the seal.

      --json              one JSON object a line
      --help              this text
)";

constexpr std::string_view kDu =
    R"(Usage: copyfile store du [OPTION]... REPO
Print how much the repository holds, how much of that it takes on the medium,
and how much it shares with other files.

      --json              a JSON object
      --help              this text
)";

constexpr std::string_view kManifest =
    R"(Usage: copyfile store manifest [OPTION]... REPO
  or:  copyfile store manifest --check=FILE --signers=FILE --identity=WHO REPO
Print the digest of each name, as 'sha256sum' does; or compare the repository
with such a list that somebody has signed.

      --prefix=NAME       only NAME and what is below it
      --output=FILE       write into FILE instead of printing
      --sign=KEY          sign it into FILE.sig by 'ssh-keygen -Y sign'; KEY is a
                            file with a private key, or a public one of an agent
      --check=FILE        are the names those of FILE, with these contents?
      --signers=FILE      who may sign: allowed signers of ssh-keygen(1)
      --identity=WHO      whose signature FILE.sig must be
      --unsigned          compare without a signature
      --json              one JSON object a line for each difference
      --help              this text
Exit status: 0 done, or the same, 1 it differs or is not trusted.
)";

}  // namespace

std::string_view store_help() { return kHelp; }

std::string_view store_help(StoreVerb verb) {
  switch (verb) {
    case StoreVerb::init: return kInit;
    case StoreVerb::add: return kAdd;
    case StoreVerb::get: return kGet;
    case StoreVerb::cat: return kCat;
    case StoreVerb::export_names: return kExport;
    case StoreVerb::verify: return kVerify;
    case StoreVerb::repair: return kRepair;
    case StoreVerb::rebuild: return kRebuild;
    case StoreVerb::names: return kNames;
    case StoreVerb::ls: return kLs;
    case StoreVerb::tag: return kTag;
    case StoreVerb::rm: return kRm;
    case StoreVerb::gc: return kGc;
    case StoreVerb::stat: return kStat;
    case StoreVerb::du: return kDu;
    case StoreVerb::manifest: return kManifest;
  }
  return kHelp;
}

}  // namespace libcopyfile::app
