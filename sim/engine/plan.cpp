#include "sim/engine/plan.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "sim/core/error.h"
#include "sim/device/buffer.h"
#include "sim/engine/fuse.h"
#include "sim/graph/validate.h"

namespace rheobase {
namespace {

void check_support(const Graph& graph, const Registry& registry, const EngineOptions& options,
                   Arithmetic arithmetic) {
  Faults faults;
  for (const Node& node : graph.nodes) {
    if (registry.find(node.op, options.device, arithmetic) != nullptr || node.op == delay_op) continue;
    const bool input = registry.schemas().of(node).role == Role::input;
    if (input && registry.input(options.coding, options.device) != nullptr) continue;
    const std::string lacks = input ? "no such coding of an " : "no kernel for ";
    const bool elsewhere = options.device == DeviceKind::cuda;
    faults.push_back({node.name, std::string(to_string(options.device)) + " has " + lacks + node.op + " in " +
                                     to_string(arithmetic) + (elsewhere ? "; use --device cpu" : "")});
  }
  throw_if_any("graph", faults);
}

PlannedNode plan_input(const Node& node, const Plan& plan, const Shape& shape, const Registry& registry,
                       const EngineOptions& options) {
  const InputContext context{node, as_image(shape), plan.arithmetic, options.seed};
  PlannedNode planned;
  planned.role = Role::input;
  planned.output = plan_input(context, options.coding);
  planned.kernel = (*registry.input(options.coding, options.device))(context);
  return planned;
}

// What it emits is what its source, which comes later, would emit. That depends on the source's shape, and in
// fixed arithmetic on what bounds it whatever its current is.
PlannedNode plan_delay(const Graph& graph, const Node& node, const Plan& plan, const Shape& shape,
                       const Registry& registry) {
  const Node& source = *graph.find(node.inputs.at(0));
  using Limits = std::numeric_limits<std::int32_t>;
  SignalSpec any{plan.arithmetic == Arithmetic::fixed ? SignalType::int32 : SignalType::real32,
                 as_image(shape)};
  any.low = Limits::min();
  any.high = Limits::max();
  const NodeContext context{source, {any}, shape};
  PlannedNode planned;
  planned.output = (*registry.plan(source.op, plan.arithmetic))(context).output;
  return planned;
}

// Numbers that are mostly 0 stay so where they are moved, pooled, added to each other or scaled.
bool stays_sparse(const Node& node, Role role, const std::vector<SignalSpec>& inputs) {
  const bool moves = role == Role::carrier || role == Role::pool || role == Role::join;
  const Tensor* const shift = node.tensor("shift");
  const bool scales =
      role == Role::scaling && shift != nullptr &&
      std::all_of(shift->reals().begin(), shift->reals().end(), [](float s) { return s == 0; });
  return (moves || scales) && std::all_of(inputs.begin(), inputs.end(), [](const SignalSpec& input) {
           return input.sparse || input.type == SignalType::spikes;
         });
}

// A node's plan but for its buffer; `index` knows the nodes before it.
PlannedNode plan_node(const Node& node, const Plan& plan, const std::map<std::string, int>& index,
                      const Shape& shape, const Registry& registry, const EngineOptions& options) {
  const OpSchema& schema = registry.schemas().of(node);
  if (schema.role == Role::input) return plan_input(node, plan, shape, registry, options);
  PlannedNode planned;
  planned.role = schema.role;
  planned.spiking = schema.is_spiking();
  NodeContext context{node, {}, shape};
  bool constant = true;
  for (const std::string& input : node.inputs) {
    planned.inputs.push_back(index.at(input));
    context.inputs.push_back(plan.nodes[planned.inputs.back()].output);
    constant = constant && context.inputs.back().constant;
  }
  NodePlan made = (*registry.plan(node.op, plan.arithmetic))(context);
  planned.kernel = (*registry.find(node.op, options.device, plan.arithmetic))(context, made);
  planned.output = std::move(made.output);
  planned.output.constant = constant && made.state.size == 0;
  if (planned.output.type == SignalType::real32 && stays_sparse(node, planned.role, context.inputs))
    planned.output.sparse = true;
  planned.state = std::move(made.state);
  planned.max_steps = std::max<std::int64_t>(made.max_steps, 0);
  return planned;
}

void plan_readout(const Node& node, const EngineOptions& options, Plan& plan) {
  const auto classes = static_cast<std::size_t>(plan.nodes.back().output.shape.size());
  plan.running = node.integer("running", 0) != 0;
  if (plan.running && options.coding != Coding::direct) {
    throw InputError("graph", node.name,
                     "a network of running values, into which an image enters once: only direct coding fits");
  }
  if (options.readout_delay < 0 || (plan.running && options.readout_delay > 0)) {
    throw InputError("--readout-delay", std::to_string(options.readout_delay),
                     plan.running ? node.name +
                                        " reads running values, which forget nothing when it begins later: "
                                        "only 0 fits"
                                  : "expected 0 or more");
  }
  plan.start.assign(classes, 0.0F);
  if (const Tensor* start = node.tensor("start")) {
    for (std::size_t k = 0; k < classes; ++k)
      plan.start[k] = static_cast<float>(start->of_channel(static_cast<std::int64_t>(k)));
  }
  if (const Tensor* unit = node.tensor("unit")) plan.units = unit->reals();
}

// Moves constant nodes to the front, everything else in order; inputs are renumbered.
void constant_first(Plan& plan) {
  const int count = static_cast<int>(plan.nodes.size());
  std::vector<int> order(count);
  for (int i = 0; i < count; ++i) order[i] = i;
  const auto dynamic =
      std::stable_partition(order.begin(), order.end(), [&](int i) { return plan.nodes[i].output.constant; });
  plan.constant_nodes = static_cast<int>(dynamic - order.begin());
  std::vector<int> place(count);
  for (int i = 0; i < count; ++i) place[order[i]] = i;
  std::vector<Node> graph_nodes;
  std::vector<PlannedNode> nodes;
  for (const int old : order) {
    graph_nodes.push_back(std::move(plan.graph_nodes[old]));
    nodes.push_back(std::move(plan.nodes[old]));
    for (int& input : nodes.back().inputs) input = place[input];
  }
  plan.graph_nodes = std::move(graph_nodes);
  plan.nodes = std::move(nodes);
}

// What a Delay reads, which may come behind it.
void find_delays(Plan& plan) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.graph_nodes[i].op != delay_op) continue;
    const auto source = std::find_if(plan.graph_nodes.begin(), plan.graph_nodes.end(), [&](const Node& node) {
      return node.name == plan.graph_nodes[i].inputs.at(0);
    });
    plan.nodes[i].delays = static_cast<int>(source - plan.graph_nodes.begin());
    plan.delays.push_back(static_cast<int>(i));
  }
}

