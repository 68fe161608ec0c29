#include "experiments/simulation/conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "binarize/passes/pack_binary.h"
#include "converters/onnx/importer.h"
#include "converters/passes.h"
#include "neurons/burst_lif.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

Tensor per_channel(const std::vector<float>& values) {
  return {{static_cast<std::int64_t>(values.size())}, values};
}

bool is_nir(const std::string& path) { return path.ends_with(".nir"); }

void append(Notes& notes, const Notes& more) { notes.insert(notes.end(), more.begin(), more.end()); }

void store(Graph& graph, const Normalization& normalization) {
  if (normalization.mean.empty()) return;
  auto& tensors = graph.input().tensors;
  tensors["mean"] = per_channel(normalization.mean);
  tensors["std"] = per_channel(normalization.std);
}

// A network that was made here saw pixels in its own normalisation, and sees no others.
void expect_own(const Graph& graph, const std::string& path, const Normalization& asked) {
  const Normalization own = normalization_of(graph);
  if (own == asked) return;
  throw InputError(path, "--normalize",
                   fmt::format("asks for {}, the network was made with {}: leave --normalize out",
                               to_string(asked), to_string(own)));
}

// Normalisation belongs to the Input node.
void set_normalization(Conversion& conversion, const ConversionSpec& spec, const Shape& shape) {
  Graph& graph = conversion.model.graph;
  const bool trained = spec.source.ends_with(".h5");
  const bool rescales = rescales_itself(graph);
  if (!spec.normalization) {
    if (!trained && !is_nir(spec.source) && !rescales && shape.size() == 3)
      conversion.notes.push_back(
          {"normalization",
           "none, in the file or with --normalize: pixels enter as they are, in [0, 1]; give --normalize the "
           "means and deviations of training, or none where it had none"});
    return;
  }
  const bool own = trained || graph.input().tensor("mean") != nullptr;  // the latter in our NIR files
  if (own) return expect_own(graph, spec.source, *spec.normalization);
  append(conversion.notes, check_normalization(*spec.normalization, shape));
  if (rescales && !spec.normalization->mean.empty())
    conversion.notes.push_back(
        {"normalization", "the file scales and shifts its pixels itself, and does so after " +
                              to_string(*spec.normalization)});
  store(graph, *spec.normalization);
}

// Neurons that fire as often as they like, which conversion to integers bounds.
std::vector<std::string> unbounded_counts(const Graph& graph, const SchemaSet& schemas) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    if (schemas.of(node).emits_counts && node.integer("max_spikes", 0) == 0) names.push_back(node.name);
  }
  return names;
}

// Integers for reals; what rounding ruins is refused.
void make_fixed(Conversion& conversion, const ConversionSpec& spec, const SchemaSet& schemas) {
  const std::vector<std::string> unbounded = unbounded_counts(conversion.model.graph, schemas);
  const std::vector<LayerRounding> layers = quantize(conversion.model.graph, schemas, spec.source);
  if (!unbounded.empty())
    conversion.notes.push_back(
        {unbounded[0],
         fmt::format("{}fires at most {} times a step in integers, and keeps the rest for later",
                     unbounded.size() == 1 ? "" : fmt::format("as {} more, ", unbounded.size() - 1),
                     most_fixed_spikes)});
  const bool measurable = !is_nir(spec.source);  // its samples are none that --data reads
  if (!spec.allow_coarse) throw_if_any(spec.source, ruined_layers(layers, measurable));
  append(conversion.notes, rounding_notes(layers, measurable));
}

// A network that `train` wrote. What is no float32 network of one step has nothing to convert.
Model read_trained(const std::string& path, const SchemaSet& schemas) {
  Model model = read_model(path, schemas);
  if (model.provenance.conversion != "ann" || model.arithmetic != "float32")
    throw InputError(path, "", "is converted already; give the network it was converted from");
  return model;
}

const Shape& input_shape(const Graph& graph, const ShapeMap& shapes) { return shapes.at(graph.input().name); }

// The network as it is in the file, under the normalisation of its conversion, with what there is to say of
// it.
Conversion read_source(const ConversionSpec& spec, const SchemaSet& schemas) {
  const std::string& path = spec.source;
  Conversion result;
  Graph& graph = result.model.graph;
  std::vector<std::string> signs;  // that are 0 at 0 in the file
  if (path.ends_with(".h5")) {
    Model trained = read_trained(path, schemas);
    graph = std::move(trained.graph);
    result.model.training = std::move(trained.training);
    result.files = {path};
  } else if (is_nir(path)) {
    NirImport import = import_nir(path, spec.nir);
    graph = std::move(import.graph);
    result.notes = std::move(import.notes);
    result.files = std::move(import.files);
    if (import.fires_above && spec.arithmetic == "fixed")
      result.notes.push_back({"dialect",
                              "thresholds of fixed arithmetic are whole numbers, and neurons fire at "
                              "v >= v_threshold, not above it alone"});
  } else {
    OnnxImport import = import_onnx(path);
    graph = std::move(import.graph);
    result.notes = std::move(import.notes);
    result.files = std::move(import.files);
    signs = std::move(import.signs);
  }
  set_normalization(result, spec, input_shape(graph, validate_or_throw(graph, schemas, path)));
  validate_or_throw(graph, schemas, path);
  append(result.notes, check_signs_of_zero(graph, schemas, signs, path));
  return result;
}

Thresholds found_thresholds(const ConversionSpec& spec, const ThresholdRule& rule, const Graph& graph,
                            const std::vector<OpenActivation>& activations, std::int64_t levels) {
  if (rule.kind == ThresholdRule::Kind::local) return spec.balance_thresholds(graph, activations);
  Thresholds thresholds;
  for (const ActivationSamples& samples : spec.sample_activations(graph, activations))
    thresholds[samples.node] = find_thresholds(samples, rule, levels);
  return thresholds;
}

