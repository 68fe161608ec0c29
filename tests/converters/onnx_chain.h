#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/converters/onnx_model.h"

namespace rheobase::test {

/// A chain of ops on a 1 x 2 x 3 x 3 image; constants are named by their values.
class Chain {
 public:
  explicit Chain(Ints dims = {-1, 2, 3, 3}) : model_(std::move(dims)) {}

  Chain& binary(const std::string& op, float constant) { return binary(op, Ints{}, {constant}); }
  Chain& binary(const std::string& op, const Ints& dims, const Floats& values) {
    const std::string name = "c" + std::to_string(steps_);
    model_.reals(name, dims, values);
    return step(op, {value_, name});
  }
  Chain& reversed(const std::string& op, float constant) {
    const std::string name = "c" + std::to_string(steps_);
    model_.real(name, constant);
    return step(op, {name, value_});
  }
  Chain& clip(float low, float high) {
    const std::string name = "c" + std::to_string(steps_);
    model_.real(name + "low", low).real(name + "high", high);
    return step("Clip", {value_, name + "low", name + "high"});
  }
  Chain& unary(const std::string& op) { return step(op, {value_}); }
  Chain& cast(int type) {
    unary("Cast");
    auto& attribute = *model_.proto().mutable_graph()->mutable_node()->rbegin()->add_attribute();
    attribute.set_name("to");
    attribute.set_type(::onnx::AttributeProto::INT);
    attribute.set_i(type);
    return *this;
  }
  /// Selects by the value so far.
  Chain& where(const Floats& if_true, const Floats& if_false, const Ints& dims = {}) {
    const std::string name = "c" + std::to_string(steps_);
    model_.reals(name + "yes", dims, if_true).reals(name + "no", dims, if_false);
    return step("Where", {value_, name + "yes", name + "no"});
  }

  /// The name of the value so far, for nodes added to model().
  const std::string& value() const { return value_; }
  OnnxModel& model() { return model_; }
  /// Goes on from another value.
  Chain& at(const std::string& value) {
    value_ = value;
    return *this;
  }

  Graph import() { return finished().import(); }
  std::vector<std::string> faults() { return finished().faults(); }

 private:
  Chain& step(const std::string& op, const Names& inputs) {
    const std::string output = "v" + std::to_string(++steps_);
    model_.node(op, inputs, output, "/act/" + op + std::to_string(steps_));
    value_ = output;
    return *this;
  }
  OnnxModel& finished() {
    model_.node("Flatten", {value_}, "y", "/flatten");
    return model_;
  }

  OnnxModel model_;
  std::string value_ = "x";
  int steps_ = 0;
};

}  // namespace rheobase::test
