#include <fmt/format.h>

#include <algorithm>

#include "experiments/cli/command_line.h"
#include "experiments/cli/commands/commands.h"
#include "experiments/cli/commands/stop_text.h"
#include "experiments/cli/output.h"
#include "experiments/data/normalization.h"
#include "experiments/json/json.h"
#include "experiments/library/registry.h"
#include "experiments/simulation/stored_rule.h"
#include "sim/core/file.h"
#include "sim/engine/engine.h"
#include "sim/format/model_file.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

// A row of the table.
struct NodeFacts {
  const Node* node;
  Shape shape;
  std::int64_t parameters = 0;
  std::int64_t neurons = 0;           // 0 for a node that is no neuron
  const Tensor* threshold = nullptr;  // of a spiking neuron
  std::int64_t largest_event = 0;     // of a graded one, in units of its smallest
};

std::vector<NodeFacts> collect(const Graph& graph, const SchemaSet& schemas, const ShapeMap& shapes) {
  std::vector<NodeFacts> rows;
  for (const int index : topological_order(graph)) {
    const Node& node = graph.nodes[index];
    const OpSchema& schema = schemas.of(node);
    NodeFacts facts{&node, shapes.at(node.name)};
    if (schema.role != Role::input) {
      for (const auto& [name, tensor] : node.tensors) facts.parameters += element_count(tensor.shape);
    }
    if (schema.is_neuron()) facts.neurons = element_count(facts.shape);
    if (schema.is_spiking()) facts.threshold = &schema.threshold_of(node);
    if (schema.is_graded) facts.largest_event = schema.largest_event(node);
    rows.push_back(facts);
  }
  return rows;
}

template <class Field>
std::int64_t total(const std::vector<NodeFacts>& rows, Field field) {
  std::int64_t sum = 0;
  for (const NodeFacts& row : rows) sum += row.*field;
  return sum;
}

Json calibration_json(const CalibrationSamples& from) {
  Json json{{"data", from.data},   {"split", from.split},
            {"first", from.first}, {"samples", from.samples},
            {"steps", from.steps}, {"coding", from.coding.empty() ? Json(nullptr) : Json(from.coding)}};
  if (from.coding == "poisson") json["seed"] = from.seed;
  if (!from.binning.empty()) json["binning"] = from.binning;
  if (from.max_loss) json["max_loss"] = *from.max_loss;
  if (from.max_steps) json["max_steps"] = *from.max_steps;
  if (from.guarantee) json["guarantee"] = *from.guarantee;
  if (from.conditional) json["conditional"] = true;
  if (!from.network_sha256.empty()) json["network_sha256"] = from.network_sha256;
  json["sample_hashes"] = from.sample_hashes.size();
  return json;
}

Json optional_stop(const Model& model) {
  if (!model.stop) return nullptr;
  Json json = stop_json(*model.stop);
  if (model.calibration) json["calibration"] = calibration_json(*model.calibration);
  return json;
}

Json optional_training(const Model& model) {
  if (!model.training) return nullptr;
  return {{"data", model.training->data}, {"samples", model.training->sample_hashes.size()}};
}

// On which samples, for what, and to keep to what.
std::string calibration_text(const CalibrationSamples& on) {
  constexpr const char* line = "            ";
  std::string text = fmt::format(
      "{}calibrated on {}, {} split, samples {} to {}\n{}for {} steps of {} coding", line, on.data, on.split,
      on.first, on.first + on.samples - 1, line, on.steps, on.coding.empty() ? "unknown" : on.coding);
  if (!on.binning.empty()) text += fmt::format(" ({})", on.binning);
  const std::string goal = goal_text(on);
  return text + (goal.empty() ? "" : ", " + goal) + "\n";
}

std::vector<double> values_of(const Tensor& tensor) {
  std::vector<double> values;
  for (std::size_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.at(i));
  return values;
}

Json node_json(const NodeFacts& row) {
  Json node{{"name", row.node->name}, {"op", row.node->op},           {"inputs", row.node->inputs},
            {"shape", row.shape},     {"parameters", row.parameters}, {"neurons", row.neurons}};
  if (row.threshold != nullptr) node["v_threshold"] = values_of(*row.threshold);
  if (row.largest_event > 0) node["largest_event"] = row.largest_event;
  for (const char* key : {"mean", "std"}) {
    if (const Tensor* tensor = row.node->tensor(key)) node[key] = values_of(*tensor);
  }
  return node;
}

Json info_json(const std::string& path, const Model& model, const std::vector<NodeFacts>& rows) {
  const Provenance& from = model.provenance;
  Json nodes = Json::array();
  for (const NodeFacts& row : rows) nodes.push_back(node_json(row));
  return {{"schema", 1},
          {"model", path},
          {"model_sha256", sha256_of_file(path)},
          {"provenance",
           {{"tool_version", from.tool_version},
            {"source", from.source},
            {"source_sha256", from.source_sha256},
            {"conversion", from.conversion}}},
          {"arithmetic", model.arithmetic},
          {"stop", optional_stop(model)},
          {"training", optional_training(model)},
          {"parameters", total(rows, &NodeFacts::parameters)},
          {"neurons", total(rows, &NodeFacts::neurons)},
          {"nodes", nodes}};
}

