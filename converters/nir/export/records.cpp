#include "converters/nir/export/records.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

namespace rheobase::nir {
namespace {

using Positions = std::vector<std::int64_t>;

constexpr const char* no_bias = "none";

std::string record_prefix(int number) { return number == 1 ? "" : fmt::format("{}.", number); }

// Weights and biases, which NIR has as they are.
bool is_parameter(const OpSchema& schema, const std::string& tensor) {
  return schema.is_synapse() && (tensor == "weight" || tensor == "bias");
}

template <class T>
const T* find(const Own& own, const std::string& key) {
  const auto found = own.find(key);
  return found == own.end() ? nullptr : std::get_if<T>(&found->second);
}

std::vector<float> floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

struct Record {
  Node node;
  Positions inputs;
};

class RecordReader {
 public:
  RecordReader(const SchemaSet& schemas, Faults& faults) : schemas_(schemas), faults_(faults) {}

  void read(const NirNode& host, const NirGraph& file) {
    for (int number = 1; host.own.contains(record_prefix(number) + "op"); ++number)
      read(host, record_prefix(number), file);
  }

  Graph graph() {
    Graph graph;
    std::map<std::int64_t, std::string> names;
    for (const auto& [position, record] : records_) names[position] = record.node.name;
    for (auto& [position, record] : records_) {
      if (position != static_cast<std::int64_t>(graph.nodes.size())) {
        faults_.push_back({"rheobase.position", fmt::format("no node has position {}", graph.nodes.size())});
        return {};
      }
      for (const std::int64_t input : record.inputs) {
        const auto found = names.find(input);
        if (found == names.end())
          faults_.push_back({record.node.name, fmt::format("reads position {}, which is not there", input)});
        else
          record.node.inputs.push_back(found->second);
      }
      graph.nodes.push_back(std::move(record.node));
    }
    return graph;
  }

 private:
  void fault(const NirNode& host, const std::string& key, const std::string& what) {
    faults_.push_back({host.name, fmt::format("attribute {}{} {}", own_prefix, key, what)});
  }

  template <class T>
  const T* expect(const NirNode& host, const std::string& key) {
    const T* value = find<T>(host.own, key);
    if (value == nullptr) fault(host, key, "is missing or of another type");
    return value;
  }

  void read(const NirNode& host, const std::string& prefix, const NirGraph& file) {
    const auto* op = expect<std::string>(host, prefix + "op");
    const auto* name = expect<std::string>(host, prefix + "name");
    const auto* position = expect<std::int64_t>(host, prefix + "position");
    const auto* inputs = expect<Positions>(host, prefix + "inputs");
    if (op == nullptr || name == nullptr || position == nullptr || inputs == nullptr) return;
    const OpSchema* schema = schemas_.find(*op);
    if (schema == nullptr) return fault(host, prefix + "op", fmt::format("is '{}', an unknown op", *op));
    Record record{{*name, *op, {}, {}, {}}, *inputs};
    read_attributes(host.own, prefix, *schema, record.node);
    read_tensors(host, prefix, file, *schema, record.node);
    if (!records_.emplace(*position, std::move(record)).second)
      fault(host, prefix + "position", fmt::format("is {}, as that of another node is", *position));
  }

  // Of whatever type they are: validation knows which they should have.
  static void read_attributes(const Own& own, const std::string& prefix, const OpSchema& schema, Node& node) {
    for (const AttributeSpec& spec : schema.attributes) {
      const auto found = own.find(prefix + spec.name);
      if (found == own.end()) continue;
      std::visit(
          [&](const auto& value) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(value)>, std::vector<double>>)
              node.attributes[spec.name] = value;
          },
          found->second);
    }
  }

  void read_tensors(const NirNode& host, const std::string& prefix, const NirGraph& file,
                    const OpSchema& schema, Node& node) {
    for (const TensorSpec& spec : schema.tensors) {
      if (is_parameter(schema, spec.name)) {
        read_parameter(host, prefix, file, spec.name, node);
      } else if (const auto* values = find<std::vector<double>>(host.own, prefix + spec.name)) {
        node.tensors[spec.name] = {{static_cast<std::int64_t>(values->size())}, floats(*values)};
      }
    }
  }

  static void read_parameter(const NirNode& host, const std::string& prefix, const NirGraph& file,
                             const std::string& name, Node& node) {
    const Value* value = host.find(name);
    const auto kept = file.weights.find(host.name);
    if (kept != file.weights.end() && name == "weight") value = &kept->second;
    if (value == nullptr || host.own.contains(prefix + name)) return;
    if (const auto* values = std::get_if<std::vector<double>>(&value->values))
      node.tensors[name] = {value->shape, floats(*values)};
  }

  const SchemaSet& schemas_;
  Faults& faults_;
  std::map<std::int64_t, Record> records_;  // by position
};

}  // namespace

void put_record(Own& own, const Node& node, const OpSchema& schema, std::int64_t position, Positions inputs) {
  int number = 1;
  while (own.contains(record_prefix(number) + "op")) ++number;
  const std::string prefix = record_prefix(number);
  own[prefix + "op"] = node.op;
  own[prefix + "name"] = node.name;
  own[prefix + "position"] = position;
  own[prefix + "inputs"] = std::move(inputs);
  for (const auto& [key, value] : node.attributes)
    std::visit([&, &key = key](const auto& v) { own[prefix + key] = v; }, value);
  for (const auto& [key, tensor] : node.tensors) {
    if (is_parameter(schema, key)) continue;
    std::vector<double> values;
    tensor.for_each([&](double value) { values.push_back(value); });
    own[prefix + key] = std::move(values);
  }
  if (schema.is_synapse() && node.tensor("bias") == nullptr) own[prefix + "bias"] = std::string(no_bias);
}

Graph graph_of_records(const NirGraph& file, const SchemaSet& schemas, Faults& faults) {
  RecordReader reader(schemas, faults);
  for (const NirNode& node : file.nodes) reader.read(node, file);
  if (!faults.empty()) return {};
  return reader.graph();
}

}  // namespace rheobase::nir
