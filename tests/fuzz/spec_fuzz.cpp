// Any TOML in the place of a SPEC.toml or a network file gives an InputError or what it describes. Bytes that
// are no TOML are for toml++ to refuse.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <fstream>
#include <string>

#include "experiments/sweep/sweep_spec.h"
#include "experiments/train/network_file.h"
#include "experiments/train/train_spec.h"
#include "sim/core/error.h"

namespace {

using namespace rheobase;

const std::string spec_file = "spec_fuzz_input.toml";   // NOLINT: short strings do not throw
const std::string network_file = "spec_fuzz_net.toml";  // NOLINT

constexpr const char* spec_keys[] = {
    "network", "data",     "normalize", "epochs",     "batch",  "seed",   "limit",   "label_smoothing",
    "scale",   "L",        "lambda",    "models",     "steps",  "coding", "offset",  "arithmetic",
    "split",   "name",     "o_end",     "t",          "m",      "rate",   "warm_up", "milestones",
    "gamma",   "schedule", "momentum",  "thresholds", "alphas", "front",  "cutout",  "crop_padding"};
constexpr const char* spec_tables[] = {"[estimator]",     "[optimizer]", "[augment]",
                                       "[learning_rate]", "[[policy]]",  "[[policies]]"};
constexpr const char* layer_keys[] = {"channels", "features", "kernel", "stride", "padding",
                                      "groups",   "bias",     "scale",  "name",   "from",
                                      "L",        "lambda",   "slope",  "global"};
constexpr const char* values[] = {"0",
                                  "1",
                                  "2",
                                  "3",
                                  "16",
                                  "-1",
                                  "1e-3",
                                  "0.5",
                                  "inf",
                                  "nan",
                                  "9223372036854775807",
                                  "65536",
                                  "true",
                                  "[]",
                                  "[1, 2]",
                                  "['a', 'input']",
                                  "'a'",
                                  "'input'",
                                  "'channel'",
                                  "'adam'",
                                  "'ede'",
                                  "'step'",
                                  "'cnn_1w1a'",
                                  "'mean=0;std=1'",
                                  "{}",
                                  "'spec_fuzz_net.toml'"};

template <std::size_t N>
std::string one_of(FuzzedDataProvider& choices, const char* const (&list)[N]) {
  return list[choices.ConsumeIntegralInRange<std::size_t>(0, N - 1)];
}

std::string spec_text(FuzzedDataProvider& choices) {
  std::string text;
  while (choices.remaining_bytes() > 0 && text.size() < 2000) {
    text += choices.ConsumeIntegralInRange(0, 5) == 0
                ? one_of(choices, spec_tables) + "\n"
                : one_of(choices, spec_keys) + " = " + one_of(choices, values) + "\n";
  }
  return text;
}

std::string network_text(FuzzedDataProvider& choices) {
  std::vector<std::string> layers;
  const std::vector<std::string>& ops = layer_ops();
  while (choices.remaining_bytes() > 0 && layers.size() < 12) {
    std::string layer =
        fmt::format("op = '{}'", ops[choices.ConsumeIntegralInRange<std::size_t>(0, ops.size() - 1)]);
    for (auto left = choices.ConsumeIntegralInRange(0, 3); left > 0; --left)
      layer += ", " + one_of(choices, layer_keys) + " = " + one_of(choices, values);
    layers.push_back("{" + layer + "}");
  }
  return fmt::format("layers = [{}]", fmt::join(layers, ",\n"));
}

template <class Read>
void read(const std::string& path, const std::string& text, const Read& read) {
  std::ofstream(path, std::ios::binary) << text;
  try {
    read(path);
  } catch (const InputError&) {
  }
}

void read_network(const std::string& path) {
  const std::vector<LayerSpec> layers = read_network_file(path);
  const Graph graph = make_network({.name = path, .input = {3, 16, 16}}, layers);
  if (graph.nodes.size() != layers.size() + 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider choices(data, size);
  switch (choices.ConsumeIntegralInRange(0, 3)) {
    case 0:
      read(spec_file, spec_text(choices), read_train_spec);
      break;
    case 1:
      read(spec_file, spec_text(choices), read_sweep_spec);
      break;
    default:
      read(network_file, network_text(choices), read_network);
  }
  return 0;
}
