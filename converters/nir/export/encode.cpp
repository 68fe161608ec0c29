#include "converters/nir/export/encode.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "converters/nir/export/encode_ops.h"
#include "converters/nir/export/height_factor.h"
#include "converters/nir/export/records.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/structural_ops.h"

namespace rheobase::nir {
namespace {

using Names = std::vector<std::string>;

bool all_are(const Tensor& tensor, double wanted) {
  bool result = true;
  tensor.for_each([&](double value) { result = result && value == wanted; });
  return result;
}

// Of a validated node whose op has no counterpart.
std::string no_counterpart(const Node& node, const OpSchema& schema) {
  if (schema.is_graded)
    return fmt::format(
        "is a {}, which emits graded spikes, and NIR's are worth 1: convert with '--method if'", node.op);
  if (schema.binary)
    return fmt::format(
        "is a {}, whose weights are bits, and NIR has reals alone: export the network of "
        "activations to a name that ends in .onnx",
        node.op);
  if (schema.is_neuron() && !schema.is_spiking())
    return fmt::format(
        "is a {}, an activation, and NIR has spiking neurons alone: export to a name that ends "
        "in .onnx",
        node.op);
  return fmt::format("op {} has no counterpart in NIR; what has one: {}", node.op,
                     fmt::join(encoded_ops(), " "));
}

bool is_sound(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

class Encoder {
 public:
  Encoder(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes,
          const EncodeSettings& settings)
      : graph_(graph),
        schemas_(schemas),
        shapes_(shapes),
        dt_(settings.dt),
        numbers_left_(settings.most_numbers) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      positions_[graph.nodes[i].name] = static_cast<std::int64_t>(i);
      for (const std::string& input : graph.nodes[i].inputs) readers_[input].push_back(&graph.nodes[i]);
    }
    result_.version = "1.0";
    result_.own = {{"format", own_format}, {"dt", settings.dt}, {"tool_version", settings.tool_version}};
  }

  NirGraph run(const std::string& source) {
    Faults faults;
    for (const int index : topological_order(graph_)) {
      const Node& node = graph_.nodes[static_cast<std::size_t>(index)];
      try {
        encode(node);
      } catch (const InputError& error) {
        faults.insert(faults.end(), error.faults().begin(), error.faults().end());
        sources_[node.name] = {};
      }
    }
    throw_if_any(source, faults);
    close_cycles(faults);
    throw_if_any(source, faults);
    return std::move(result_);
  }

 private:
  const OpSchema& schema(const Node& node) const { return schemas_.of(node); }

  void encode(const Node& node) {
    if (node.op == delay_op) return encode_delay(node);
    const bool joins = schema(node).role == Role::join;
    if (joins && !is_summand(node)) return meet(node);
    if (summed_pool_of(node) != nullptr || is_summed(node)) return encode_sum_pool(node);
    if (joins || schema(node).is_neuron() || schema(node).role == Role::scaling)
      spend(node.name, shapes_.at(node.name));
    const EncodeCall call{node, shapes_, dt_};
    NirNode encoded = find_encode(node.op)(call);
    const Names from = joins ? met(node) : node.inputs.empty() ? Names{} : sources_.at(node.inputs[0]);
    add(std::move(encoded), node.name, from, {&node});
    if (!schema(node).is_spiking()) return;
    const Tensor& height = node.tensors.at(schema(node).spike_height);
    if (!all_are(height, 1)) factors_[sources_.at(node.name)[0]] = {call.shape(), numbers_of(height)};
  }

  // Adds a NIR node that stands for nodes of ours; the last of them has its value. What it reads and nothing
  // held yet, since it is edges alone, it holds.
  void add(NirNode encoded, const std::string& wanted, const Names& from,
           const std::vector<const Node*>& ours) {
    encoded.name = unused(wanted);
    Names read = from;
    if (from.size() != 1 || !take_factor(encoded, *ours.front(), from[0])) {
      for (std::string& source : read) source = scaled(source);
    }
    for (const Node* node : ours) hold(encoded.own, *node);
    hold_edges(encoded.own, *ours.front());
    for (const std::string& source : read) result_.edges.emplace_back(source, encoded.name);
    sources_[ours.back()->name] = {encoded.name};
    result_.nodes.push_back(std::move(encoded));
  }

