#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "sim/core/file.h"
#include "sim/format/model_file.h"
#include "sim/format/model_layout.h"
#include "sim/format/sealed_file.h"
#include "sim/graph/arithmetic.h"
#include "sim/hdf5/entry.h"

namespace rheobase {
namespace {

using hdf5::Group;

// What a model must not hold because HDF5 could not give it back.
class StorableCheck {
 public:
  explicit StorableCheck(Faults& faults) : faults_(faults) {}

  void model(const Model& model) {
    check_arithmetic_name(model.arithmetic, "arithmetic", faults_);
    check_arithmetic_of(model.graph, model.arithmetic, "arithmetic", faults_);
    const Provenance& from = model.provenance;
    for (const std::string* const text :
         {&from.tool_version, &from.source, &from.source_sha256, &from.conversion}) {
      this->text("provenance", *text);
    }
    if (model.stop) text("stop", model.stop->policy);
    if (model.calibration) calibration(*model.calibration, model.stop.has_value());
    if (model.graph.nodes.size() > max_nodes) {
      faults_.push_back({"graph", fmt::format("{} nodes, at most {}", model.graph.nodes.size(), max_nodes)});
    }
    if (model.training) training(*model.training);
    for (const Node& node : model.graph.nodes) this->node(node);
  }

 private:
  void calibration(const CalibrationSamples& from, bool stops) {
    if (!stops) faults_.push_back({"calibration", "without a stop rule"});
    text("calibration", from.data);
    text("calibration", from.data_sha256);
    text("calibration", from.split);
    text("calibration", from.coding);
    text("calibration", from.binning);
    text("calibration", from.network_sha256);
    if (!sound(from)) faults_.push_back({"calibration", "needs samples and steps"});
    if (from.conditional && (!from.guarantee || from.coding.empty()))
      faults_.push_back({"calibration", "says how a guarantee holds that it does not have"});
    if (from.coding.empty() && !from.sample_hashes.empty())
      faults_.push_back({"calibration", "has hashes of samples and no coding"});
    if ((from.coding == "events") == from.binning.empty())
      faults_.push_back({"calibration", "of events says how they became steps, and others do not"});
    if (!from.sample_hashes.empty() && !sound_hashes(from.sample_hashes, from.samples))
      faults_.push_back({"calibration", "has hashes that are not one a sample, ascending"});
  }

  void training(const TrainingSamples& from) {
    text("training", from.data);
    if (from.sample_hashes.empty() ||
        !sound_hashes(from.sample_hashes, static_cast<std::int64_t>(from.sample_hashes.size())))
      faults_.push_back({"training", "needs hashes of samples, ascending"});
  }

  void text(const std::string& where, const std::string& text) {
    if (!hdf5::storable_text(text)) faults_.push_back({where, "a text with a NUL character"});
  }

  void key(const std::string& where, const std::string& key) {
    const bool sound =
        !key.empty() && key != "." && key.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
    if (!sound) faults_.push_back({where, fmt::format("'{}' cannot name an entry of a file", key)});
  }

  void node(const Node& node) {
    text(node.name, node.name);
    text(node.name, node.op);
    for (const std::string& input : node.inputs) text(node.name, input);
    for (const auto& [name, value] : node.attributes) {
      key(node.name, name);
      if (const auto* const word = std::get_if<std::string>(&value)) text(node.name, *word);
    }
    for (const auto& [name, tensor] : node.tensors) {
      key(node.name, name);
      this->tensor(node.name, name, tensor);
    }
  }

  void tensor(const std::string& node, const std::string& name, const Tensor& tensor) {
    const bool negative = std::any_of(tensor.shape.begin(), tensor.shape.end(), [](auto e) { return e < 0; });
    if (negative || tensor.shape.size() > H5S_MAX_RANK ||
        element_count(tensor.shape) != static_cast<std::int64_t>(tensor.size())) {
      faults_.push_back({node, fmt::format("tensor '{}' of shape {} with {} values", name,
                                           to_string(tensor.shape), tensor.size())});
    }
  }

