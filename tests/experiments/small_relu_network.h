#pragma once

#include <utility>

#include "neurons/relu.h"
#include "tests/support/build_graph.h"

namespace rheobase::test {

/// Of images 2x6x6: two convolutions with ReLUs `first` and `second`, a ReLU6, and a linear layer.
inline Graph small_relu_network() {
  testing::GraphBuilder b(9);
  b.input({2, 6, 6});
  b.add(ReluParameters{}.node("first", b.conv2d("input", {.outputs = 5, .inputs = 2})));
  b.add(ReluParameters{6.0F}.node("second", b.conv2d("first", {.outputs = 4, .inputs = 5})));
  b.output(b.linear(b.op("Flatten", {"second"}), 144, 3));
  return std::move(b.graph);
}

}  // namespace rheobase::test
