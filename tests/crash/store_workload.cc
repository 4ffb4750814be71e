#include "store_workload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <span>

#include "base/fd.h"
#include "content.h"
#include "neighbour.h"
#include "swallow_syncs.h"
#include "testing/places.h"
#include "testing/process.h"
#include "testing/scratch_error.h"
#include "testing/text_files.h"
#include "verify/hasher.h"

namespace libcopyfile::test {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kLarge = 2048 * kKiB;

std::string hex_of(uint32_t content, uint64_t size) {
  Result<Hasher> hasher = Hasher::make(Algorithm::sha256);
  if (!hasher) throw ScratchError("no SHA-256");
  hasher->add(std::as_bytes(std::span(stamped_content(content, size))));
  return hasher->finish()->hex();
}

std::string blob_of(uint32_t content, uint64_t size) {
  return "blobs/sha256/" + hex_of(content, size);
}

std::string repository(const Scene& scene) { return scene.root + "/d"; }

void run_store(Copier copier, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {places::kCommand, "store"});
  Finished done;
  if (copier == Copier::without_file_sync) {
    done = run_swallowing(Swallow::files, arguments);
  } else if (copier == Copier::without_directory_sync) {
    done = run_swallowing(Swallow::directories, arguments);
  } else {
    done = run(arguments);
  }
  if (!done.ok()) throw ScratchError("copyfile store " + arguments[2] + " failed: " + done.err);
}

// A repository as a script would have it: a private copy, and a rename.
void add_naively(const Scene& scene, const std::string& blob, uint32_t content, uint64_t size) {
  const std::string part = repository(scene) + "/pending/part";
  put_file(part, content, size, nullptr);
  if (rename(part.c_str(), (repository(scene) + "/" + blob).c_str()) != 0) {
    throw ScratchError::of_errno("rename " + part);
  }
}

struct Content {
  uint32_t number;
  uint64_t size;
};

class StoreBuilder {
 public:
  explicit StoreBuilder(const Job& job) : job_(job) {
    workload_.prepare = [](const Scene& scene) {
      mkdir((scene.root + "/s").c_str(), 0755);
      run_store(Copier::ours, {"init", repository(scene)});
    };
  }

  Workload take() {
    busy_ = false;
    step({"settle", Promise::settled, {}}, settle);
    return std::move(workload_);
  }

  // One file by one call. `inside`: a source on the same file system that is still dirty, so that it may be cloned.
  void add(const std::string& name, uint64_t size, bool inside = false) {
    const Content content{++contents_, size};
    add_content(name, content, inside);
  }
  // The same content under one more name.
  void add_again(const std::string& name) { add_content(name, {contents_, last_size_}, false); }

  // Many small files by one call; the names are PREFIX/0 and on.
  void batch(const std::string& prefix, size_t count, uint64_t size) {
    Step made{"add the batch " + prefix, Promise::durable, {}};
    std::vector<uint32_t> numbers;
    for (size_t i = 0; i < count; ++i) {
      numbers.push_back(++contents_);
      publish(made, prefix + "/" + std::to_string(i), {contents_, size});
    }
    step(made, [=, copier = job_.copier](const Scene& scene) {
      std::vector<std::string> arguments{"add", "--prefix=" + prefix, repository(scene)};
      for (size_t i = 0; i < numbers.size(); ++i) {
        arguments.push_back(scene.outside + "/" + std::to_string(i));
        put_file(arguments.back(), numbers[i], size, nullptr);
      }
      run_store(copier, arguments);
    });
  }

  // Takes the names PREFIX/FIRST up to before PREFIX/LAST away.
  void remove(const std::string& prefix, size_t first, size_t last) {
    Step made{"rm of " + prefix, Promise::durable, {}};
    std::vector<std::string> names;
    for (size_t i = first; i < last; ++i) {
      names.push_back(prefix + "/" + std::to_string(i));
      made.changes.emplace_back(kStoreName + names.back(), Version{});
      unused_.push_back(blobs_[names.back()]);
    }
    step(made, [=, copier = job_.copier](const Scene& scene) {
      std::vector<std::string> arguments{"rm", repository(scene)};
      arguments.insert(arguments.end(), names.begin(), names.end());
      run_store(copier, arguments);
    });
  }

  // What is collected may show again after a crash, complete; it has no name.
  void collect() {
    Step made{"gc", Promise::ordered, {}};
    for (const std::string& blob : unused_) made.changes.emplace_back(blob, Version{});
    unused_.clear();
    step(made, [copier = job_.copier](const Scene& scene) {
      run_store(copier, {"gc", repository(scene)});
    });
  }

