#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "converters/nir/import/node_import.h"
#include "neurons/schemas.h"

namespace rheobase::nir {

GraphMaker::GraphMaker() {
  add_structural_schemas(schemas_);
  add_neuron_schemas(schemas_);
}

std::string GraphMaker::emit(const std::string& wanted, Node node) {
  std::vector<Shape> inputs;
  for (const std::string& input : node.inputs) inputs.push_back(shapes_.at(input));
  node.name = wanted;
  for (int i = 2; shapes_.contains(node.name); ++i) node.name = fmt::format("{}_{}", wanted, i);
  Faults faults;
  const auto shape = schemas_.of(node).infer(node, inputs, faults);
  if (!shape) throw NodeFault(faults.empty() ? "is unsound" : faults.front().what);
  shapes_.emplace(node.name, *shape);
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().name;
}

bool GraphMaker::spikes(const std::string& node) const {
  const Node* found = graph_.find(node);
  return found != nullptr && schemas_.of(*found).is_spiking();
}

std::vector<double> numbers_of(const NirNode& node, const std::string& parameter) {
  const Value* value = node.find(parameter);
  if (value == nullptr) throw NodeFault(fmt::format("has no '{}'", parameter));
  if (const auto* reals = std::get_if<std::vector<double>>(&value->values)) return *reals;
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value->values))
    return {integers->begin(), integers->end()};
  throw NodeFault(fmt::format("has a text for '{}', expected numbers", parameter));
}

std::vector<double> per_channel(const NirNode& node, const std::string& parameter, const Shape& shape) {
  std::vector<double> values = numbers_of(node, parameter);
  if (values.size() == 1) return values;
  const std::int64_t size = element_count(shape);
  if (static_cast<std::int64_t>(values.size()) != size)
    throw NodeFault(
        fmt::format("has {} values in {}, and reads {}", values.size(), parameter, to_string(shape)));
  const auto pixels = static_cast<std::ptrdiff_t>(size / shape[0]);
  std::vector<double> result;
  for (auto from = values.begin(); from != values.end(); from += pixels) {
    const auto other = std::find_if(from, from + pixels, [&](double value) { return value != *from; });
    if (other != from + pixels)
      throw NodeFault(
          fmt::format("has {} and {} in {} of one channel, and neurons of a channel share their "
                      "parameters",
                      *from, *other, parameter));
    result.push_back(*from);
  }
  const bool alike =
      std::all_of(result.begin(), result.end(), [&](double value) { return value == result[0]; });
  if (alike) result.resize(1);
  return result;
}

Tensor tensor_of(const std::vector<double>& values) {
  std::vector<float> floats;
  for (const double value : values) {
    floats.push_back(static_cast<float>(value));
    if (!std::isfinite(floats.back()))
      throw NodeFault(fmt::format("has the value {}, beyond float32", value));
  }
  const Shape shape{static_cast<std::int64_t>(floats.size())};
  return {shape, std::move(floats)};
}

}  // namespace rheobase::nir