// Index of the last node that reads each node's output; `forever` where it must outlive the step: spikes
// (metrics read them), what is delayed, the logits, and constants that later steps read.
std::vector<int> last_uses(const Plan& plan) {
  const int forever = static_cast<int>(plan.nodes.size());
  std::vector<int> last(plan.nodes.size(), -1);
  for (int i = 0; i < forever; ++i) {
    const PlannedNode& node = plan.nodes[i];
    const bool kept_for_later = node.spiking || node.delays >= 0;
    if (kept_for_later || node.output.type == SignalType::spikes || i == plan.output) last[i] = forever;
    for (const int input : node.inputs) {
      const bool kept = plan.nodes[input].output.constant && !node.output.constant;
      last[input] = std::max(last[input], kept ? forever : i);
    }
  }
  return last;
}

void assign_buffers(Plan& plan) {
  const std::vector<int> last = last_uses(plan);
  std::vector<int> free;
  for (int i = 0; i < static_cast<int>(plan.nodes.size()); ++i) {
    PlannedNode& node = plan.nodes[i];
    if (node.absorbed) continue;
    const std::size_t bytes = Buffer::aligned(node.output.bytes());
    // The free buffer of the right kind that grows least, and of those the smallest.
    const auto cost = [&](int buffer) {
      const std::size_t size = plan.buffers[buffer].bytes;
      return std::tuple(plan.buffers[buffer].constant != node.output.constant,
                        size < bytes ? bytes - size : 0, size);
    };
    const auto best =
        std::min_element(free.begin(), free.end(), [&](int a, int b) { return cost(a) < cost(b); });
    const bool none = best == free.end() || plan.buffers[*best].constant != node.output.constant;
    if (none || last[i] == static_cast<int>(plan.nodes.size())) {
      node.buffer = static_cast<int>(plan.buffers.size());
      plan.buffers.push_back({bytes, node.output.constant});
    } else {
      node.buffer = *best;
      plan.buffers[*best].bytes = std::max(plan.buffers[*best].bytes, bytes);
      free.erase(best);
    }
    for (int j = 0; j <= i; ++j) {
      if (last[j] == i && !plan.nodes[j].absorbed) free.push_back(plan.nodes[j].buffer);
    }
  }
}

// The node that limits the steps.
void find_limit(Plan& plan) {
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].max_steps >= plan.max_steps) continue;
    plan.max_steps = plan.nodes[i].max_steps;
    plan.max_steps_node = plan.graph_nodes[i].name;
  }
}

}  // namespace

Plan make_plan(const Graph& graph, const Registry& registry, const EngineOptions& options) {
  const ShapeMap shapes = validate_or_throw(graph, registry.schemas(), "graph");
  Plan plan;
  plan.arithmetic = arithmetic_of(graph);
  check_support(graph, registry, options, plan.arithmetic);
  std::map<std::string, int> index;
  for (const int i : topological_order(graph)) {
    const Node& node = graph.nodes[i];
    index[node.name] = static_cast<int>(plan.nodes.size());
    plan.nodes.push_back(node.op == delay_op
                             ? plan_delay(graph, node, plan, shapes.at(node.name), registry)
                             : plan_node(node, plan, index, shapes.at(node.name), registry, options));
    plan.graph_nodes.push_back({node.name, node.op, node.inputs, node.attributes, {}});
    if (plan.nodes.back().role == Role::readout) plan_readout(node, options, plan);
  }
  constant_first(plan);
  find_delays(plan);
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    if (plan.nodes[i].role == Role::input) plan.input = static_cast<int>(i);
    if (plan.nodes[i].role == Role::readout) plan.output = static_cast<int>(i);
    if (plan.nodes[i].spiking) plan.spiking.push_back(static_cast<int>(i));
  }
  if (options.fuse) fuse(plan);
  assign_buffers(plan);
  find_limit(plan);
  return plan;
}

}  // namespace rheobase
