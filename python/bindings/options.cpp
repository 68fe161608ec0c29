#include "python/bindings/options.h"

#include "python/bindings/bindings.h"

namespace rheobase::python {
namespace {

// As the program's.
constexpr int default_slots = 32;
constexpr std::size_t default_slot_memory = std::size_t{512} << 20;

}  // namespace

EngineOptions options_of(const EngineArguments& arguments) {
  if (arguments.slots) expect_within("slots", *arguments.slots, 1, most_slots);
  expect_within("threads", arguments.threads, 0, most_threads);
  expect_within("lookahead", arguments.lookahead, 1, max_lanes_per_slot);
  EngineOptions options;
  const DeviceChoice device = available_device(arguments.device);
  options.device = device.kind;
  options.gpu = device.gpu;
  options.slots = static_cast<int>(arguments.slots.value_or(default_slots));
  if (!arguments.slots) options.slot_memory = default_slot_memory;
  options.threads = static_cast<int>(arguments.threads);
  options.coding = parse_coding(arguments.coding);
  options.lookahead = static_cast<int>(arguments.lookahead);
  options.seed = arguments.seed;
  options.hash = arguments.hash;
  return options;
}

}  // namespace rheobase::python
