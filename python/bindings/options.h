#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/engine/engine.h"

namespace rheobase::python {

/// What Engine() and run() take alike.
struct EngineArguments {
  std::optional<std::int64_t> slots;  ///< none: 32, but no more than fit into 512 MiB
  std::int64_t threads = 0;           ///< 0: one per CPU that the process may run on
  std::string device = "cpu";
  std::string coding = "direct";
  std::int64_t lookahead = 1;
  std::uint64_t seed = 0;
  bool hash = false;
};

/// Throws InputError naming the argument that cannot be used.
EngineOptions options_of(const EngineArguments& arguments);

}  // namespace rheobase::python
