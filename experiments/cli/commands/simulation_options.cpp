#include "experiments/cli/commands/simulation_options.h"

#include <fmt/format.h>

#include <limits>

#include "sim/core/error.h"

namespace rheobase {
namespace {

// Wide enough to fill the vector units of a layer and to keep two cores busy; more only takes memory.
constexpr int default_slots = 32;
constexpr std::size_t default_slot_memory = std::size_t{512} << 20;  // more only leaves the caches
constexpr int max_slots = 1 << 16;
constexpr int max_steps = 1 << 20;

DeviceChoice available_device(const std::string& name) {
  const DeviceChoice choice = parse_device(name);
  for (const DeviceInfo& info : devices()) {
    if (info.kind == choice.kind && !info.available) throw InputError("--device", name, info.description);
  }
  return choice;
}

// What an option says of the samples is part of their SPEC.
void add_to_spec(const CommandLine& line, const std::string& option, bool fits, const char* kind,
                 std::string& spec) {
  if (!line.has(option)) return;
  const auto& value = line.get<std::string>(option);
  if (!fits) throw InputError("--" + option, value, fmt::format("is for {}, not for {}", kind, spec));
  spec += fmt::format(",{}={}", option, value);
}

}  // namespace

std::int64_t ranged(const CommandLine& line, const std::string& option, std::int64_t low, std::int64_t high) {
  const auto value = line.get<std::int64_t>(option);
  if (value >= low && value <= high) return value;
  throw InputError("--" + option, fmt::format("{}", value), fmt::format("expected {} to {}", low, high));
}

void add_engine_options(CommandSpec& spec) {
  spec.add("device", text_argument("NAME", "auto"), "where to run: reference cpu cuda cuda:N; auto: the cpu");
  spec.add("slots", whole_argument("B", default_slots),
           "samples simulated together; without it fewer, where more would take over 512 MiB");
  spec.add("kernel", text_argument("auto|event|dense", "auto"),
           "how synapses add up spikes; auto: by the density measured in each layer. Results are the same");
  spec.add("simd", text_argument("NAME"),
           "use no better vector instructions than these; `rheobase devices` names them");
}

EngineOptions parse_engine(const CommandLine& line) {
  EngineOptions engine;
  const DeviceChoice device = available_device(line.get<std::string>("device"));
  engine.device = device.kind;
  engine.gpu = device.gpu;
  engine.slots = static_cast<int>(ranged(line, "slots", 1, max_slots));
  if (!line.given("slots")) engine.slot_memory = default_slot_memory;
  if (line.has("simd")) use_simd(line.get<std::string>("simd"));
  engine.kernels = parse_kernel_choice(line.get<std::string>("kernel"));
  engine.threads = line.threads();
  return engine;
}

void add_data_options(CommandSpec& spec, const std::string& help) {
  spec.add("data", text_argument("SPEC"), help);
  spec.add("resize", text_argument("N|HxW"),
           "with images:DIR: make the shorter edge N, or squash to height and width");
  spec.add("crop", text_argument("N"), "with images:DIR and recordings: take N x N pixels from the middle");
}

std::string data_spec_of(const CommandLine& line) {
  auto spec = line.get<std::string>("data");
  const bool images = spec.starts_with("images:"), events = default_coding(spec) == "events";
  add_to_spec(line, "resize", images, "the images of images:DIR", spec);
  add_to_spec(line, "crop", images || events, "images:DIR, nmnist:DIR and events:DIR", spec);
  return spec;
}

std::string samples_spec_of(const CommandLine& line) {
  std::string spec = data_spec_of(line);
  const bool events = default_coding(spec) == "events";
  for (const char* option : {"dt", "bins", "events", "downsample"})
    add_to_spec(line, option, events, "the recordings of nmnist:DIR and events:DIR", spec);
  return spec;
}

void add_simulation_options(CommandSpec& spec, const char* default_split) {
  add_data_options(spec,
                   "cifar10:DIR cifar100:DIR mnist:DIR fashion-mnist[:DIR] images:DIR hdf5:FILE npz:FILE "
                   "nmnist:DIR events:DIR");
  spec.add("dt", text_argument("1ms"), "with recordings: length of a step, in us, ms or s (default: 1ms)");
  spec.add("bins", text_argument("N"), "with recordings: cut each into N steps instead");
  spec.add("events", text_argument("counts|bits"),
           "with recordings: what a place gets in a step, the number of its events or 1 (default: counts)");
  spec.add("downsample", text_argument("N"), "with recordings: N x N pixels become one");
  spec.add("split", text_argument("test|train", default_split), "which part of the data set");
  spec.add("offset", whole_argument("K", 0), "first sample");
  spec.add("limit", whole_argument("N"), "number of samples (default: all)");
  spec.add("steps", whole_argument("T"),
           "budget of time steps (default: 32; 1 for a network without spikes; of recordings the longest)");
  spec.add("coding", text_argument("direct|poisson|events"),
           "how samples enter the network (default: direct; of recordings events)");
  spec.add("lookahead", whole_argument("N"),
           "steps of a sample computed at once (default: 8; with --stop, and of recordings, 1)");
  spec.add("seed", whole_argument("S", 0), "of poisson coding");
  add_engine_options(spec);
}

void add_readout_delay(CommandSpec& spec) {
  spec.add("readout-delay", whole_argument("D"),
           "logits add up the steps after the first D, in which no sample stops; not of sigma-delta networks "
           "(default: 0)");
}

int readout_delay_of(const CommandLine& line) {
  return line.has("readout-delay") ? static_cast<int>(ranged(line, "readout-delay", 0, max_steps)) : 0;
}

SimulationSpec parse_simulation(const CommandLine& line, const std::string& command) {
  constexpr auto any = std::numeric_limits<std::int64_t>::max();
  if (!line.has("data")) throw InputError(command, "", "--data is missing: which samples to run on");
  SimulationSpec spec;
  spec.model = line.positional(0);
  spec.data = samples_spec_of(line);
  spec.split = line.get<std::string>("split");
  if (spec.split != "test" && spec.split != "train")
    throw InputError("--split", spec.split, "expected test or train");
  spec.offset = ranged(line, "offset", 0, any);
  if (line.has("limit")) spec.limit = ranged(line, "limit", 1, any);
  if (line.has("steps")) spec.steps = static_cast<int>(ranged(line, "steps", 1, max_steps));
  if (line.has("coding")) {
    spec.coding = line.get<std::string>("coding");
    parse_coding(spec.coding);
  }
  spec.engine = parse_engine(line);
  if (line.has("lookahead")) spec.lookahead = static_cast<int>(ranged(line, "lookahead", 1, 64));
  spec.engine.seed = static_cast<std::uint64_t>(ranged(line, "seed", 0, any));
  return spec;
}

}  // namespace rheobase
