#include "copyfile-target/options.h"

namespace libcopyfile::daemon {

std::string serve_help() {
  return R"(Usage: copyfile-target --config FILE [OPTION]...
  or:  copyfile-target [OPTION]... IMAGE...
  or:  copyfile-target ctl [OPTION]... COMMAND [ARGUMENT]...

Serve disk images by iSCSI. Copies that initiators ask for (EXTENDED COPY, tokens of ODX) become clones where the
file system of the images can share blocks.

With IMAGEs alone they are served to everybody on this machine; the URLs are printed.

  -c, --config FILE        what to serve, where and to whom: see copyfile-target.conf(5)
      --check              tell what is wrong with FILE, and exit
      --control SOCKET     where 'copyfile-target ctl' asks
      --log FORMAT         log as 'text' or 'json', to standard error

With IMAGEs:
      --portal ADDRESS     listen there, not at 127.0.0.1:3260: ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT; of loopback only;
                           port 0 is any free one; may be given several times
      --name NAME          the iSCSI name of the target
      --block-size BYTES   '512' or '4096'
      --read-only          let nobody write

      --help               print this, and exit
      --version            print the version, and exit

The target reads FILE again at SIGHUP, and ends at SIGTERM and SIGINT when initiators have logged out.
)";
}

std::string ctl_help() {
  return R"(Usage: copyfile-target ctl [OPTION]... COMMAND [ARGUMENT]...

Ask a running copyfile-target, or tell it to do something.

  status                   what it serves, and what has happened
  sessions                 who is logged in
  luns                     the units, who sees them, and what was read and written
  copies                   copies under way and of late: bytes, and by which mechanism
  snapshots [LUN]          snapshots that were made
  snapshot LUN [PATH]      clone the image of LUN as it is now, beside it
  clone LUN NAME [PATH]    the same, and serve it as the LUN NAME to those who see LUN, until the target ends
  remove NAME              serve a clone no longer; its image stays
  drop INITIATOR           end the sessions of an initiator
  reload                   read the configuration again; all of it is taken, or nothing
  drain [SECONDS]          ask all to log out, and end

      --control SOCKET     where the target listens for this
      --json               print JSON
      --help               print this, and exit
)";
}

}  // namespace libcopyfile::daemon
