#include "converters/passes/fixed_units.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "converters/passes/fixed_neurons.h"
#include "converters/passes/fixed_rounding.h"
#include "sim/graph/arithmetic.h"

namespace rheobase::fixed {
namespace {

// Thresholds, biases behind their shift, and what Affine nodes and wide synapses add to a current: above the
// precision of 8-bit weights, and 2^11 steps below int32.
constexpr double max_current = 1 << 20;
// Biases before their shift: the rest of int32 is for the sum of weights.
constexpr double max_bias = 1 << 24;
// An Affine of a wide signal has an integer scale that must not be coarse.
constexpr double max_wide_affine = 1 << 22;
constexpr std::int64_t max_sum = std::numeric_limits<std::int32_t>::max();
constexpr int max_shift = 30;

}  // namespace

void UnitChooser::choose(const Current& current) {
  bound_counts();
  measure(current);
  do {
    choose_units(current);
    round(current);
  } while (ease(current));
}

// How often neurons fire that fire several times a step, where their currents let them do so less than
// max_spikes does, and what carries that: as far as the currents are known by now.
void UnitChooser::bound_counts() {
  for (const int index : topological_order(network_.graph)) {
    const Node& node = network_.graph.nodes[index];
    const OpSchema& schema = network_.schema(node);
    const auto found = signals_.find(node.name);
    if (schema.emits_counts && proved_.contains(node.inputs[0])) {
      const Node rounded = rounded_neuron(node, schema, signals_.at(node.inputs[0]).units);
      auto& bounds = found->second.bounds;
      for (std::size_t c = 0; c < bounds.size(); ++c)
        bounds[c].high =
            schema.most_events(rounded, static_cast<std::int64_t>(c), proved_.at(node.inputs[0]).high);
    }
    const bool carries = schema.carries() && node.op != delay_op;
    if (carries && found != signals_.end() && found->second.kind != Kind::current)
      found->second = carried(node, network_, signals_);
  }
}

// A neuron that emits its potential.
std::vector<Bounds> UnitChooser::potential_bounds(const Node& node, const std::vector<double>& units) const {
  const OpSchema& schema = network_.schema(node);
  const Node rounded = rounded_neuron(node, schema, units);
  std::vector<Bounds> result;
  for (std::size_t c = 0; c < units.size(); ++c) {
    const auto reach =
        schema.reach(rounded, static_cast<std::int64_t>(c), proved_.at(node.inputs[0]).magnitude());
    if (!reach) throw InternalError(node.name + " has no bound");
    result.push_back({-*reach, *reach});
  }
  return result;
}

std::size_t UnitChooser::root(const Node& node, std::size_t channel) const {
  return currents_.ties.root(currents_.cell(node.name, channel));
}

void UnitChooser::measure(const Current& current) {
  for (const Node* node : current) {
    if (!network_.schema(*node).is_synapse()) continue;
    const WeightRows rows(*node);
    const auto& weights = node->tensors.at("weight").reals();
    const Signal& input = signals_.at(node->inputs[0]);
    std::vector<double>& peaks = peaks_[node->name];
    for (std::int64_t o = 0; o < rows.outputs(); ++o) {
      double peak = 0.0;
      rows.for_weights(o, [&](std::int64_t index, std::int64_t channel) {
        peak = std::max(peak, std::abs(weights[index] * input.units[channel]));
      });
      peaks.push_back(peak);
    }
  }
}

void UnitChooser::choose_units(const Current& current) {
  units_.clear();
  for (const Node* node : current) {
    for (std::int64_t c = 0; c < network_.channels(*node); ++c) {
      const auto floor = floors_.find(root(*node, c));
      units_.emplace(root(*node, c), floor == floors_.end() ? 0.0 : floor->second);
    }
    const Role role = network_.schema(*node).role;
    if (role == Role::synapse) need_synapse(*node);
    if (role == Role::scaling) need_affine(*node);
    need_neurons(*node);
  }
  for (auto& [root, unit] : units_) {
    if (unit == 0.0) unit = 1.0;  // all zeros, for nobody
  }
  fit_thresholds(current);
}

void UnitChooser::need(const Node& node, std::int64_t channel, double unit) {
  const std::size_t cell = currents_.cell(node.name, channel);
  double& least = units_.at(currents_.ties.root(cell));
  least = std::max(least, unit / currents_.ties.ratio(cell));
}

void UnitChooser::need_synapse(const Node& node) {
  const std::vector<double>& peaks = peaks_.at(node.name);
  const Tensor* const bias = node.tensor("bias");
  const double power = std::ldexp(1.0, shifts_[node.name]);
  for (std::size_t c = 0; c < peaks.size(); ++c) {
    need(node, c, peaks[c] * power / max_fixed_weight);
    if (bias != nullptr)
      need(node, c, std::abs(bias->of_channel(c)) * std::max(1 / max_current, power / max_bias));
  }
}

void UnitChooser::need_affine(const Node& node) {
  const Signal& input = signals_.at(node.inputs[0]);
  const double limit = input.wide() ? max_wide_affine : max_current;
  for (std::size_t c = 0; c < input.units.size(); ++c) {
    const double largest = input.units[c] * static_cast<double>(input.bounds[c].magnitude());
    const double scaled = std::abs(node.tensors.at("scale").of_channel(c)) * largest;
    need(node, c, (scaled + std::abs(node.tensors.at("shift").of_channel(c))) / limit);
  }
}

void UnitChooser::need_neurons(const Node& node) {
  for (const Node* reader : readers_.at(node.name)) {
    const OpSchema& schema = network_.schema(*reader);
    if (!schema.is_spiking() && !schema.emits_potential()) continue;
    for (std::int64_t c = 0; c < network_.channels(node); ++c)
      need(node, c, largest_potential(*reader, schema, c) / max_current);
  }
}

// Enlarges units so that thresholds are even integers, or multiples of their granule; where neurons with
// different ones read a current, the smallest.
void UnitChooser::fit_thresholds(const Current& current) {
  struct Fit {
    double threshold;  // in units of the root
    std::int64_t granule = 2;
  };
  std::map<std::size_t, Fit> thresholds;
  for (const Node* node : current) {
    for (const Node* reader : readers_.at(node->name)) {
      const OpSchema& schema = network_.schema(*reader);
      if (!schema.is_spiking()) continue;
      const Tensor& v_threshold = schema.threshold_of(*reader);
      for (std::int64_t c = 0; c < network_.channels(*node); ++c) {
        const std::size_t cell = currents_.cell(node->name, c);
        const double threshold = v_threshold.of_channel(c) / currents_.ties.ratio(cell);
        Fit& fit = thresholds.emplace(currents_.ties.root(cell), Fit{threshold}).first->second;
        fit.threshold = std::min(fit.threshold, threshold);
        fit.granule = std::max(fit.granule, granule(*reader, schema));
      }
    }
  }
  for (const auto& [root, fit] : thresholds) {
    double& unit = units_.at(root);
    const auto granule = static_cast<double>(fit.granule);
    const double parts =
        std::floor(fit.threshold / unit / granule + 1e-9);  // 254 / (2 / 127) may be a bit below
    if (parts >= 1) unit = fit.threshold / (granule * parts);
  }
}

void UnitChooser::round(const Current& current) {
  for (const Node* node : current) {
    Signal output;
    const OpSchema& schema = network_.schema(*node);
    if (schema.carries()) output = carried(*node, network_, signals_);
    output.units.clear();
    for (std::int64_t c = 0; c < network_.channels(*node); ++c) {
      const std::size_t cell = currents_.cell(node->name, c);
      output.units.push_back(units_.at(currents_.ties.root(cell)) * currents_.ties.ratio(cell));
    }
    output.kind = Kind::current;
    if (schema.is_synapse()) round_synapse(*node, output);
    if (schema.emits_potential()) output.bounds = potential_bounds(*node, output.units);
    if (schema.role == Role::scaling) {
      const Signal& input = signals_.at(node->inputs[0]);
      Node& rounded = *result_.find(node->name);
      rounded = rounded_affine(*node, input, output.units);
      output.bounds = affine_bounds(rounded, input);
    }
    if (schema.role == Role::join) {
      output.bounds.resize(output.units.size());
      for (const std::string& input : node->inputs) {
        for (std::size_t c = 0; c < output.bounds.size(); ++c) {
          output.bounds[c].low += signals_.at(input).bounds[c].low;
          output.bounds[c].high += signals_.at(input).bounds[c].high;
        }
      }
    }
    signals_[node->name] = std::move(output);
    proved_[node->name] = bounds_of_all(*node);
  }
}

void UnitChooser::round_synapse(const Node& node, Signal& output) {
  const Signal& input = signals_.at(node.inputs[0]);
  const int shift = shifts_[node.name];
  Node& rounded = *result_.find(node.name);
  rounded = rounded_synapse(node, input, output.units, shift);
  sums_[node.name] = sum_bounds(rounded, input);
  output.bounds.clear();
  for (const Bounds& sum : sums_[node.name]) output.bounds.push_back({sum.low >> shift, sum.high >> shift});
}

bool UnitChooser::is_read_as_int16(const Node& node) const {
  const auto& readers = readers_.at(node.name);
  return std::any_of(readers.begin(), readers.end(),
                     [&](const Node* reader) { return reads_int16(network_.schema(*reader)); });
}

void UnitChooser::enlarge_unit(const Node& node, std::size_t channel, double factor) {
  const std::size_t cell = root(node, channel);
  double& floor = floors_[cell];
  floor = std::max(floor, factor * units_.at(cell));
}

// What the engine proves of a signal has no channels: a join adds the bounds of its inputs' largest, which
// need not be of one channel.
Bounds UnitChooser::bounds_of_all(const Node& node) const {
  Bounds all;
  if (network_.schema(node).role == Role::join) {
    for (const std::string& input : node.inputs) {
      all.low += proved_.at(input).low;
      all.high += proved_.at(input).high;
    }
    return all;
  }
  for (const Bounds& bounds : signals_.at(node.name).bounds) {
    all.low = std::min(all.low, bounds.low);
    all.high = std::max(all.high, bounds.high);
  }
  return all;
}

// Looks for sums that are out of bounds and asks for larger shifts and units; false where there are none.
bool UnitChooser::ease(const Current& current) {
  std::set<std::string> shifted;
  bool eased = false;
  for (const Node* node : current) {
    const Signal& output = signals_.at(node->name);
    const bool wide_synapse = network_.schema(*node).is_synapse() && signals_.at(node->inputs[0]).wide();
    const bool int16 = is_read_as_int16(*node);
    const std::int64_t of_all = proved_.at(node->name).magnitude();
    for (std::size_t c = 0; c < output.bounds.size(); ++c) {
      const std::int64_t magnitude = output.bounds[c].magnitude();
      if (wide_synapse && magnitude > static_cast<std::int64_t>(max_current)) shifted.insert(node->name);
      if (network_.schema(*node).is_synapse() && sums_.at(node->name)[c].magnitude() > max_sum) {
        const auto sum = static_cast<double>(sums_.at(node->name)[c].magnitude());
        enlarge_unit(*node, c, sum / static_cast<double>(max_sum) * (1 + 1e-3));
        eased = true;
      }
      if (network_.schema(*node).emits_potential() && magnitude > max_sum) {
        enlarge_unit(*node, c, static_cast<double>(magnitude) / static_cast<double>(max_sum) * (1 + 1e-3));
        eased = true;
      }
      if (!int16 || std::max(magnitude, of_all) <= max_read) continue;
      enlarge_unit(*node, c, 2.0);
      eased = true;
      for (const Node* member : current) {
        if (network_.schema(*member).is_synapse()) shifted.insert(member->name);
      }
    }
  }
  for (const std::string& name : shifted) {
    int& shift = shifts_[name];
    eased |= shift < max_shift;
    shift = std::min(shift + 1, max_shift);
  }
  return eased;
}

}  // namespace rheobase::fixed