  // What spikes are worth goes into the weights of what reads them alone, which then are kept beside, and
  // behind what is linear; false where it cannot.
  bool take_factor(NirNode& encoded, const Node& node, const std::string& source) {
    const auto found = factors_.find(source);
    if (found == factors_.end()) return true;
    const HeightFactor& factor = found->second;
    const OpSchema& op = schema(node);
    if (op.has_real_weights()) {
      Value& weight = encoded.parameters.at("weight");
      Value folded = with_factor(weight, node.integer("groups", 1), factor);
      result_.weights[encoded.name] = std::exchange(weight, std::move(folded));
    } else if (op.role == Role::scaling) {
      encoded.parameters.at("scale") = with_factor(encoded.parameters.at("scale"), factor);
    } else if (op.role == Role::pool || op.has_state) {
      factors_[encoded.name] = reshaped(factor, shapes_.at(node.name));
    } else if (op.rearranges()) {
      factors_[encoded.name] = flattened(factor);
    } else {
      return false;
    }
    return true;
  }

  // The node that has the values of `source` as ours are: itself, or a Scale behind it.
  std::string scaled(const std::string& source) {
    const auto factor = factors_.find(source);
    if (factor == factors_.end()) return source;
    std::string& scale = scales_[source];
    if (!scale.empty()) return scale;
    spend(plain_name(source), factor->second.shape);
    NirNode node =
        scale_node(unused(plain_name(source) + ".height"), factor->second.shape, factor->second.values);
    scale = node.name;
    result_.edges.emplace_back(source, scale);
    result_.nodes.push_back(std::move(node));
    return scale;
  }

  // Adds, and Delays that they or the node read.
  void hold_edges(Own& own, const Node& node) {
    for (const std::string& input : node.inputs) {
      const auto found = edges_alone_.find(input);
      if (found == edges_alone_.end()) continue;
      const Node& edges = *found->second;
      edges_alone_.erase(found);
      hold(own, edges);
      hold_edges(own, edges);
    }
  }

  // For parameters of a number for every value.
  void spend(const std::string& node, const Shape& shape) {
    const std::int64_t count = element_count(shape);
    if (count > numbers_left_) throw InputError("", node, "has more neurons than the file has numbers for");
    numbers_left_ -= count;
  }

  void hold(Own& own, const Node& node) const {
    std::vector<std::int64_t> inputs;
    for (const std::string& input : node.inputs) inputs.push_back(positions_.at(input));
    put_record(own, node, schema(node), positions_.at(node.name), std::move(inputs));
  }

  bool is_summand(const Node& sum) const {
    const auto readers = readers_.find(sum.name);
    return readers != readers_.end() &&
           std::any_of(readers->second.begin(), readers->second.end(),
                       [&](const Node* reader) { return schema(*reader).role == Role::join; });
  }

  // The NIR nodes whose values an Add sums, in its order.
  Names met(const Node& sum) const {
    Names from;
    for (const std::string& input : sum.inputs) {
      for (const std::string& source : sources_.at(input)) {
        if (std::find(from.begin(), from.end(), source) != from.end())
          throw InputError(
              "", sum.name,
              fmt::format("adds '{}' more than once, and NIR counts an edge once: scale it by an "
                          "Affine",
                          input));
        from.push_back(source);
      }
    }
    return from;
  }

  void meet(const Node& sum) {
    sources_[sum.name] = met(sum);
    edges_alone_[sum.name] = &sum;
  }

  // Spikes of the step before: where they close a cycle, the edge from the neuron, which every simulator
  // takes so.
  void encode_delay(const Node& node) {
    const Node& neuron = graph_.nodes[static_cast<std::size_t>(positions_.at(node.inputs[0]))];
    const Tensor& height = neuron.tensors.at(schema(neuron).spike_height);
    const std::string spikes = later_mark + neuron.name;
    if (!all_are(height, 1)) factors_[spikes] = {shapes_.at(node.name), numbers_of(height)};
    if (closes_cycle(node)) {
      sources_[node.name] = {spikes};
      edges_alone_[node.name] = &node;
      return;
    }
    spend(node.name, shapes_.at(node.name));
    add(find_encode(node.op)({node, shapes_, dt_}), node.name, {spikes}, {&node});
  }

  // Before the name of a neuron of ours that may not have one of NIR's yet, which have no such character.
  static constexpr char later_mark = '<';
  static std::string plain_name(const std::string& source) {
    return source[0] == later_mark ? source.substr(1) : source;
  }

