#include "workload.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <random>

#include "copiers.h"
#include "neighbour.h"
#include "store_workload.h"
#include "testing/islands.h"
#include "testing/scratch_error.h"
#include "trees.h"

namespace libcopyfile::test {
namespace {

// How a copy is made.
struct Manner {
  std::vector<std::string> options;
  std::optional<Attributes> attributes;  // all of them are asked for
};

constexpr std::array kLevels{"none", "ordered", "durable"};
constexpr std::array kCopiers{"ours", "truncates", "renames", "without_file_sync",
                              "without_directory_sync"};

class Builder {
 public:
  explicit Builder(const Job& job) : job_(job) {
    workload_.prepare = [](const Scene& scene) {
      for (const char* directory : {"/d", "/s"}) mkdir((scene.root + directory).c_str(), 0755);
    };
  }

  Workload take() {
    busy_ = false;
    step({"settle", Promise::settled, {}}, settle);
    return std::move(workload_);
  }

  void existing(const std::string& name, uint64_t size) {
    const uint32_t content = ++contents_;
    workload_.history.initially(name, Version::file(content, size));
    prepare([=](const Scene& s) { put_file(s.destination(name), content, size, nullptr); });
  }
  void existing_link(const std::string& name, const std::string& target) {
    Version version;
    version.kind = Version::Kind::link;
    version.target = target;
    workload_.history.initially(name, version);
    prepare([=](const Scene& s) {
      if (symlink(target.c_str(), s.destination(name).c_str()) != 0) {
        throw ScratchError::of_errno("make a symbolic link");
      }
    });
  }

  // One call for one file. `to` is the name that is given, `changed` the one that changes: behind a symbolic link.
  void copy(const std::string& to, uint64_t size, const Manner& how = {},
            const std::string& changed = {}) {
    const uint32_t content = ++contents_;
    Version version = Version::file(content, size);
    if (job_.copier == Copier::ours) version.attributes = how.attributes;
    step({"copy " + to, promise(), {{changed.empty() ? to : changed, version}}},
         [=, job = job_](const Scene& scene) {
           const std::string source = scene.outside + "/source";
           put_file(source, content, size, how.attributes ? &*how.attributes : nullptr);
           CopyRequest request{how.options, {source}, scene.destination(to)};
           if (how.attributes) request.options.emplace_back("--preserve=all");
           copy_by(job.copier, job.level, request);
         });
  }

  // A clone within the file system, of a source that is still dirty.
  void clone(const std::string& to, uint64_t size) {
    const uint32_t content = ++contents_;
    step({"clone " + to, promise(), {{to, Version::file(content, size)}}},
         [=, job = job_](const Scene& scene) {
           const std::string source = scene.root + "/s/" + std::to_string(content);
           put_file(source, content, size, nullptr);
           copy_by(job.copier, job.level, {{"--reflink=always"}, {source}, scene.destination(to)});
         });
  }

  // Many small files by one call into the directory; the names are PREFIX0 and on.
  void batch(const std::string& prefix, size_t count, uint64_t size, const char* sync = "auto") {
    Step made{"batch " + prefix, promise(), {}};
    std::vector<std::pair<std::string, uint32_t>> sources;
    for (size_t i = 0; i < count; ++i) {
      const std::string name = prefix + std::to_string(i);
      sources.emplace_back(name, ++contents_);
      made.changes.emplace_back(name, Version::file(contents_, size));
    }
    step(made, [=, job = job_](const Scene& scene) {
      CopyRequest request{{std::string("--sync=") + sync}, {}, scene.root + "/d"};
      for (const auto& [name, content] : sources) {
        request.sources.push_back(scene.outside + "/" + name);
        put_file(request.sources.back(), content, size, nullptr);
      }
      copy_by(job.copier, job.level, request);
    });
  }

  // A tree that is not there yet, by one call.
  void tree(const std::string& name, uint64_t files, std::vector<std::string> options = {}) {
    const uint32_t content = ++contents_;
    options.insert(options.begin(), {"-a", "-T"});
    step({"tree " + name, promise(), {{name, Version::tree(content, files)}}},
         [=, job = job_](const Scene& scene) {
           const std::string source = new_source(scene);
           make_tree(source, content, files);
           copy_by(job.copier, job.level, {options, {source}, scene.destination(name)});
         });
  }

