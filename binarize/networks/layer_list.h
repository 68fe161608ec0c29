#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binarize/networks/networks.h"
#include "sim/graph/graph.h"

namespace rheobase {

/// One layer of a network that is described rather than named. Sizes of its tensors follow from what it
/// reads.
struct LayerSpec {
  /// Name (empty: the op and its number), one of layer_ops(), inputs (empty: the layer before; `input` is
  /// the image) and attributes, as they will stand in the graph. No tensors.
  Node node;
  std::optional<std::int64_t> outputs{};  ///< channels or features; as many as the data's classes if absent
  std::int64_t kernel = 3;                ///< of Conv2d, square
  bool global = false;                    ///< pools: one window, the whole image
  bool bias = false;                      ///< Conv2d and Linear, not of binary weights
  std::optional<std::int64_t> levels{};   ///< L of QCFS; NetworkSpec's if absent
  std::optional<double> lambda{};         ///< of QCFS, at the start; NetworkSpec's if absent
  double slope = 0.25;                    ///< of PReLU, at the start
};

/// What a layer may be: the ops of training_schemas() that a described network has a use for.
const std::vector<std::string>& layer_ops();

/// The training graph of these layers between an Input and an Output; `spec.name` names it in errors. Weights
/// are normal with Kaiming's deviation by fan-in. Throws InputError naming the layer that does not fit.
Graph make_network(const NetworkSpec& spec, const std::vector<LayerSpec>& layers);

}  // namespace rheobase
