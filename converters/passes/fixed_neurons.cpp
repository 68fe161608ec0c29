#include "converters/passes/fixed_neurons.h"

#include <algorithm>
#include <cmath>

#include "converters/passes/fixed_rounding.h"

namespace rheobase::fixed {

Signal spikes_of(const Node& neuron, const OpSchema& schema, std::int64_t channels) {
  Signal spikes{Kind::spikes, {}, {}};
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t most =
        schema.emits_counts ? neuron.integer("max_spikes", 0) : schema.largest_event(neuron);
    spikes.units.push_back(schema.height_of(neuron, c));
    spikes.bounds.push_back({schema.is_graded ? -most : 0, most});
  }
  return spikes;
}

double largest_potential(const Node& neuron, const OpSchema& schema, std::int64_t channel) {
  double largest = 0.0;
  for (const TensorSpec& spec : schema.tensors) {
    const Tensor* tensor = neuron.tensor(spec.name);
    if (spec.potential == Potential::none || tensor == nullptr) continue;
    largest = std::max(largest, std::abs(tensor->of_channel(channel)));
  }
  for (const AttributeSpec& spec : schema.attributes) {
    if (spec.potential != Potential::none) largest = std::max(largest, std::abs(neuron.real(spec.name, 0.0)));
  }
  return largest;
}

bool shares_a_unit(const Node& neuron, const OpSchema& schema) {
  return std::any_of(schema.attributes.begin(), schema.attributes.end(), [&](const AttributeSpec& spec) {
    return spec.potential != Potential::none && neuron.real(spec.name, 0.0) != 0.0;
  });
}

bool rests_below_threshold(const Node& neuron, const OpSchema& schema, std::int64_t channel) {
  // Graded neurons fire from half of their smallest event on.
  const double v_threshold = schema.is_graded ? schema.height_of(neuron, channel) / 2
                                              : schema.threshold_of(neuron).of_channel(channel);
  const auto is_below = [&](const auto& spec, double potential) {
    return spec.potential != Potential::rest || potential < v_threshold;
  };
  return std::all_of(schema.tensors.begin(), schema.tensors.end(),
                     [&](const TensorSpec& spec) {
                       const Tensor* tensor = neuron.tensor(spec.name);
                       return tensor == nullptr || is_below(spec, tensor->of_channel(channel));
                     }) &&
         std::all_of(schema.attributes.begin(), schema.attributes.end(), [&](const AttributeSpec& spec) {
           return spec.potential == Potential::none || is_below(spec, neuron.real(spec.name, 0.0));
         });
}

std::int64_t granule(const Node& neuron, const OpSchema& schema) {
  return schema.granule ? schema.granule(neuron) : 1;
}

// Of a threshold in units of the current.
static double least_threshold(std::int64_t granule) { return std::max(2.0, static_cast<double>(granule)); }

static std::int32_t rounded_threshold(double steps, std::int64_t granule) {
  const auto size = static_cast<double>(granule);
  return rounded(std::max(least_threshold(granule), std::round(steps / size) * size));
}

bool raise_threshold(Node& neuron, const OpSchema& schema, const std::vector<double>& units) {
  const double least = least_threshold(granule(neuron, schema));
  const Tensor* const cap = neuron.tensor("cap");
  std::vector<float> thresholds, caps;
  bool raised = false;
  for (std::size_t c = 0; c < units.size(); ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    const double threshold = schema.threshold_of(neuron).of_channel(channel);
    const bool low = threshold < least * units[c] * (1 - 1e-6);
    raised |= low;
    thresholds.push_back(static_cast<float>(low ? least * units[c] : threshold));
    if (cap != nullptr)
      caps.push_back(std::max(
          1.0F, std::round(static_cast<float>(cap->of_channel(channel) * threshold / thresholds.back()))));
  }
  if (!raised) return false;
  const Shape shape{static_cast<std::int64_t>(units.size())};
  neuron.tensors[schema.spike_height] = Tensor(shape, std::move(thresholds));
  if (cap != nullptr) neuron.tensors["cap"] = Tensor(shape, std::move(caps));
  return true;
}

Node rounded_neuron(const Node& real, const OpSchema& schema, const std::vector<double>& units) {
  Node node = real;
  for (const TensorSpec& spec : schema.tensors) {
    const Tensor* tensor = real.tensor(spec.name);
    if (spec.name == schema.spike_height && spec.potential == Potential::none)
      node.tensors[spec.name] =
          Tensor({1}, std::vector<std::int32_t>{1});  // a spike counts as 1, whatever it is worth
    if (spec.potential == Potential::none || tensor == nullptr) continue;
    node.tensors[spec.name] = per_channel(units.size(), [&](std::size_t c) {
      const double steps = tensor->of_channel(static_cast<std::int64_t>(c)) / units[c];
      return spec.potential == Potential::threshold ? rounded_threshold(steps, granule(real, schema))
                                                    : rounded(steps);
    });
  }
  for (const AttributeSpec& spec : schema.attributes) {
    if (spec.potential != Potential::none && real.attributes.contains(spec.name))
      node.attributes[spec.name] = static_cast<double>(rounded(real.real(spec.name, 0.0) / units[0]));
  }
  if (schema.make_fixed) schema.make_fixed(node);
  return node;
}

}  // namespace rheobase::fixed
