#include <fmt/format.h>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/output.h"
#include "experiments/cli/program.h"
#include "experiments/cli/registry.h"
#include "experiments/simulation/conversion.h"
#include "sim/core/error.h"
#include "sim/format/model_file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

CommandSpec convert_spec() {
  CommandSpec spec{
      "convert",
      "Turns a trained network (ONNX, or a model that 'train' wrote) into one to simulate: batch\n"
      "normalisation is folded, QCFS activations become integrate-and-fire neurons, binary layers\n"
      "are packed into bits.",
      {"IN.onnx|IN.h5", "OUT.h5"},
      "",
      po::options_description("Options of convert")};
  const auto word = [](const char* name) { return po::value<std::string>()->value_name(name); };
  spec.options.add_options()(
      "to", word("snn|bnn|ann"),
      "spiking network; binary network packed into bits; the source network for one step. "
      "Default: bnn for a network with Sign activations, else snn")(
      "normalize", word("PRESET|M;S")->default_value("none"),
      "input normalisation to store: cifar10 cifar100 mnist fashion-mnist imagenet none, or means;stds")(
      "threshold", word("auto")->default_value("auto"), "where firing thresholds come from: the QCFS nodes")(
      "calibrate", word("none")->default_value("none"), "correction from samples")(
      "arithmetic", word("float32|fixed")->default_value("float32"),
      "reals, or integers alone: the same spikes on every device (spiking networks)")(
      "data", word("SPEC"), "samples to calibrate on: not in this version")(
      "samples", word("N"), "how many of them: not in this version");
  return spec;
}

// An option with one value in this version; the others that it will have are told apart from mistakes.
void expect_only(const CommandLine& line, const std::string& option, const std::string& choice,
                 const std::vector<std::string>& later) {
  const auto value = line.get<std::string>(option);
  if (value == choice) return;
  for (const std::string& other : later) {
    if (value == other) throw InputError("--" + option, value, "not in this version, which has " + choice);
  }
  throw InputError("--" + option, value, "expected " + choice);
}

void check_options(const CommandLine& line) {
  const auto to = line.has("to") ? line.get<std::string>("to") : "snn";
  if (to != "snn" && to != "bnn" && to != "ann") throw InputError("--to", to, "expected snn, bnn or ann");
  const auto threshold = line.get<std::string>("threshold");
  expect_only(line, "threshold", "auto", {"max", "mse", threshold.ends_with('%') ? threshold : ""});
  expect_only(line, "calibrate", "none", {"light"});
  const auto arithmetic = line.get<std::string>("arithmetic");
  if (arithmetic != "float32" && arithmetic != "fixed")
    throw InputError("--arithmetic", arithmetic, "expected float32 or fixed");
  if (arithmetic == "fixed" && to != "snn")
    throw InputError("--arithmetic", arithmetic, "is for spiking networks, '--to snn'");
  for (const char* option : {"data", "samples"}) {
    if (line.has(option))
      throw InputError(std::string("--") + option, "", "not in this version, which does not calibrate");
  }
}

std::string summary(const Model& model, const ShapeMap& shapes, const std::string& path) {
  double parameters = 0.0;
  int synapses = 0, binary = 0;
  std::string input, output;
  for (const Node& node : model.graph.nodes) {
    if (node.op == "Input") {
      input = to_string(shapes.at(node.name));
      continue;
    }
    if (node.op == "Output") output = to_string(shapes.at(node.name));
    for (const auto& [name, tensor] : node.tensors) parameters += static_cast<double>(tensor.values.size());
    synapses += node.tensors.contains("weight") ? 1 : 0;
    binary += node.op.starts_with("Binary") ? 1 : 0;
  }
  const std::string packed =
      binary > 0 ? fmt::format(", {} of {} layers on bits", binary, synapses) : std::string();
  return fmt::format("wrote {}: {}, {} nodes, {} parameters{}, input {}, {} classes\n", path,
                     model.provenance.conversion, model.graph.nodes.size(), short_count(parameters), packed,
                     input, output);
}

}  // namespace

void convert_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(convert_spec(), words);
  if (!line) return;
  check_options(*line);
  const std::string& source = line->positional(0);
  const std::string& target = line->positional(1);
  const std::string to = line->has("to") ? line->get<std::string>("to") : "";
  const Normalization normalization = normalization_preset(line->get<std::string>("normalize"));
  const ResultTarget reserved("OUT.h5", target, ResultTarget::Kind::file);

  const Registry registry = full_registry();
  const Conversion conversion = convert_model(
      {source, to, line->get<std::string>("arithmetic"), normalization}, registry.schemas(), tool_version());
  const Model& model = conversion.model;
  const ShapeMap shapes = validate_or_throw(model.graph, registry.schemas(), source);
  write_model(model, target);
  write_notes(source, conversion.notes);
  if (!line->quiet()) write_stdout(summary(model, shapes, target));
}

}  // namespace rheobase
