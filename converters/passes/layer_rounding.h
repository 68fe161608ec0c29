#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/error.h"

namespace rheobase {

/// What rounding to 8-bit weights does to one output channel of a Conv2d or Linear
/// (docs/reference/arithmetic.md, "What rounding can do").
struct ChannelRounding {
  std::int64_t channel = 0;
  double threshold_steps = 0.0;  ///< real v_threshold / s, the integer steps to a spike; 0: no neuron behind
  double error = 0.0;            ///< E: of the current per step, in thresholds; 0 without a neuron
  double vanished = 0.0;         ///< share of the weights that round to 0
  std::int64_t largest_input = 0;  ///< channel that the largest weight reads
  double largest = 0.0;  ///< what that weight makes of its input, at most, in thresholds; 0 without a neuron

  bool is_coarse() const;  ///< may cost accuracy
  bool is_lost() const;    ///< is noise
};

/// Of one node; channels whose weights are all 0 are left out.
struct LayerRounding {
  std::string node;
  std::string input;  ///< the node it reads
  std::vector<ChannelRounding> channels;

  /// More than half of its channels are lost.
  bool is_ruined() const;
};

/// The layers that are ruined, and the way out; `measurable`: samples can tell what rounding does.
std::vector<Fault> ruined_layers(const std::vector<LayerRounding>& layers, bool measurable = true);
/// The layers that have coarse channels: how many, and the worst of them in numbers.
Notes rounding_notes(const std::vector<LayerRounding>& layers, bool measurable = true);

}  // namespace rheobase