  // Files, and a link, of three directories into a tree: what is there is replaced, and what is not comes to be.
  void merge(const std::string& name, size_t count, uint64_t size, const char* sync = "auto") {
    Step made{"merge into " + name, promise(), {}};
    std::vector<std::pair<std::string, uint32_t>> files;
    for (size_t i = 0; i < count; ++i) {
      const std::string file = "s" + std::to_string(i % 3) + "/f" + std::to_string(i);
      files.emplace_back(file, ++contents_);
      made.changes.emplace_back(name + "/" + file, Version::file(contents_, size));
    }
    const std::string target = "link-" + std::to_string(++contents_);
    made.changes.emplace_back(name + "/s1/link", Version::link(target));
    const std::vector<std::string> options{"-a", "-T", std::string("--sync=") + sync};
    step(made, [=, job = job_](const Scene& scene) {
      const std::string source = new_source(scene);
      for (const char* d : {"", "/s0", "/s1", "/s2"}) mkdir((source + d).c_str(), 0755);
      for (const auto& [file, content] : files) {
        put_file(source + "/" + file, content, size, nullptr);
      }
      if (symlink(target.c_str(), (source + "/s1/link").c_str()) != 0) {
        throw ScratchError::of_errno("make a symbolic link");
      }
      copy_by(job.copier, job.level, {options, {source}, scene.destination(name)});
    });
  }

  void existing_directory(const std::string& name) {
    prepare([=](const Scene& s) { mkdir(s.destination(name).c_str(), 0755); });
  }

  const Job& job() const { return job_; }
  // For the steps that follow; not beyond the job's own.
  void set_level(Level level) { job_.level = level; }

  // Beside each of the steps that follow.
  void have_a_busy_neighbour() { busy_ = true; }
  void neighbour() { step({"neighbour", Promise::nothing, {}}, be_a_neighbour); }
  void directory_sync() { step({"sync of the directory", Promise::nothing, {}}, sync_directory); }

 private:
  static std::string new_source(const Scene& scene) {
    std::string source = scene.outside + "/tree";
    std::filesystem::remove_all(source);
    return source;
  }

  Promise promise() const {
    switch (job_.level) {
      case Level::none: return Promise::nothing;
      case Level::ordered: return Promise::ordered;
      case Level::durable: return Promise::durable;
    }
    return Promise::nothing;
  }

  void prepare(std::function<void(const Scene&)> more) {
    workload_.prepare = [before = std::move(workload_.prepare),
                         more = std::move(more)](const Scene& scene) {
      before(scene);
      more(scene);
    };
  }

  void step(const Step& step, std::function<void(const Scene&)> act) {
    workload_.history.add(step);
    if (!busy_) {
      workload_.acts.push_back(std::move(act));
      return;
    }
    workload_.acts.push_back([act = std::move(act)](const Scene& scene) {
      const BusyNeighbour neighbour(scene);
      act(scene);
    });
  }

