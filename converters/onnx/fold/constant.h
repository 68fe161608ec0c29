#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "sim/graph/graph.h"

namespace rheobase::onnx_import {

/// Why one ONNX node or tensor cannot be imported. The driver catches it and adds which node it was.
class NodeFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Integers = std::vector<std::int64_t>;
using Reals = std::vector<double>;

/// A value known while the file is read, in row-major order. Floating point of any width is held as double,
/// so that folding adds no rounding of its own; integers and booleans of any width as int64.
struct Constant {
  Shape shape;
  std::variant<Reals, Integers> data;
  int type = 0;  ///< ONNX's element type where the file says one, 0 where it was computed

  bool is_real() const { return std::holds_alternative<Reals>(data); }
  std::int64_t size() const;
};
using ConstantPtr = std::shared_ptr<const Constant>;

Constant integer_list(Integers values);

/// The values as integers; NodeFault naming `what` when they are real.
const Integers& integers_of(const Constant& constant, const std::string& what);
/// The values as reals, integers converted.
Reals reals_of(const Constant& constant);
/// float32, each value rounded once; NodeFault naming `what` on a value that is not finite in float32.
Tensor to_tensor(const Constant& constant, const std::string& what);
std::vector<float> to_floats(const Reals& values, const std::string& what);

/// How many values folding may still produce: bounds time and memory by the size of the file, whatever
/// shapes it asks for.
class FoldBudget {
 public:
  explicit FoldBudget(std::int64_t values) : left_(values) {}
  /// The number of values of `shape`, taken off the budget; NodeFault when there are not as many left.
  std::int64_t take(const Shape& shape);

 private:
  std::int64_t left_;
};

}  // namespace rheobase::onnx_import