void expect_correctable(const ConversionSpec& spec, SpikingMethod method) {
  const Correction correction = parse_correction(spec.calibrate);
  if (correction != Correction::none && !spec.find_corrections)
    throw InputError("--calibrate", spec.calibrate, "takes samples: --data SPEC");
  if (correction == Correction::potential && method == SpikingMethod::sigma_delta)
    throw InputError("--calibrate", spec.calibrate,
                     "is not of --method sigma-delta, whose neurons start from their bias: use light");
}

// Neurons that say too little or too much on average on the samples say more or less.
void correct(Conversion& conversion, const ConversionSpec& spec, const Graph& prepared,
             const SchemaSet& schemas) {
  const Correction correction = parse_correction(spec.calibrate);
  if (correction == Correction::none) return;
  Graph& graph = conversion.model.graph;
  for (const auto& [neuron, difference] :
       spec.find_corrections(prepared, graph, correction, conversion.steps))
    correct_neuron(graph, schemas, neuron, difference, correction, conversion.steps);
}

// Neurons of the method, with thresholds from the samples where they have none.
void make_spiking(Conversion& conversion, const ConversionSpec& spec, const SchemaSet& schemas) {
  Graph& graph = conversion.model.graph;
  prepare_for_snn(graph, schemas, spec.source);
  const auto activations = open_activations(graph, schemas, spec.source);
  SpikingOptions options;
  options.method = activations.empty() ? SpikingMethod::integrate_and_fire : SpikingMethod::sigma_delta;
  if (!spec.method.empty()) options.method = parse_method(spec.method);
  if (spec.levels && !has_levels(options.method))
    throw InputError("--levels", std::to_string(*spec.levels), "is of --method mt and sigma-delta");
  expect_correctable(spec, options.method);
  options.levels = spec.levels.value_or(default_levels(options.method));
  conversion.steps = spec.steps.value_or(options.method == SpikingMethod::integrate_and_fire ? 32 : 8);
  if (activations.empty() && spec.threshold != "auto")
    throw InputError("--threshold", spec.threshold,
                     "is for ReLU activations; those of " + spec.source + " were trained with thresholds");
  if (!activations.empty() && spec.sample_activations) {
    const bool running = options.method == SpikingMethod::sigma_delta;
    const ThresholdRule rule = parse_threshold_rule(spec.threshold != "auto" ? spec.threshold
                                                    : running                ? "max"
                                                                             : "mse");
    options.thresholds = found_thresholds(spec, rule, graph, activations,
                                          reachable_levels(options.method, options.levels, conversion.steps));
  }
  const Graph prepared = graph;
  convert_to_snn(graph, schemas, spec.source, options);
  correct(conversion, spec, prepared, schemas);
}

// A network of binary activations runs for one step, on bits; others become spiking networks.
std::string natural_target(const Graph& graph) {
  const bool signs =
      std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) { return node.op == "Sign"; });
  return signs ? "bnn" : "snn";
}

// What is for networks of activations, not for spiking neurons.
void expect_no_method(const ConversionSpec& spec) {
  const auto refuse = [&](const char* option, const std::string& value) {
    throw InputError(option, value, spec.source + " is a spiking network already, whose neurons stay");
  };
  if (!spec.to.empty() && spec.to != "snn") refuse("--to", spec.to);
  if (!spec.method.empty()) refuse("--method", spec.method);
  if (spec.levels) refuse("--levels", std::to_string(*spec.levels));
  if (spec.threshold != "auto") refuse("--threshold", spec.threshold);
  if (spec.calibrate != "none") refuse("--calibrate", spec.calibrate);
  if (spec.sample_activations) refuse("--data", "");
}

// Of signs alone, without a layer to pack.
ConversionSpec as_it_is(ConversionSpec spec) {
  spec.to = "ann";
  return spec;
}

}  // namespace

Conversion convert_model(const ConversionSpec& spec, const SchemaSet& schemas,
                         const std::string& tool_version) {
  const bool spiking = is_nir(spec.source);
  if (spiking) expect_no_method(spec);
  Conversion result = read_source(spec, schemas);
  Model& model = result.model;
  const std::string to = spiking ? "snn" : spec.to.empty() ? natural_target(model.graph) : spec.to;
  if (spec.arithmetic == "fixed" && to != "snn")
    throw InputError(spec.source, "", "becomes no spiking network, and fixed arithmetic is for those");
  if (to == "bnn") {
    fold_sign_scales(model.graph,
                     schemas);  // other scales and shifts stay apart: packing makes thresholds of them
  } else {
    fold_affine(model.graph, schemas);
  }
  if (to == "snn" && !spiking) make_spiking(result, spec, schemas);
  model.arithmetic = spec.arithmetic;
  if (model.arithmetic == "fixed") make_fixed(result, spec, schemas);
  if (to != "ann") {
    const int packed = pack_binary(model.graph, schemas);
    if (to == "bnn" && packed == 0) {
      if (spec.to.empty()) return convert_model(as_it_is(spec), schemas, tool_version);
      throw InputError(spec.source, "",
                       "has no binary layer: none reads the output of a Sign with weights of one magnitude "
                       "an output channel");
    }
  }
  validate_or_throw(model.graph, schemas, spec.source);
  model.provenance = {tool_version, std::filesystem::path(spec.source).filename().string(),
                      sha256_of_file(spec.source), to};
  return result;
}

}  // namespace rheobase
