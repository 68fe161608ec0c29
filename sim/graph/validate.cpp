#include "sim/graph/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/graph/arithmetic.h"

namespace rheobase {
namespace {

// Values a sample may have in one signal.
constexpr std::int64_t max_signal_size = std::int64_t{1} << 31;

const char* type_name(const Attribute& value) {
  constexpr const char* names[] = {"an integer", "a real", "a word", "a list of integers"};
  return names[value.index()];
}

void check_attributes(const Node& node, const OpSchema& schema, Faults& faults) {
  for (const auto& [key, value] : node.attributes) {
    const auto spec = std::find_if(schema.attributes.begin(), schema.attributes.end(),
                                   [&, &key = key](const AttributeSpec& s) { return s.name == key; });
    if (spec == schema.attributes.end()) {
      faults.push_back({node.name, fmt::format("{} has no attribute '{}'", node.op, key)});
    } else if (spec->example.index() != value.index()) {
      faults.push_back({node.name, fmt::format("attribute '{}' is {}, expected {}", key, type_name(value),
                                               type_name(spec->example))});
    }
  }
  for (const AttributeSpec& spec : schema.attributes) {
    if (spec.required && !node.attributes.contains(spec.name)) {
      faults.push_back({node.name, fmt::format("attribute '{}' is missing", spec.name)});
    }
  }
}

void check_tensor(const Node& node, const std::string& key, const Tensor& tensor, Faults& faults) {
  const auto count = element_count(tensor.shape);
  if (count != static_cast<std::int64_t>(tensor.size())) {
    faults.push_back({node.name, fmt::format("tensor '{}' of shape {} has {} values", key,
                                             to_string(tensor.shape), tensor.size())});
  }
  if (tensor.type() != ValueType::float32) return;
  const std::vector<float>& values = tensor.reals();
  const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
  if (bad != values.end()) {
    faults.push_back({node.name, fmt::format("tensor '{}' has the value {} at index {}", key, *bad,
                                             bad - values.begin())});
  }
}

void check_tensors(const Node& node, const OpSchema& schema, Faults& faults) {
  for (const auto& [key, tensor] : node.tensors) {
    const bool known = std::any_of(schema.tensors.begin(), schema.tensors.end(),
                                   [&, &key = key](const TensorSpec& s) { return s.name == key; });
    if (known) {
      check_tensor(node, key, tensor, faults);
    } else {
      faults.push_back({node.name, fmt::format("{} has no tensor '{}'", node.op, key)});
    }
  }
  for (const TensorSpec& spec : schema.tensors) {
    if (spec.required && !node.tensors.contains(spec.name)) {
      faults.push_back({node.name, fmt::format("tensor '{}' is missing", spec.name)});
    }
  }
}

void check_arity(const Node& node, const OpSchema& schema, Faults& faults) {
  if (node.inputs.size() < schema.min_inputs || node.inputs.size() > schema.max_inputs) {
    faults.push_back({node.name, fmt::format("{} takes {}{} inputs, got {}", node.op, schema.min_inputs,
                                             schema.max_inputs > schema.min_inputs ? " or more" : "",
                                             node.inputs.size())});
  }
}

void check_names(const Graph& graph, Faults& faults) {
  std::set<std::string> names;
  std::set<std::string> used;
  for (const Node& node : graph.nodes) {
    if (node.name.empty()) faults.push_back({node.op, "a node without a name"});
    if (!names.insert(node.name).second) faults.push_back({node.name, "two nodes have this name"});
    used.insert(node.inputs.begin(), node.inputs.end());
  }
  for (const Node& node : graph.nodes) {
    for (const std::string& input : node.inputs) {
      if (!names.contains(input)) faults.push_back({node.name, fmt::format("unknown input '{}'", input)});
    }
    if (node.op != "Output" && !used.contains(node.name)) {
      faults.push_back({node.name, "nothing uses this node"});
    }
  }
  for (const char* op : {"Input", "Output"}) {
    const auto count =
        std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.op == op; });
    if (count != 1)
      faults.push_back({op, fmt::format("a graph has one {} node, this one has {}", op, count)});
  }
}

