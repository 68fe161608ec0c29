#pragma once

#include <string>

#include "sim/graph/op_schema.h"

namespace rheobase {

/// A node of op `Sign`, the activation of binary networks: +1 for z >= 0, -1 below.
Node sign_node(std::string name, std::string input);

OpSchema sign_schema();

}  // namespace rheobase
