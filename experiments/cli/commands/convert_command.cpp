#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/commands/convert_diagnosis.h"
#include "experiments/cli/commands/simulation_options.h"
#include "experiments/cli/output.h"
#include "experiments/cli/progress.h"
#include "experiments/data/data_set.h"
#include "experiments/data/pixel_range.h"
#include "experiments/library/registry.h"
#include "experiments/library/version.h"
#include "experiments/simulation/agreement.h"
#include "experiments/simulation/conversion.h"
#include "experiments/simulation/conversion_samples.h"
#include "neurons/multi_threshold.h"
#include "sim/core/error.h"
#include "sim/format/model_file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

// Shares of equal answers: less is said; less is no longer the network that was given, where accuracy falls
// as well (answers to samples, or after few steps, that leave both networks in doubt differ by chance); less
// is not in any case.
constexpr double expected_agreement = 0.95, least_agreement = 0.9, any_agreement = 0.5;
// Of accuracy.
constexpr double max_fall = 0.05;
// Fewer samples cannot tell that share from a much better one.
constexpr std::int64_t min_compared = 32;

CommandSpec convert_spec() {
  CommandSpec spec{
      "convert",
      "Turns a trained network (ONNX, or a model that 'train' wrote) into one to simulate: batch\n"
      "normalisation is folded, QCFS and ReLU activations become spiking neurons, binary layers\n"
      "are packed into bits. A spiking network in a NIR file is read as it is.",
      {"IN.onnx|IN.nir|IN.h5", "OUT.h5"},
      ""};
  spec.add("to", text_argument("snn|bnn|ann"),
           "spiking network; binary network packed into bits; the source network for one step. "
           "Default: bnn for a network with Sign activations, else snn");
  spec.add("normalize", text_argument("PRESET|M;S"),
           "input normalisation to store: cifar10 cifar100 mnist fashion-mnist imagenet none, or means;stds "
           "(default: a trained model's own, else none)");
  spec.add(
      "method", text_argument("if|signed|mt|sigma-delta"),
      "spiking neurons: integrate-and-fire; with negative spikes, too; with graded spikes, as a rate or as a "
      "running value. Default: if for QCFS activations, whose thresholds were trained, else sigma-delta");
  spec.add("levels", whole_argument("N"),
           "sizes of graded spikes, theta / 2^k for k < N (default: mt 4, sigma-delta 8)");
  spec.add("threshold", text_argument("auto|max|mse|ltb|P%", "auto"),
           "how the thresholds of ReLU activations follow from the samples of --data: largest activation of "
           "a channel, "
           "least squared error after T steps, local threshold balancing, or a percentile; auto: max for "
           "sigma-delta, else mse");
  spec.add("calibrate", text_argument("none|light|potential", "none"),
           "make every neuron say on average over the samples of --data, after T steps, what its activation "
           "does: by a bias a channel, or by the potential that it starts from");
  spec.add("arithmetic", text_argument("float32|fixed", "float32"),
           "reals, or integers alone: the same spikes on every device (spiking networks)");
  add_data_options(spec,
                   "samples that the thresholds of ReLU activations are found from; shows on them how far "
                   "the spiking network "
                   "agrees with the source network; with --arithmetic fixed also with itself in float32, and "
                   "writes no model "
                   "where they differ much");
  spec.add("split", text_argument("test|train", "train"), "which part of that data set");
  spec.add("samples", whole_argument("N", 256), "how many of it, evenly spread");
  spec.add(
      "steps", whole_argument("T"),
      "time steps that thresholds are found for and answers compared after (default: 32 for if, else 8)");
  spec.add("dialect",
           text_argument("auto|nir|snntorch|norse|spikingjelly|sinabs|rockpool|lava|nengo", "auto"),
           "of a NIR file: whose meaning its neurons have");
  spec.add("dt", real_argument("DT"), "of a NIR file: length of a step, in the unit of its tau");
  spec.add("reset", text_argument("auto|zero|subtract|delayed", "auto"),
           "of a NIR file: what a spike does to the potential, which the file may not say; delayed: subtract "
           "a step "
           "later");
  spec.add_flag("strict", "of a NIR file: refuse what can mean different things");
  add_diagnosis_options(spec);
  return spec;
}