// Faults of one node by itself; true when infer() may be asked.
bool check_node(const Node& node, const SchemaSet& schemas, Faults& faults) {
  const OpSchema* schema = schemas.find(node.op);
  if (schema == nullptr) {
    faults.push_back(
        {node.name, fmt::format("unknown op '{}' (known: {})", node.op, fmt::join(schemas.names(), " "))});
    return false;
  }
  const std::size_t before = faults.size();
  check_arity(node, *schema, faults);
  check_attributes(node, *schema, faults);
  check_tensors(node, *schema, faults);
  return faults.size() == before;
}

// A few windows or joins of a hostile file describe signals that no machine holds; bytes computed from them
// would wrap.
bool expect_sane_size(const Node& node, const Shape& shape, Faults& faults) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent <= 0 || count > max_signal_size / extent) {
      faults.push_back({node.name, fmt::format("output {} has more than 2^31 values", to_string(shape))});
      return false;
    }
    count *= extent;
  }
  return true;
}

// Shapes of the node's inputs, or nothing when one of them is not sound. A Delay says itself what it reads.
std::optional<std::vector<Shape>> input_shapes(const Node& node, const ShapeMap& shapes) {
  std::vector<Shape> inputs;
  if (node.op == delay_op) return inputs;
  for (const std::string& input : node.inputs) {
    const auto found = shapes.find(input);
    if (found == shapes.end()) return std::nullopt;
    inputs.push_back(found->second);
  }
  return inputs;
}

// What a Delay reads has its shape and is what a spiking neuron emits.
void check_delays(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes, Faults& faults) {
  for (const Node& node : graph.nodes) {
    if (node.op != delay_op || node.inputs.size() != 1) continue;
    const Node* source = graph.find(node.inputs[0]);
    if (source == nullptr) continue;  // said before
    const OpSchema* schema = schemas.find(source->op);
    if (schema != nullptr && !schema->is_spiking())
      faults.push_back({node.name, fmt::format("reads '{}', and only the spikes of neurons can be delayed",
                                               source->name)});
    const auto own = shapes.find(node.name), read = shapes.find(source->name);
    if (own != shapes.end() && read != shapes.end() && own->second != read->second)
      faults.push_back(
          {node.name, fmt::format("has the shape {}, and '{}', which it reads, {}", to_string(own->second),
                                  source->name, to_string(read->second))});
  }
}

}  // namespace

Validation validate(const Graph& graph, const SchemaSet& schemas) {
  Validation result;
  check_names(graph, result.faults);
  // By index: a name may be there twice.
  std::vector<bool> sound;
  for (const Node& node : graph.nodes) sound.push_back(check_node(node, schemas, result.faults));
  check_arithmetic(graph, schemas, result.faults);
  const std::vector<int> order = topological_order(graph);
  for (const int index : order) {
    const Node& node = graph.nodes[index];
    const auto inputs = input_shapes(node, result.shapes);
    if (!inputs || !sound[index]) continue;
    const auto shape = schemas.find(node.op)->infer(node, *inputs, result.faults);
    if (shape && expect_sane_size(node, *shape, result.faults)) result.shapes.emplace(node.name, *shape);
  }
  check_delays(graph, schemas, result.shapes, result.faults);
  if (order.size() < graph.nodes.size() && result.faults.empty()) {
    std::set<int> ordered(order.begin(), order.end());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      if (ordered.contains(static_cast<int>(i))) continue;
      result.faults.push_back({graph.nodes[i].name, "this node is part of a cycle or behind one"});
    }
  }
  return result;
}

ShapeMap validate_or_throw(const Graph& graph, const SchemaSet& schemas, const std::string& source) {
  Validation result = validate(graph, schemas);
  throw_if_any(source, result.faults);
  return std::move(result.shapes);
}

}  // namespace rheobase
