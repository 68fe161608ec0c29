#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// Neurons whose events have a sign and a size: +-theta / 2^k, k < levels. They take back what they said too
/// much, so that a decoded activation converges where a binary neuron's goes astray.
///   signed_if    op `SignedIF`: one level, fires half way to it; the potential is counted from the middle of
///                +-theta / 2, where the literature's starts at theta / 2
///   mtif         op `MTIF`: multi-threshold, rate form (Huang et al., ICML 2025): the sum of t steps
///   approaches t times
///                the activation of the current's mean
///   sigma_delta  op `SigmaDelta`: the sum approaches the activation of the current's sum and stays (O'Connor
///                and Welling, ICLR 2017): for networks whose image enters once
enum class MultiThreshold { signed_if, mtif, sigma_delta };
const char* to_string(MultiThreshold kind);

inline constexpr std::int64_t most_levels = 8;
inline constexpr std::int64_t largest_cap = 1 << 20;

/// Parameters of one such node; tensors hold one number or one per channel, potentials in the unit of the
/// input current.
struct MultiThresholdParameters {
  MultiThreshold kind = MultiThreshold::sigma_delta;
  std::int64_t levels = 1;                   ///< 1 to most_levels; 1 for SignedIF
  Tensor v_threshold = scalar_tensor(1.0F);  ///< theta, the largest event; more than 0
  Tensor v_init = scalar_tensor(0.0F);       ///< potential at t = 0
  /// Of SigmaDelta: the largest net output in units of the smallest event, theta / 2^(levels - 1), for ReLU6
  /// and QCFS; 1 to largest_cap, whole. A rate never exceeds theta.
  std::optional<Tensor> cap{};

  static MultiThresholdParameters of(const Node& node);
  /// A node of op to_string(kind) with these parameters.
  Node node(std::string name, std::string input) const;

  std::int64_t largest_event() const { return std::int64_t{1} << (levels - 1); }
  /// In fixed arithmetic thresholds are multiples of this, so that every level is whole.
  std::int64_t granule() const { return largest_event(); }
};

OpSchema multi_threshold_schema(MultiThreshold kind);

}  // namespace rheobase
