#include "experiments/cli/run_options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "experiments/cli/command_line.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

// Wide enough to fill the vector units of a layer and to keep two cores busy; more only takes memory.
constexpr int default_slots = 32;
constexpr int max_slots = 1 << 16;
constexpr int max_steps = 1 << 20;

CommandSpec run_spec() {
  CommandSpec spec{
      "run",
      "Simulates a model on a data set and reports accuracy, steps, firing rates and cost. Without\n"
      "--stop every sample runs all T steps.",
      {"MODEL.h5"},
      "--data SPEC",
      po::options_description("Options of run")};
  const auto word = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto whole = [](const char* name) { return po::value<std::int64_t>()->value_name(name); };
  spec.options.add_options()("data", word("SPEC"),
                             "cifar10:DIR cifar100:DIR mnist:DIR fashion-mnist[:DIR] hdf5:FILE")(
      "split", word("test|train")->default_value("test"), "which part of the data set")(
      "offset", whole("K")->default_value(0), "first sample")("limit", whole("N"),
                                                              "number of samples (default: all)")(
      "steps", whole("T"), "budget of time steps (default: 32; 1 for a network without spikes)")(
      "stop", word("POLICY")->default_value("never"),
      "never confidence margin entropy stable, or stored: the model's own")(
      "threshold", word("X[,X...]"),
      "confidence: stop when max softmax(sum/alpha) > X; margin: (first - second)/alpha > X; entropy: "
      "normalised entropy < X; stable: same answer for X steps. With commas: of steps 1, 2, ..., the last "
      "for "
      "all later ones")("alpha", po::value<double>()->value_name("A"),
                        "scale of the summed logits (default: 1)")(
      "coding", word("direct|poisson")->default_value("direct"), "how pixels enter the network")(
      "device", word("NAME")->default_value("auto"), "where to run: reference cpu cuda auto")(
      "slots", whole("B")->default_value(default_slots), "samples simulated together")(
      "lookahead", whole("N"), "steps of a sample computed at once (default: 8, with --stop 1)")(
      "kernel", word("auto|event|dense")->default_value("auto"),
      "how synapses add up spikes; auto: by the density measured in each layer. Results are the same")(
      "simd", word("NAME"), "use no better vector instructions than these; `rheobase devices` names them")(
      "seed", whole("S")->default_value(0), "of poisson coding")("hash", "add the spike hash")(
      "record", word("FILE.h5"), "write logits at every step, spike counts and exit steps")(
      "json", word("FILE|-"), "write the results as JSON, to standard output instead of the table for -");
  return spec;
}

std::int64_t ranged(const CommandLine& line, const std::string& option, std::int64_t low, std::int64_t high) {
  const auto value = line.get<std::int64_t>(option);
  if (value >= low && value <= high) return value;
  throw InputError("--" + option, fmt::format("{}", value), fmt::format("expected {} to {}", low, high));
}

// X[,X...]: the last threshold holds on, those before it are of one step each.
void parse_thresholds(const std::string& text, StopSettings& settings) {
  std::vector<double>& early = settings.early_thresholds;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    const auto [after, error] = std::from_chars(at, end, early.emplace_back());
    if (error != std::errc() || (after != end && *after != ','))
      throw InputError("--threshold", text, "expected a number, or several separated by commas");
    if (after == end) break;
    at = after + 1;
  }
  settings.threshold = early.back();
  early.pop_back();
}

// none: the model's own.
std::optional<StopSettings> parse_stop(const CommandLine& line) {
  const auto policy = line.get<std::string>("stop");
  if (policy == "stored") {
    for (const char* option : {"threshold", "alpha"}) {
      if (line.has(option))
        throw InputError(fmt::format("--{}", option), "", "does not go with --stop stored");
    }
    return std::nullopt;
  }
  const bool threshold_missing = policy != "never" && !line.has("threshold");
  StopSettings settings{policy};
  if (line.has("alpha")) settings.alpha = line.get<double>("alpha");
  if (line.has("threshold")) parse_thresholds(line.get<std::string>("threshold"), settings);
  if (threshold_missing)
    settings.threshold = 1.0;  // sound for every policy: what is said first is a wrong name
  make_stop_policy(settings);
  if (threshold_missing)
    throw InputError("--threshold", "", fmt::format("is missing: --stop {} needs it", policy));
  return settings;
}

DeviceKind available_device(const std::string& name) {
  const DeviceKind kind = parse_device(name);
  for (const DeviceInfo& info : devices()) {
    if (info.kind == kind && !info.available) throw InputError("--device", name, info.description);
  }
  return kind;
}

template <class T>
std::optional<T> maybe(const CommandLine& line, const std::string& option) {
  if (!line.has(option)) return std::nullopt;
  return line.get<T>(option);
}

}  // namespace

std::optional<RunRequest> parse_run_request(const std::vector<std::string>& words) {
  constexpr auto any = std::numeric_limits<std::int64_t>::max();
  const auto line = parse_command_line(run_spec(), words);
  if (!line) return std::nullopt;
  if (!line->has("data")) throw InputError("run", "", "--data is missing: which samples to run on");
  RunRequest request;
  request.model = line->positional(0);
  request.data = line->get<std::string>("data");
  request.split = line->get<std::string>("split");
  if (request.split != "test" && request.split != "train") {
    throw InputError("--split", request.split, "expected test or train");
  }
  request.offset = ranged(*line, "offset", 0, any);
  if (line->has("limit")) request.limit = ranged(*line, "limit", 1, any);
  if (line->has("steps")) request.steps = static_cast<int>(ranged(*line, "steps", 1, max_steps));
  request.stop = parse_stop(*line);
  request.coding = line->get<std::string>("coding");
  request.engine.device = available_device(line->get<std::string>("device"));
  request.engine.slots = static_cast<int>(ranged(*line, "slots", 1, max_slots));
  if (line->has("lookahead")) request.lookahead = static_cast<int>(ranged(*line, "lookahead", 1, 64));
  if (line->has("simd")) use_simd(line->get<std::string>("simd"));
  request.engine.kernels = parse_kernel_choice(line->get<std::string>("kernel"));
  request.engine.threads = line->threads();
  request.engine.coding = parse_coding(request.coding);
  request.engine.seed = static_cast<std::uint64_t>(ranged(*line, "seed", 0, any));
  request.engine.hash = line->flag("hash");
  request.record = maybe<std::string>(*line, "record");
  request.json = maybe<std::string>(*line, "json");
  request.quiet = line->quiet();
  return request;
}

}  // namespace rheobase