  // Adds what has been collected, under the names that it had.
  void add_back(const std::string& prefix, uint32_t first_content, size_t count, uint64_t size) {
    for (size_t i = 0; i < count; ++i) {
      add_content(prefix + "/" + std::to_string(i),
                  {first_content + static_cast<uint32_t>(i), size}, false);
    }
  }

  uint32_t next_content() const { return contents_ + 1; }
  void have_a_busy_neighbour() { busy_ = true; }
  void neighbour() { step({"neighbour", Promise::nothing, {}}, be_a_neighbour); }
  void directory_sync() { step({"sync of the directory", Promise::nothing, {}}, sync_directory); }

 private:
  void add_content(const std::string& name, Content content, bool inside) {
    last_size_ = content.size;
    Step made{"add " + name, Promise::durable, {}};
    const bool naive = job_.copier == Copier::renames;
    const std::string blob = blob_of(content.number, content.size);
    if (naive) {
      made.changes.emplace_back(blob, Version::file(content.number, content.size));
    } else {
      publish(made, name, content);
    }
    step(made, [=, copier = job_.copier](const Scene& scene) {
      if (naive) return add_naively(scene, blob, content.number, content.size);
      const std::string source =
          (inside ? scene.root + "/s/" : scene.outside + "/") + std::to_string(content.number);
      put_file(source, content.number, content.size, nullptr);
      run_store(copier, {"add", "--name=" + name, repository(scene), source});
    });
  }

  void publish(Step& made, const std::string& name, Content content) {
    const Version version = Version::file(content.number, content.size);
    const std::string blob = blob_of(content.number, content.size);
    made.changes.emplace_back(blob, version);
    made.changes.emplace_back(kStoreName + name, version);
    blobs_[name] = blob;
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
  uint64_t last_size_ = 0;
  std::map<std::string, std::string> blobs_;  // by name
  std::vector<std::string> unused_;           // blobs without a name
};

void store_add(StoreBuilder& b) {
  b.add("tiny", 100);
  b.neighbour();
  b.add("a/large", kLarge);
  b.add("a/odd", 40001);
  b.neighbour();
  b.add("empty", 0);
  b.add("one", 8 * kKiB);
  b.add_again("again");
  b.directory_sync();
  b.add("two", 300000);
  b.neighbour();
}

void store_batch(StoreBuilder& b) {
  b.batch("f", 100, 8 * kKiB);
  b.neighbour();
  b.batch("g", 20, 40001);
  b.directory_sync();
  b.batch("h", 3, 600000);
  b.neighbour();
}

void store_gc(StoreBuilder& b) {
  const uint32_t first = b.next_content();
  b.batch("f", 30, 8 * kKiB);
  b.remove("f", 0, 10);
  b.neighbour();
  b.collect();
  b.neighbour();
  b.add_back("f", first, 3, 8 * kKiB);
  b.remove("f", 10, 20);
  b.collect();
  b.directory_sync();
  b.batch("g", 10, 20000);
  b.remove("g", 0, 10);
  b.collect();
  b.neighbour();
}

// While a neighbour syncs all the time: what is not complete is on the disk, too.
void store_busy(StoreBuilder& b) {
  b.have_a_busy_neighbour();
  b.add("one", 8 * kKiB);
  b.batch("f", 30, 8 * kKiB);
  b.add("large", kLarge);
  b.remove("f", 0, 10);
  b.collect();
  b.add("two", 50000);
}

void store_clone(StoreBuilder& b) {
  b.add("one", kLarge, true);
  b.neighbour();
  b.add("two", 64 * kKiB, true);
  b.add("odd", 100001, true);
  b.directory_sync();
}

struct Scenario {
  const char* name;
  void (*build)(StoreBuilder&);
  bool clones = false;
};
constexpr Scenario kScenarios[] = {{"store_add", store_add},
                                   {"store_batch", store_batch},
                                   {"store_gc", store_gc},
                                   {"store_busy", store_busy},
                                   {"store_clone", store_clone, true}};

}  // namespace

std::vector<const char*> store_scenario_names(FsKind fs) {
  std::vector<const char*> names;
  for (const Scenario& scenario : kScenarios) {
    if (!scenario.clones || fs != FsKind::ext4) names.push_back(scenario.name);
  }
  return names;
}

Workload make_store_workload(const Job& job) {
  StoreBuilder builder(job);
  for (const Scenario& scenario : kScenarios) {
    if (job.scenario == scenario.name) scenario.build(builder);
  }
  return builder.take();
}

}  // namespace libcopyfile::test