  Faults& faults_;
};

void write_bits(hid_t tensors, const std::string& name, const Tensor& tensor) {
  const Tensor signs = tensor.as(ValueType::bits).value();
  const std::vector<std::uint8_t>& bytes = signs.signs().bytes();
  hdf5::write_dataset(tensors, name, {static_cast<std::int64_t>(bytes.size())}, H5T_STD_B8LE, H5T_NATIVE_B8,
                      bytes.data());
  const hdf5::Dataset dataset(H5Dopen2(tensors, name.c_str(), H5P_DEFAULT), "open a dataset");
  hdf5::write_attribute(dataset.get(), "shape", tensor.shape);
}

// As the narrowest type that keeps every value.
void write_integers(hid_t tensors, const std::string& name, const Shape& shape,
                    const std::vector<std::int32_t>& values) {
  const auto fit = [&]<class Narrow>(Narrow) {
    using Limits = std::numeric_limits<Narrow>;
    return std::all_of(values.begin(), values.end(),
                       [](std::int32_t v) { return v >= Limits::min() && v <= Limits::max(); });
  };
  if (fit(std::int8_t{})) {
    hdf5::write_values(tensors, name, shape, std::vector<std::int8_t>(values.begin(), values.end()));
  } else if (fit(std::int16_t{})) {
    hdf5::write_values(tensors, name, shape, std::vector<std::int16_t>(values.begin(), values.end()));
  } else {
    hdf5::write_values(tensors, name, shape, values);
  }
}

// Nothing where a value is no int32, or a zero that has a sign.
std::optional<Tensor> as_integers(const Tensor& tensor) {
  if (tensor.type() == ValueType::float32) {
    const auto& values = tensor.reals();
    if (std::any_of(values.begin(), values.end(), [](float v) { return v == 0.0F && std::signbit(v); }))
      return std::nullopt;
  }
  return tensor.as(ValueType::int32);
}

// Reals that are whole are stored as integers in fixed arithmetic.
void write_tensor(hid_t tensors, const std::string& name, const Tensor& tensor, Arithmetic arithmetic) {
  if (stored_as_bits(tensor)) return write_bits(tensors, name, tensor);
  const bool integers = tensor.type() == ValueType::int8 || tensor.type() == ValueType::int32;
  const auto whole = integers || arithmetic == Arithmetic::fixed ? as_integers(tensor) : std::nullopt;
  if (whole) return write_integers(tensors, name, tensor.shape, whole->int32s());
  hdf5::write_values(tensors, name, tensor.shape, tensor.as(ValueType::float32).value().reals());
}

void write_node(hid_t nodes, std::size_t number, const Node& node, Arithmetic arithmetic) {
  const Group group = hdf5::create_group(nodes, node_group_name(number));
  hdf5::write_attribute(group.get(), "name", node.name);
  hdf5::write_attribute(group.get(), "op", node.op);
  hdf5::write_attribute(group.get(), "inputs", node.inputs);
  const Group attributes = hdf5::create_group(group.get(), "attributes");
  for (const auto& [name, value] : node.attributes) {
    std::visit([&, &key = name](const auto& v) { hdf5::write_attribute(attributes.get(), key, v); }, value);
  }
  const Group tensors = hdf5::create_group(group.get(), "tensors");
  for (const auto& [name, tensor] : node.tensors) write_tensor(tensors.get(), name, tensor, arithmetic);
}

void write_hashes(hid_t group, const std::vector<std::uint64_t>& hashes) {
  hdf5::write_values(group, "sample_hashes", {static_cast<std::int64_t>(hashes.size())}, hashes);
}

void write_calibration(hid_t stop, const CalibrationSamples& from) {
  const Group group = hdf5::create_group(stop, "calibration");
  const auto put = [&](const char* name, const hdf5::Entry& value) {
    hdf5::write_attribute(group.get(), name, value);
  };
  put("data", from.data);
  put("data_sha256", from.data_sha256);
  put("split", from.split);
  put("first", from.first);
  put("samples", from.samples);
  put("steps", from.steps);
  if (from.coding.empty()) return;
  put("coding", from.coding);
  if (!from.binning.empty()) put("binning", from.binning);
  put("seed", from.seed);
  put("network_sha256", from.network_sha256);
  if (from.max_loss) put("max_loss", *from.max_loss);
  if (from.max_steps) put("max_steps", *from.max_steps);
  if (from.guarantee) put("guarantee", *from.guarantee);
  if (from.conditional) put("guarantee_kind", std::string(conditional_guarantee));
  if (!from.sample_hashes.empty()) write_hashes(group.get(), from.sample_hashes);
}

void write_training(hid_t file, const TrainingSamples& from) {
  const Group group = hdf5::create_group(file, "training");
  hdf5::write_attribute(group.get(), "data", from.data);
  hdf5::write_attribute(group.get(), "samples", static_cast<std::int64_t>(from.sample_hashes.size()));
  write_hashes(group.get(), from.sample_hashes);
}

void write_stop(hid_t file, const Model& model) {
  const Group stop = hdf5::create_group(file, "stop");
  hdf5::write_attribute(stop.get(), "policy", model.stop->policy);
  hdf5::write_attribute(stop.get(), "alpha", model.stop->alpha);
  hdf5::write_attribute(stop.get(), "threshold", model.stop->threshold);
  if (!model.stop->early_thresholds.empty())
    hdf5::write_attribute(stop.get(), "early_thresholds", model.stop->early_thresholds);
  if (model.stop->readout_delay != 0)
    hdf5::write_attribute(stop.get(), "readout_delay", std::int64_t{model.stop->readout_delay});
  if (model.calibration) write_calibration(stop.get(), *model.calibration);
}

// The oldest version that can hold it.
int version_of(const Model& model) {
  if (model.stop && model.stop->readout_delay != 0) return 8;
  if (model.calibration && model.calibration->coding == "events") return 7;
  if (model.calibration && model.calibration->conditional) return 6;
  if (model.training || (model.calibration && !model.calibration->coding.empty())) return 5;
  for (const Node& node : model.graph.nodes) {
    for (const auto& [name, tensor] : node.tensors) {
      if (stored_as_bits(tensor)) return 4;
    }
  }
  if (model.calibration || (model.stop && !model.stop->early_thresholds.empty())) return 3;
  return arithmetic_of(model.graph) == Arithmetic::fixed ? 2 : 1;
}

void write_root(hid_t file, const Model& model) {
  hdf5::write_attribute(file, "arithmetic", model.arithmetic);
  hdf5::write_attribute(file, "tool_version", model.provenance.tool_version);
  hdf5::write_attribute(file, "source", model.provenance.source);
  hdf5::write_attribute(file, "source_sha256", model.provenance.source_sha256);
  hdf5::write_attribute(file, "conversion", model.provenance.conversion);
  if (model.stop) write_stop(file, model);
  if (model.training) write_training(file, *model.training);
}

std::string model_image(const Model& model) {
  const hdf5::Session session;
  hdf5::MemoryFile file(seal_bytes);
  write_root(file.id(), model);
  {
    const Group graph = hdf5::create_group(file.id(), "graph");
    const Group nodes = hdf5::create_group(graph.get(), "nodes");
    for (std::size_t i = 0; i < model.graph.nodes.size(); ++i)
      write_node(nodes.get(), i, model.graph.nodes[i], arithmetic_of(model.graph));
  }
  return file.finish();
}

}  // namespace

bool stored_as_bits(const Tensor& tensor) {
  constexpr std::size_t fewest = 64;
  return tensor.size() >= fewest && tensor.as(ValueType::bits).has_value();
}

bool sound_hashes(const std::vector<std::uint64_t>& hashes, std::int64_t samples) {
  return static_cast<std::int64_t>(hashes.size()) == samples && std::is_sorted(hashes.begin(), hashes.end());
}

void check_arithmetic_name(const std::string& name, const std::string& where, Faults& faults) {
  if (name != "float32" && name != "fixed")
    faults.push_back({where, fmt::format("'{}' is neither float32 nor fixed", name)});
}

void check_arithmetic_of(const Graph& graph, const std::string& name, const std::string& where,
                         Faults& faults) {
  const bool fixed = arithmetic_of(graph) == Arithmetic::fixed;
  if (name == (fixed ? "float32" : "fixed")) {
    faults.push_back({where, fmt::format("is {}, but the graph's Input has {} 'fraction_bits'", name,
                                         fixed ? "the attribute" : "no attribute")});
  }
}

std::string node_group_name(std::size_t number) { return fmt::format("{:06}", number); }

std::string model_file_bytes(const Model& model, const std::string& path) {
  Faults faults;
  StorableCheck(faults).model(model);
  throw_if_any(path, faults);
  std::string image = model_image(model);
  seal(image, FileKind::model, version_of(model));
  return image;
}

void write_model(const Model& model, const std::string& path) {
  write_file(path, model_file_bytes(model, path));
}

}  // namespace rheobase