void check_nir_options(const CommandLine& line) {
  for (const char* option : {"dialect", "dt", "reset", "strict"}) {
    if (line.given(option) && !line.positional(0).ends_with(".nir"))
      throw InputError(std::string("--") + option, "", "is for NIR files, whose names end in .nir");
  }
  check_nir_dialect(line.get<std::string>("dialect"));
  check_nir_reset(line.get<std::string>("reset"));
  if (line.has("dt") && !(line.get<double>("dt") > 0 && std::isfinite(line.get<double>("dt"))))
    throw InputError("--dt", fmt::format("{}", line.get<double>("dt")), "expected more than 0");
}

void check_options(const CommandLine& line) {
  check_nir_options(line);
  const auto to = line.has("to") ? line.get<std::string>("to") : "snn";
  if (to != "snn" && to != "bnn" && to != "ann") throw InputError("--to", to, "expected snn, bnn or ann");
  if (line.has("method")) parse_method(line.get<std::string>("method"));
  const auto& threshold = line.get<std::string>("threshold");
  if (threshold != "auto") parse_threshold_rule(threshold);
  for (const char* option : {"method", "levels", "threshold", "calibrate"}) {
    if (line.given(option) && to != "snn")
      throw InputError(std::string("--") + option, "", "is for spiking networks, '--to snn'");
  }
  if (line.has("levels")) ranged(line, "levels", 1, most_levels);
  const auto& calibrate = line.get<std::string>("calibrate");
  if (parse_correction(calibrate) != Correction::none && !line.has("data"))
    throw InputError("--calibrate", calibrate, "takes samples: --data SPEC");
  const auto& arithmetic = line.get<std::string>("arithmetic");
  if (arithmetic != "float32" && arithmetic != "fixed")
    throw InputError("--arithmetic", arithmetic, "expected float32 or fixed");
  if (arithmetic == "fixed" && to != "snn")
    throw InputError("--arithmetic", arithmetic, "is for spiking networks, '--to snn'");
  if (line.has("data") && to != "snn")
    throw InputError("--data", "",
                     "is for spiking networks, '--to snn', whose thresholds or answers depend on samples");
  for (const char* option : {"resize", "crop", "split", "samples", "steps", "diagnose"}) {
    if (line.given(option) && !line.has("data"))
      throw InputError(std::string("--") + option, "", "is of the samples that --data names");
  }
  const auto& split = line.get<std::string>("split");
  if (split != "test" && split != "train") throw InputError("--split", split, "expected test or train");
}

std::string summary(const Model& model, const SchemaSet& schemas, const std::string& path) {
  const ShapeMap shapes = validate_or_throw(model.graph, schemas, path);
  double parameters = 0.0;
  int synapses = 0, binary = 0;
  for (const Node& node : model.graph.nodes) {
    const OpSchema& schema = schemas.of(node);
    if (schema.role == Role::input) continue;
    for (const auto& [name, tensor] : node.tensors) parameters += static_cast<double>(tensor.size());
    synapses += schema.is_synapse() ? 1 : 0;
    binary += schema.binary ? 1 : 0;
  }
  const std::string packed =
      binary > 0 ? fmt::format(", {} of {} layers on bits", binary, synapses) : std::string();
  return fmt::format("wrote {}: {}, {} nodes, {} parameters{}, input {}, {} classes\n", path,
                     model.provenance.conversion, model.graph.nodes.size(), short_count(parameters), packed,
                     to_string(shapes.at(model.graph.input().name)),
                     to_string(shapes.at(model.graph.output().name)));
}

ConversionSpec conversion_spec(const CommandLine& line) {
  ConversionSpec spec;
  spec.source = line.positional(0);
  if (line.has("to")) spec.to = line.get<std::string>("to");
  spec.arithmetic = line.get<std::string>("arithmetic");
  if (line.has("normalize")) spec.normalization = normalization_preset(line.get<std::string>("normalize"));
  if (line.has("method")) spec.method = line.get<std::string>("method");
  if (line.has("levels")) spec.levels = line.get<std::int64_t>("levels");
  spec.threshold = line.get<std::string>("threshold");
  spec.calibrate = line.get<std::string>("calibrate");
  if (line.has("steps")) spec.steps = static_cast<int>(ranged(line, "steps", 1, 1 << 20));
  spec.nir.dialect = line.get<std::string>("dialect");
  if (line.has("dt")) spec.nir.dt = line.get<double>("dt");
  spec.nir.reset = line.get<std::string>("reset");
  spec.nir.strict = line.flag("strict");
  spec.allow_coarse = line.has("data");
  return spec;
}