  Job job_;
  bool busy_ = false;
  Workload workload_;
  uint32_t contents_ = 0;
};

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kLarge = 2048 * kKiB;

void create(Builder& b) {
  b.copy("one", 8 * kKiB);
  b.copy("tiny", 100);
  b.neighbour();
  b.copy("odd", 40001);
  b.copy("large", kLarge);
  b.neighbour();
  b.copy("two", 8 * kKiB);
  b.directory_sync();
  b.copy("three", 300000);
  b.neighbour();
}

void replace(Builder& b) {
  b.existing("small", 8 * kKiB);
  b.existing("large", kLarge);
  b.existing("behind", 50000);
  b.existing_link("link", "behind");
  b.copy("small", 8 * kKiB);
  b.neighbour();
  b.copy("small", 70000);
  b.copy("large", kLarge);
  b.neighbour();
  b.copy("link", 8 * kKiB, {}, "behind");
  b.directory_sync();
  b.copy("small", 10);
  b.copy("large", 8 * kKiB);
  b.neighbour();
}

void batch(Builder& b) {
  for (int i = 0; i < 40; ++i) b.existing("f" + std::to_string(5 * i), 8 * kKiB);
  b.batch("f", 200, 8 * kKiB);
  b.neighbour();
  b.batch("f", 30, 5000);
  b.directory_sync();
  b.neighbour();
}

// Synced one by one: because they are asked to be, and because they are few.
void each(Builder& b) {
  for (int i = 0; i < 10; ++i) b.existing("f" + std::to_string(5 * i), 8 * kKiB);
  b.batch("f", 50, 8 * kKiB, "files");
  b.neighbour();
  b.batch("f", 5, 40001);
  b.directory_sync();
  b.batch("g", 4, 600000, "files");
  b.neighbour();
}

// As bytes in the order of the kernel's interface, which is that of this machine (stamped.cc wants little-endian).
template <class... Numbers>
std::string packed(Numbers... numbers) {
  std::string text;
  (text.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return text;
}

// user:1000:r--, beside a mode of 0640 (acl(5), linux/posix_acl_xattr.h).
std::string access_list() {
  constexpr uint32_t kNobody = ~uint32_t{0};
  const auto entry = [](uint16_t tag, uint16_t rights, uint32_t id) {
    return packed(tag, rights, id);
  };
  return packed(uint32_t{2}) + entry(1, 6, kNobody) + entry(2, 4, 1000) + entry(4, 4, kNobody) +
         entry(16, 4, kNobody) + entry(32, 0, kNobody);
}

// cap_net_bind_service=ep (linux/capability.h, revision 2).
std::string capability() {
  return packed(uint32_t{0x02000001}, uint32_t{1 << 10}, uint32_t{0}, uint32_t{0}, uint32_t{0});
}

void metadata(Builder& b) {
  // Too large for an inode: it gets a block of its own.
  const Attributes set_id{
      04750, 1234, 5678, {1'111'111'111, 987'654'321}, {{"user.note", std::string(1500, 'n')}}};
  const Attributes listed{0640,
                          0,
                          42,
                          {1'000'000'000, 123'456'789},
                          {{"system.posix_acl_access", access_list()}, {"trusted.a", "b"}}};
  const Attributes able{
      0755, 0, 0, {1'222'222'222, 1}, {{"security.capability", capability()}, {"user.x", "y"}}};
  b.existing("old", 8 * kKiB);
  b.copy("new", 8 * kKiB, {{}, set_id});
  b.neighbour();
  b.copy("old", 40001, {{}, listed});
  b.directory_sync();
  b.copy("large", kLarge, {{}, listed});
  b.neighbour();
  b.copy("old", 8 * kKiB, {{}, able});
  b.copy("able", 100, {{}, able});
  b.neighbour();
  b.copy("old", 8 * kKiB, {{}, set_id});
  b.neighbour();
}

// While a neighbour syncs all the time: between the steps of a copy, too.
void busy(Builder& b) {
  b.existing("old", 64 * kKiB);
  for (int i = 0; i < 10; ++i) b.existing("f" + std::to_string(3 * i), 8 * kKiB);
  b.have_a_busy_neighbour();
  b.copy("new", 8 * kKiB);
  b.copy("old", kLarge);
  b.batch("f", 30, 8 * kKiB);
  b.copy("old", 8 * kKiB);
  b.batch("g", 6, 100000, "files");
  b.copy("large", kLarge);
}

void clone(Builder& b) {
  b.existing("old", 64 * kKiB);
  b.clone("new", kLarge);
  b.neighbour();
  b.clone("old", 64 * kKiB);
  b.clone("odd", 100001);
  b.neighbour();
  b.clone("old", 8 * kKiB);
  b.directory_sync();
}

void trees(Builder& b) {
  b.tree("one", 20);
  b.neighbour();
  b.tree("two", 60);
  b.directory_sync();
  b.tree("three", 8, {"--sync=files"});
  b.neighbour();
  b.tree("four", 40);
  b.neighbour();
}

void trees_merged(Builder& b) {
  for (const char* d : {"m", "m/s0", "m/s1"}) b.existing_directory(d);
  for (int i = 0; i < 12; ++i) {
    const int in = i % 3;
    if (in < 2) b.existing("m/s" + std::to_string(in) + "/f" + std::to_string(i), 5000);
  }
  b.existing_link("m/s1/link", "nowhere");
  b.merge("m", 30, 8 * kKiB);
  b.neighbour();
  b.merge("m", 24, 20000);
  b.directory_sync();
  b.merge("m", 6, 40001, "files");
  b.neighbour();
  // A link alone: nothing is promised of it, and nothing synced, but where its name shall be durable.
  if (b.job().level == Level::durable) b.merge("m", 0, 0);
  b.directory_sync();
}

// While a neighbour syncs all the time: what is not complete is on the disk, too.
void trees_busy(Builder& b) {
  for (const char* d : {"m", "m/s0"}) b.existing_directory(d);
  b.existing("m/s0/f0", 70000);
  b.have_a_busy_neighbour();
  b.tree("one", 30);
  b.merge("m", 20, 8 * kKiB);
  b.tree("two", 50);
}

// Zero, or up to 2 MiB: each power of two is as likely as any other.
uint64_t random_size(std::mt19937_64& random) {
  const uint64_t most = uint64_t{1} << choose(random, 22);
  return choose(random, most + 1);
}

Manner random_manner(std::mt19937_64& random) {
  static const std::vector<std::string> kOptions[] = {
      {}, {}, {"--reflink=never"}, {"--cache=bypass"}, {"--sparse=always"}};
  Manner how{kOptions[choose(random, std::size(kOptions))], {}};
  if (choose(random, 3) == 0) {
    const auto number = static_cast<uint32_t>(choose(random, 1000));
    how.attributes = Attributes{0600 + number % 64,
                                1000 + number,
                                2000 + number,
                                {1'000'000'000 + number, number * 1001},
                                {}};
  }
  return how;
}

// Steps drawn at random: names come and are replaced, alone and together, by ordered and by durable copies.
void mixed(Builder& b) {
  const Job job = b.job();
  std::seed_seq seed{job.seed, static_cast<uint64_t>(job.level),
                     static_cast<uint64_t>(job.scenario.back())};
  std::mt19937_64 random(seed);
  for (int i = 0; i < 6; i += 2) b.existing("n" + std::to_string(i), random_size(random));
  for (size_t i = 0; i < job.steps; ++i) {
    if (job.level == Level::durable) {
      b.set_level(choose(random, 2) == 0 ? Level::ordered : Level::durable);
    }
    const std::string name = "n" + std::to_string(choose(random, 8));
    switch (choose(random, 8)) {
      case 0: b.neighbour(); break;
      case 1: b.directory_sync(); break;
      case 2: b.batch("n", 2 + choose(random, 12), random_size(random) / 16); break;
      case 3: b.batch("n", 2 + choose(random, 12), random_size(random) / 16, "files"); break;
      case 4:
        if (job.fs != FsKind::ext4) {
          b.clone(name, random_size(random));
          break;
        }
        [[fallthrough]];
      default: b.copy(name, random_size(random), random_manner(random)); break;
    }
  }
}

struct Scenario {
  const char* name;
  void (*build)(Builder&);
  bool clones = false;
};
constexpr Scenario kScenarios[] = {{"create", create},
                                   {"replace", replace},
                                   {"batch", batch},
                                   {"each", each},
                                   {"busy", busy},
                                   {"metadata", metadata},
                                   {"mixed1", mixed},
                                   {"mixed2", mixed},
                                   {"mixed3", mixed},
                                   {"clone", clone, true},
                                   {"trees", trees},
                                   {"trees_merged", trees_merged},
                                   {"trees_busy", trees_busy}};

}  // namespace

std::string Job::name() const {
  std::string text =
      std::string(name_of(fs)) + "_" + scenario + "_" + kLevels[static_cast<size_t>(level)];
  if (copier != Copier::ours) text += std::string("_") + kCopiers[static_cast<size_t>(copier)];
  return text;
}

bool is_random(const Job& job) { return job.scenario.starts_with("mixed"); }

Group group_of(const Job& job) {
  if (job.scenario.starts_with("trees")) return Group::trees;
  return job.scenario.starts_with("store") ? Group::store : Group::files;
}

std::vector<std::string> scenario_names(FsKind fs) {
  std::vector<std::string> names;
  for (const Scenario& scenario : kScenarios) {
    if (!scenario.clones || fs != FsKind::ext4) names.emplace_back(scenario.name);
  }
  for (const char* name : store_scenario_names(fs)) names.emplace_back(name);
  return names;
}

Workload make_workload(const Job& job) {
  if (group_of(job) == Group::store) return make_store_workload(job);
  Builder builder(job);
  for (const Scenario& scenario : kScenarios) {
    if (job.scenario == scenario.name) scenario.build(builder);
  }
  return builder.take();
}

}  // namespace libcopyfile::test