  // Whether what it delays depends on it.
  bool closes_cycle(const Node& delay) const {
    std::set<std::string> seen;
    Names open{delay.name};
    while (!open.empty()) {
      const std::string at = std::move(open.back());
      open.pop_back();
      if (at == delay.inputs[0]) return true;
      const auto readers = readers_.find(at);
      if (!seen.insert(at).second || readers == readers_.end()) continue;
      for (const Node* reader : readers->second) open.push_back(reader->name);
    }
    return false;
  }

  void close_cycles(Faults& faults) {
    std::set<Edge> seen;
    for (auto& edge : result_.edges) {
      if (edge.first[0] == later_mark) edge.first = sources_.at(plain_name(edge.first)).at(0);
      if (!seen.insert(edge).second)
        faults.push_back(
            {edge.second, fmt::format("reads the spikes of '{}' and those of the step before, and "
                                      "NIR counts an edge once",
                                      edge.first)});
    }
  }

  // The AvgPool2d that an Affine makes a SumPool2d of: it alone reads it, and multiplies by the windows'
  // size.
  const Node* summed_pool_of(const Node& node) const {
    if (schema(node).role != Role::scaling) return nullptr;
    const Node& pool = graph_.nodes[static_cast<std::size_t>(positions_.at(node.inputs[0]))];
    if (schema(pool).role != Role::pool || readers_.at(pool.name).size() != 1) return nullptr;
    const auto& kernel = pool2d_attributes(pool).window.kernel;
    const bool sums = all_are(node.tensors.at("scale"), static_cast<double>(kernel[0] * kernel[1])) &&
                      all_are(node.tensors.at("shift"), 0);
    return sums ? &pool : nullptr;
  }

  bool is_summed(const Node& pool) const {
    if (schema(pool).role != Role::pool) return false;
    const auto readers = readers_.find(pool.name);
    return readers != readers_.end() && readers->second.size() == 1 &&
           summed_pool_of(*readers->second[0]) == &pool;
  }

  // Of the pool nothing, of its Affine both.
  void encode_sum_pool(const Node& node) {
    const Node* pool = summed_pool_of(node);
    if (pool == nullptr) return;
    add(sum_pool_node({*pool, shapes_, dt_}), pool->name, sources_.at(pool->inputs[0]), {pool, &node});
  }

  std::string unused(std::string wanted) {
    for (char& c : wanted) c = is_sound(c) ? c : '_';
    if (wanted.find_first_not_of('.') == std::string::npos) wanted = "node";
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
    return name;
  }

  const Graph& graph_;
  const SchemaSet& schemas_;
  const ShapeMap& shapes_;
  double dt_;
  std::int64_t numbers_left_;
  NirGraph result_;
  std::map<std::string, std::int64_t> positions_;
  std::map<std::string, std::vector<const Node*>> readers_;
  std::map<std::string, Names> sources_;            // of a node of ours, the NIR nodes whose sum is its value
  std::map<std::string, HeightFactor> factors_;     // of NIR nodes whose values are not ours yet
  std::map<std::string, std::string> scales_;       // of those the Scale behind, where there is one
  std::map<std::string, const Node*> edges_alone_;  // Adds and Delays that no NIR node holds yet
  std::set<std::string> names_;
};

}  // namespace

void check_encodable(const Graph& graph, const SchemaSet& schemas, const std::string& source) {
  if (arithmetic_of(graph) == Arithmetic::fixed)
    throw InputError(source, graph.input().name,
                     "is of fixed arithmetic, and NIR is of reals: convert with '--arithmetic float32'");
  Faults faults;
  for (const Node& node : graph.nodes) {
    const bool runs = node.integer("running", 0) != 0;
    if (find_encode(node.op) == nullptr)
      faults.push_back({node.name, no_counterpart(node, schemas.of(node))});
    else if (runs || node.tensor("start") != nullptr)
      faults.push_back(
          {node.name, "reads a running value, and NIR's networks sum up: convert with '--method if'"});
  }
  throw_if_any(source, faults);
}

NirGraph encode(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes,
                const EncodeSettings& settings, const std::string& source) {
  return Encoder(graph, schemas, shapes, settings).run(source);
}

}  // namespace rheobase::nir