ConversionSamples samples_of(const CommandLine& line, const std::shared_ptr<const ImageSet>& data) {
  ConversionSamples samples;
  samples.data = data;
  samples.count = line.get<std::int64_t>("samples");
  samples.threads = line.threads();
  samples.begin = [&line](const std::string& what, std::int64_t total) -> std::function<void()> {
    return [bar = std::make_shared<Progress>(total, line.quiet(), what)] { bar->advance(); };
  };
  return samples;
}

std::string agreement_text(const Agreement& found, const DataInfo& data, int steps) {
  const auto percent = [&](std::int64_t count) {
    return 100.0 * static_cast<double>(count) / static_cast<double>(found.samples);
  };
  return fmt::format(
      "{:.2f} % of the answers to {} {} samples of {} after {} steps are those of float32 (accuracy {:.2f} "
      "%, "
      "float32 {:.2f} %)",
      percent(found.same), found.samples, data.split, data.spec, steps, percent(found.second_right),
      percent(found.first_right));
}

// The answers of `fixed` against those of the same network in float32; refuses what gives others.
std::string compare(const CommandLine& line, ConversionSpec spec, const ImageSet& data, Conversion& fixed,
                    const Registry& registry) {
  AgreementOptions options;
  options.samples = ranged(line, "samples", min_compared, std::numeric_limits<std::int64_t>::max());
  options.steps = fixed.steps;
  options.threads = line.threads();
  spec.arithmetic = "float32";
  const Model real = convert_model(spec, registry.schemas(), tool_version()).model;
  Agreement found;
  {
    Progress progress(2 * std::min(options.samples, data.size()), line.quiet(), "comparing");
    found = measure_agreement(real.graph, fixed.model.graph, data, registry, options,
                              [&] { progress.advance(); });
  }
  const double fall =
      static_cast<double>(found.first_right - found.second_right) / static_cast<double>(found.samples);
  const std::string text = agreement_text(found, data.info(), options.steps);
  if (found.share() < any_agreement || (found.share() < least_agreement && fall > max_fall))
    throw InputError(spec.source, "--arithmetic fixed", "only " + text + ": use '--arithmetic float32'");
  if (found.share() < expected_agreement) fixed.notes.push_back({"--arithmetic fixed", "only " + text});
  return text + "\n";
}

}  // namespace

void convert_command(const std::vector<std::string>& words) {
  const auto line = parse_command_line(convert_spec(), words);
  if (!line) return;
  check_options(*line);
  const std::string& source = line->positional(0);
  const std::string& target = line->positional(1);
  ConversionSpec spec = conversion_spec(*line);
  const ResultTarget reserved("OUT.h5", target, ResultTarget::Kind::file);

  const Registry registry = full_registry();
  std::shared_ptr<const ImageSet> data;
  if (line->has("data")) {
    ranged(*line, "samples", min_compared, std::numeric_limits<std::int64_t>::max());
    data = open_image_set(data_spec_of(*line), line->get<std::string>("split"));
    use_samples(spec, samples_of(*line, data), registry);
  }
  Conversion conversion = convert_model(spec, registry.schemas(), tool_version());
  const Model& model = conversion.model;
  validate_or_throw(model.graph, registry.schemas(), source);
  std::string compared;
  Notes of_samples;
  if (data != nullptr) {
    of_samples = check_pixel_range(*data, 0, data->size(), pixel_use(model.graph));
    if (model.arithmetic == "fixed") compared = compare(*line, spec, *data, conversion, registry);
    compared += diagnose_conversion(*line, spec, *data, conversion, registry);
  }
  write_model(model, target);
  write_notes(source, conversion.notes);
  if (data != nullptr) write_notes(data->info().spec, of_samples);
  if (!line->quiet()) write_stdout(summary(model, registry.schemas(), target) + compared);
}

}  // namespace rheobase
