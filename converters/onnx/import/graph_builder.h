#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "converters/onnx/activation/elementwise.h"
#include "converters/onnx/fold/constant.h"
#include "converters/onnx/import/input_form.h"
#include "converters/onnx/import/layout.h"
#include "sim/graph/op_schema.h"

namespace onnx {
class TensorProto;
}

namespace rheobase::onnx_import {

/// real = scale * (integer - zero_point)
struct Quantum {
  double scale = 1;
  double zero_point = 0;

  bool operator==(const Quantum&) const = default;
};

/// A value that depends on the input: what `node` computes, after the steps of `chain`, seen with the ONNX
/// extents `dims`, its elements in the order of `layout`. Reshapes only change `dims` and transposes only
/// `layout`; a Flatten node is made when someone needs the vector.
struct Activation {
  std::string node;  ///< of the graph being built
  Shape node_shape;  ///< without the batch
  Shape dims;        ///< with the batch in front
  Chain chain;       ///< elementwise steps that are not nodes yet
  std::string view;  ///< the ONNX node that gave it `dims`; empty where the graph's node did
  Layout layout;
  std::optional<Quantum> quantum{};  ///< what a dropped QuantizeLinear took its steps from

  /// Which of `dims` is the node's channels and nothing else; nothing where none is.
  std::optional<std::size_t> channel_axis() const;
  /// One number for each index of channel_axis(), in the order of the node's channels.
  Reals in_channel_order(const Reals& values) const;
  /// Which axes of the node each of `dims` joins, from 1 on; NodeFault where they do not fit.
  std::vector<Integers> node_axes() const;
};

/// A value behind a fault: whoever needs it is skipped, since the fault has been reported.
struct Unavailable {};

/// What an ONNX value name stands for. Initialisers stay in the file's message until they are used.
using Value = std::variant<Unavailable, const ::onnx::TensorProto*, ConstantPtr, Activation>;

/// The graph that grows while ONNX nodes are visited, and what each ONNX value name stands for in it.
class GraphBuilder {
 public:
  /// `folder` holds the model; `uses` counts the readers of each value.
  GraphBuilder(std::string folder, std::map<std::string, int> uses);

  std::int64_t batch() const { return batch_; }
  /// The value of the softmax at the end; empty where there is none.
  const std::string& final_softmax() const { return final_softmax_; }
  void set_final_softmax(std::string value) { final_softmax_ = std::move(value); }
  const std::string& folder() const { return folder_; }

  /// Makes the Input node for ONNX extents with the batch in front: K, or C x H x W with height 1 where there
  /// is none.
  void add_input(const std::string& name, const Shape& dims, InputForm form);
  /// Makes the Output node `name` that reads `value`.
  void add_output(const std::string& name, const std::string& value);
  /// A name that no node has yet, made from `label`.
  std::string reserve_name(const std::string& label);
  void define(const std::string& value, Value what) { values_.insert_or_assign(value, std::move(what)); }
  /// nullptr for a value that nothing produces.
  const Value* find(const std::string& value) const;

  /// NodeFault when the value depends on the input.
  ConstantPtr constant(const std::string& value);
  /// NodeFault when the value is a constant.
  const Activation& activation(const std::string& value) const;
  /// The activation with its chain turned into nodes.
  Activation settled(const std::string& value);
  /// Settled, and of ONNX rank 4 with the node's own shape and order, or of rank 3 where the height is 1.
  Activation image(const std::string& value);
  /// Settled, and of ONNX rank 2 with a node of rank 1; its elements may be in another order.
  Activation vector(const std::string& value);
  /// The same in the node's order; NodeFault where it is another.
  Activation plain_vector(const std::string& value);
  /// Settled; a vector where the ONNX rank is 2.
  Activation sample(const std::string& value);
  /// The activation to append an elementwise step to: settled where that costs no extra node and the value
  /// has several readers, so that they share it.
  Activation chain_start(const std::string& value);

  /// Adds the node under a unique name made from `label` and infers its shape; NodeFault when it is unsound.
  Activation emit(const std::string& label, Node node);

  /// Whether nothing that the value can be is below 0: it comes from ReLU or QCFS, or is the network's input.
  bool is_never_negative(const Activation& activation) const;

  const Faults& faults() const { return faults_; }
  void add_fault(std::string where, std::string what) {
    faults_.push_back({std::move(where), std::move(what)});
  }
  const Notes& notes() const { return notes_; }
  /// For the user to know: what is imported differently from the file's letter.
  void add_note(std::string where, std::string what) {
    notes_.push_back({std::move(where), std::move(what)});
  }
  /// The same, once a file: `where` is the first place.
  void add_note_once(const std::string& where, const std::string& what);
  /// Sign nodes that are 0 at 0 in the file, where the graph's are +1.
  const std::vector<std::string>& signs() const { return signs_; }
  /// The graph without the nodes that the output does not depend on.
  Graph take_graph();

 private:
  Activation emit_forms(Activation activation);

  std::string folder_;
  std::map<std::string, int> uses_;
  SchemaSet schemas_;
  std::int64_t batch_ = 1;
  std::string final_softmax_;
  Graph graph_;
  std::map<std::string, Shape> node_shapes_;
  std::map<std::string, int> names_;  ///< and how often each was asked for
  std::map<std::string, Value> values_;
  std::map<std::string, std::string> flattened_;  ///< node -> the Flatten node behind it
  Faults faults_;
  Notes notes_;
  std::vector<std::string> signs_;
};

}  // namespace rheobase::onnx_import
