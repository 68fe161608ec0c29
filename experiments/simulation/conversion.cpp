#include "experiments/simulation/conversion.h"

#include <algorithm>
#include <filesystem>

#include "binarize/passes/pack_binary.h"
#include "converters/onnx/importer.h"
#include "converters/passes.h"
#include "sim/core/error.h"
#include "sim/core/file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

Tensor per_channel(const std::vector<float>& values) {
  return {{static_cast<std::int64_t>(values.size())}, values};
}

// Normalisation belongs to the Input node; that it fits the channels is for validation to say.
void set_normalization(Graph& graph, const Normalization& normalization) {
  if (normalization.mean.empty()) return;
  for (Node& node : graph.nodes) {
    if (node.op != "Input") continue;
    node.tensors["mean"] = per_channel(normalization.mean);
    node.tensors["std"] = per_channel(normalization.std);
  }
}

// A network that `train` wrote. What is no float32 network of one step has nothing to convert.
Graph read_trained(const std::string& path, const SchemaSet& schemas) {
  Model model = read_model(path, schemas);
  if (model.provenance.conversion != "ann" || model.arithmetic != "float32")
    throw InputError(path, "", "is converted already; give the network it was converted from");
  return std::move(model.graph);
}

// The network as it is in the file, with what there is to say of it, under the user's normalisation.
Conversion read_source(const std::string& path, const Normalization& normalization,
                       const SchemaSet& schemas) {
  if (path.ends_with(".nir"))
    throw InputError(path, "", "NIR files cannot be read in this version; give an .onnx file");
  Conversion result;
  if (path.ends_with(".h5")) {
    result.model.graph = read_trained(path, schemas);
    result.files = {path};
    set_normalization(result.model.graph, normalization);
    validate_or_throw(result.model.graph, schemas, path);
    return result;
  }
  OnnxImport import = import_onnx(path);
  result.model.graph = std::move(import.graph);
  result.notes = std::move(import.notes);
  result.files = std::move(import.files);
  set_normalization(result.model.graph, normalization);
  const ShapeMap shapes = validate_or_throw(result.model.graph, schemas, path);
  const Notes signs = check_signs_of_zero(result.model.graph, shapes, import.signs, path);
  result.notes.insert(result.notes.end(), signs.begin(), signs.end());
  return result;
}

// A network of binary activations runs for one step, on bits; others become spiking networks.
std::string natural_target(const Graph& graph) {
  const bool signs =
      std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) { return node.op == "Sign"; });
  return signs ? "bnn" : "snn";
}

// Of signs alone, without a layer to pack.
ConversionSpec as_it_is(ConversionSpec spec) {
  spec.to = "ann";
  return spec;
}

}  // namespace

Conversion convert_model(const ConversionSpec& spec, const SchemaSet& schemas,
                         const std::string& tool_version) {
  Conversion result = read_source(spec.source, spec.normalization, schemas);
  Model& model = result.model;
  const std::string to = spec.to.empty() ? natural_target(model.graph) : spec.to;
  if (spec.arithmetic == "fixed" && to != "snn")
    throw InputError(spec.source, "", "becomes no spiking network, and fixed arithmetic is for those");
  if (to == "bnn") {
    fold_sign_scales(model.graph);  // other scales and shifts stay apart: packing makes thresholds of them
  } else {
    fold_affine(model.graph);
  }
  if (to == "snn") convert_to_snn(model.graph, spec.source);
  model.arithmetic = spec.arithmetic;
  if (model.arithmetic == "fixed") quantize(model.graph, schemas, spec.source);
  if (to != "ann") {
    const int packed = pack_binary(model.graph);
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
