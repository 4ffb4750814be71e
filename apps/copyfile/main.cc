#include <fmt/format.h>

int main() {
  fmt::print("copyfile {}\n", COPYFILE_VERSION);
  return 0;
}
