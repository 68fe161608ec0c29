#pragma once

#include <cstdint>
#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// Quantisation clip-floor-shift activation (Bu et al., ICLR 2022):
///   a = lambda * clip(floor(z * L / lambda + 1/2) / L, 0, 1)
struct QcfsParameters {
  Tensor lambda = scalar_tensor(1.0F);  ///< largest activation, one number or one per channel; more than 0
  std::int64_t levels = 4;              ///< L, the number of levels above zero; 1 or more

  static QcfsParameters of(const Node& node);
  /// A node of op `QCFS` with these parameters.
  Node node(std::string name, std::string input) const;
};

OpSchema qcfs_schema();

}  // namespace rheobase