// Fixed arithmetic ends where a neuron might overflow; neurons that leak may never.
bool is_limited(const Engine& engine) { return !engine.max_steps_node().empty(); }

// What the cpu device makes of the model here.
Json cpu_json(const Engine& engine) {
  Json synapses = Json::object();
  for (const SynapseUse& synapse : engine.synapses())
    synapses[synapse.name] = {{"dense_from", synapse.dense_from}};
  Json json{{"simd", simd_targets().front()},
            {"bytes_per_slot", engine.bytes_per_slot()},
            {"synapses", std::move(synapses)}};
  if (is_limited(engine)) json["max_steps"] = engine.max_steps();
  return json;
}

std::string cpu_text(const Engine& engine) {
  const std::vector<SynapseUse> synapses = engine.synapses();
  std::string text = fmt::format("\non this cpu ({}): {} KiB a slot", simd_targets().front(),
                                 (engine.bytes_per_slot() + 1023) / 1024);
  if (!synapses.empty()) {
    text += fmt::format("; {} layers choose between event-driven and dense, dense from a density of {:.2f}",
                        synapses.size(), synapses.front().dense_from);
  }
  if (is_limited(engine))
    text += fmt::format("; at most {} steps, for {}", engine.max_steps(), engine.max_steps_node());
  return text + "\n";
}

std::string threshold_text(const NodeFacts& row) {
  if (row.threshold == nullptr) return "";
  const std::vector<double> values = values_of(*row.threshold);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *low == *high ? fmt::format("{:.6g}", *low) : fmt::format("{:.6g} to {:.6g}", *low, *high);
}

std::string info_text(const Model& model, const std::vector<NodeFacts>& rows) {
  const Provenance& from = model.provenance;
  std::string text = fmt::format(
      "source      {} (SHA-256 {})\nconversion  {}, by rheobase {}\narithmetic  {}\n", from.source,
      from.source_sha256.substr(0, 16), from.conversion, from.tool_version, model.arithmetic);
  text += fmt::format("normalize   {}\n", to_string(normalization_of(model.graph)));
  if (model.stop) text += fmt::format("stop        {}\n", stop_text(*model.stop));
  if (model.calibration) text += calibration_text(*model.calibration);
  if (model.training)
    text += fmt::format("trained on  {} samples of {}\n", model.training->sample_hashes.size(),
                        model.training->data);
  std::size_t width = 4;
  for (const NodeFacts& row : rows) width = std::max(width, row.node->name.size());
  text += fmt::format("\n{:<{}}  {:<10} {:<12} {:>10} {:>9}  {}\n", "node", width, "op", "shape",
                      "parameters", "neurons", "v_threshold");
  const auto count = [](std::int64_t n) { return n == 0 ? std::string() : fmt::format("{}", n); };
  for (const NodeFacts& row : rows) {
    std::string one =
        fmt::format("{:<{}}  {:<10} {:<12} {:>10} {:>9}  {}", row.node->name, width, row.node->op,
                    to_string(row.shape), count(row.parameters), count(row.neurons), threshold_text(row));
    one.erase(one.find_last_not_of(' ') + 1);
    text += one + "\n";
  }
  return text + fmt::format("{:<{}}  {:<10} {:<12} {:>10} {:>9}\n", "total", width, "", "",
                            total(rows, &NodeFacts::parameters), total(rows, &NodeFacts::neurons));
}

}  // namespace

void info_command(const std::vector<std::string>& words) {
  CommandSpec spec{"info", "Shows where a model file comes from and what it holds.", {"MODEL.h5"}, ""};
  spec.add("json", text_argument("FILE|-"),
           "write the same as JSON, to standard output instead of the table for -");
  const auto line = parse_command_line(spec, words);
  if (!line) return;
  const std::string& path = line->positional(0);
  std::optional<ResultTarget> target;
  if (line->has("json")) target.emplace("--json", line->get<std::string>("json"), ResultTarget::Kind::text);
  const Registry registry = full_registry();
  const Model model = read_model(path, registry.schemas());
  const auto rows =
      collect(model.graph, registry.schemas(), validate_or_throw(model.graph, registry.schemas(), path));
  EngineOptions options;
  options.threads = 1;
  const Engine engine(model.graph, registry, options);
  if (target) {
    Json json = info_json(path, model, rows);
    json["cpu"] = cpu_json(engine);
    target->write(json.dump(2) + "\n");
    if (target->is_stdout()) return;
  }
  write_stdout(info_text(model, rows) + cpu_text(engine));
}

}  // namespace rheobase
