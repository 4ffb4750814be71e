#include "tests/target_app/daemon_fixture.h"

#include "testing/places.h"
#include "testing/text_files.h"

namespace libcopyfile::test {

std::string pattern(uint64_t size, uint64_t seed) {
  std::string data(size, '\0');
  uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (char& c : data) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>(state >> 56);
  }
  return data;
}

std::string DaemonTest::image(const std::string& name, uint64_t size, uint64_t seed) const {
  write_text(path(name), pattern(size, seed));
  return path(name);
}

std::string DaemonTest::configure(const std::string& rest, const std::string& target,
                                  const char* portals) const {
  if (portals == nullptr) portals = "\"127.0.0.1:0\"";
  write_text(path("conf"), std::string("[target]\nname = \"") + kTargetName + "\"\nportals = [" +
                               portals + "]\n" + target + rest);
  return path("conf");
}

std::string DaemonTest::luns(const std::vector<std::string>& names, const std::string& each) {
  std::string text, list;
  for (const std::string& name : names) {
    text += "[[lun]]\nname = \"" + name + "\"\nimage = \"" + name + "\"\n" + each;
    list += (list.empty() ? "\"" : ", \"") + name + "\"";
  }
  return text + "[[initiator]]\nname = \"*\"\nluns = [" + list + "]\n";
}

void DaemonTest::serve(const std::string& configuration) {
  daemon_ = std::make_unique<TargetDaemon>(directory_,
                                           std::vector<std::string>{"--config", configuration});
}

Finished DaemonTest::copyfile(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), places::kCommand);
  return run(arguments);
}

std::string DaemonTest::contents(const std::string& url) const {
  const Finished done = copyfile({url, path("read-back")});
  EXPECT_TRUE(done.ok()) << done.err;
  return done.ok() ? read_text(path("read-back")) : "";
}

}  // namespace libcopyfile::test
