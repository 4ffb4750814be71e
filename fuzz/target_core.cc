// Commands of two initiators to a target with units in memory, one after the other. Whatever comes, each is answered once, and an
// answer that is a refusal has sense data that an initiator can read.
#include <cstdlib>

#include "target/task_set.h"
#include "testing/target_bench.h"

using namespace libcopyfile;

namespace {

constexpr size_t kHead = 2, kCdb = 16, kMostCommands = 16;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const target::Task& task) {
  require(!task.aborted);
  require(task.data_in.size() <= task.transfer_length || task.data_in.size() == 0);
  const wire::Bytes sense = target::sense_data_of(task);
  require(sense.empty() == (task.outcome.status != target::Status::check_condition));
  if (sense.empty()) return;
  const auto decoded = wire::decode_sense(sense);
  require(decoded.has_value() && sense.size() <= wire::kMaxSense);
  require(decoded->code == task.outcome.sense.code);
  require(decoded->code.key != wire::SenseKey::no_sense);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  test::TargetBench::Options options;
  options.units = 2;
  options.size = uint64_t{1} << 20;
  options.device.io_threads = 1;
  options.device.copy_threads = 1;
  test::TargetBench bench(options);
  const target::NexusId other = bench.open({}, false);

  // A byte of who, where and how, the length of the data in words, the CDB, the data.
  wire::View rest({data, size});
  for (size_t i = 0; i < kMostCommands && rest.size() >= kHead + kCdb; ++i) {
    const uint8_t how = rest.u8(0);
    const size_t length = size_t{rest.u8(1)} * 4;
    test::TargetBench::To to;
    to.nexus = (how & 1) != 0 ? other : bench.nexus();
    to.lun = how >> 1 & 3;
    to.attribute = static_cast<target::Attribute>((how >> 3 & 3) % 3);
    const auto task = bench.execute(rest.part(kHead, kCdb).copy(), rest.part(kHead + kCdb, length),
                                    UINT32_MAX, to);
    check(*task);
    rest = rest.from(kHead + kCdb + length);
  }
  // A task leaves its set after it was answered: this waits for it.
  for (const uint16_t lun : {uint16_t{0}, uint16_t{1}}) {
    require(bench.manage(target::Management::clear_task_set, {.lun = lun}) ==
            target::ManagementResult::complete);
    require(bench.unit(lun).tasks().size() == 0);
  }
  return 0;
}
