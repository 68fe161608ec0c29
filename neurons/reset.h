#pragma once

namespace rheobase {

/// What happens to the potential when the neuron fires.
enum class Reset {
  subtract,  ///< v -= v_threshold ("soft")
  zero,      ///< v = v_reset ("hard")
  none       ///< nothing
};

}  // namespace rheobase
