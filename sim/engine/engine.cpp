#include "sim/engine/engine.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "sim/core/error.h"
#include "sim/engine/host/host_executor.h"
#include "sim/engine/plan.h"

namespace rheobase {
namespace {

constexpr int int_max = std::numeric_limits<int>::max();

std::vector<SignalSpec> signals_of(const Plan& plan) {
  std::vector<SignalSpec> signals;
  for (const PlannedNode& node : plan.nodes) signals.push_back(node.output);
  return signals;
}

}  // namespace

class Engine::Impl {
 public:
  Impl(const Graph& graph, const Registry& registry, const EngineOptions& given)
      : options(given),
        plan(make_plan(graph, registry, options)),
        input_shape(plan.graph_nodes[plan.input].integers("shape", {})),
        paths(path_choices(plan, options.kernels)),
        operations(options.costs
                       ? plan_operations(graph, plan.graph_nodes, signals_of(plan), registry.schemas())
                       : OperationPlan{}),
        executor(make_executor(registry)) {
    for (const int node : plan.spiking)
      spiking.push_back({plan.graph_nodes[node].name, plan.nodes[node].output.shape.size()});
  }

  std::unique_ptr<Executor> make_executor(const Registry& registry) {
    const MakeExecutor* own = registry.executor(options.device);
    if (own == nullptr) return make_host_executor(plan, operations, fitting_options(), paths);
    options.lookahead = 1;  // executors but the host's compute no step ahead
    return (*own)(plan, operations, fitting_options());
  }

  // With as many slots as fit, and one step at once where a step needs the one before.
  const EngineOptions& fitting_options() {
    if (!plan.delays.empty()) options.lookahead = 1;
    const std::size_t fitting =
        options.slot_memory / std::max<std::size_t>(1, host_bytes_per_slot(plan, options.lookahead));
    if (options.slot_memory > 0 && fitting < static_cast<std::size_t>(options.slots))
      options.slots = std::max(1, static_cast<int>(fitting));
    return options;
  }

  void check(const SampleView& view, std::uint64_t sample) const {
    const auto refuse = [&](const std::string& what) {
      throw InputError("sample", std::to_string(sample), what);
    };
    const std::int64_t places = element_count(input_shape);
    if (view.steps < 0) refuse("has a negative number of steps");
    if (options.coding != Coding::events) {
      if (static_cast<std::int64_t>(view.pixels.size()) != places)
        refuse("does not have the shape " + to_string(input_shape));
      return;
    }
    if (view.stream != nullptr && !view.events.empty()) refuse("has events, and a stream of others");
    check_events(view.events, 0, sample);
  }

  // Of steps behind `taken`.
  void check_events(std::span<const InputEvent> events, int taken, std::uint64_t sample) const {
    const std::int64_t places = element_count(input_shape);
    const auto refuse = [&](const std::string& what) {
      throw InputError("sample", std::to_string(sample), what);
    };
    const auto outside = [&](const InputEvent& e) {
      return e.step <= taken || e.place < 0 || e.place >= places;
    };
    const auto earlier = [](const InputEvent& a, const InputEvent& b) { return a.step < b.step; };
    if (std::any_of(events.begin(), events.end(), outside))
      refuse("has an event before step " + std::to_string(taken + 1) + " or outside of " +
             to_string(input_shape));
    if (!std::is_sorted(events.begin(), events.end(), earlier))
      refuse("has events that are not in the order of their steps");
  }

  void expect_delay(const StopRule& rule, int steps) const {
    const std::string delay = std::to_string(options.readout_delay);
    if (rule.delay != options.readout_delay)
      throw InputError("--readout-delay", delay, "the rule's is " + std::to_string(rule.delay));
    if (rule.delay >= steps)
      throw InputError("--readout-delay", delay,
                       "of " + std::to_string(steps) + " steps leaves none to read");
  }

  // Feeds and drains until both are done; the number of image-steps.
  std::int64_t drain(const SampleFeed& feed, int steps,
                     const std::function<void(const SampleResult&)>& finished) {
    std::int64_t image_steps = 0;
    int in_flight = 0;
    SampleView view;
    std::uint64_t sample = 0;
    for (bool more = true;;) {
      while (more && in_flight < executor->capacity()) {
        more = feed(view, sample);
        if (!more) break;
        check(view, sample);
        executor->stage({view, sample, view.steps > 0 ? std::min<std::int64_t>(view.steps, steps) : steps});
        ++in_flight;
      }
      if (in_flight == 0) return image_steps;
      executor->advance(steps, tap);
      for (const SampleResult& result : executor->finished()) {
        --in_flight;
        image_steps += result.steps;
        finished(result);
      }
    }
  }

  EngineOptions options;
  Plan plan;
  Shape input_shape;
  std::vector<PathChoice> paths;  // by node
  OperationPlan operations;
  std::unique_ptr<Executor> executor;
  std::vector<SpikingNode> spiking;
  SignalTap* tap = nullptr;
};

KernelChoice parse_kernel_choice(const std::string& name) {
  if (name == "auto") return KernelChoice::automatic;
  if (name == "event") return KernelChoice::event;
  if (name == "dense") return KernelChoice::dense;
  throw InputError("--kernel", name, "expected auto, event or dense");
}

Engine::Engine(const Graph& graph, const Registry& registry, const EngineOptions& options) {
  if (options.slots < 1) throw InputError("slots", std::to_string(options.slots), "expected 1 or more");
  if (options.lookahead < 1 || options.lookahead > max_lanes_per_slot)
    throw InputError("lookahead", std::to_string(options.lookahead), "expected 1 to 64");
  impl_ = std::make_unique<Impl>(graph, registry, options);
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

int Engine::slots() const { return impl_->options.slots; }
int Engine::classes() const { return static_cast<int>(signal(impl_->plan.output).shape.size()); }
const Shape& Engine::input_shape() const { return impl_->input_shape; }
const std::vector<Node>& Engine::nodes() const { return impl_->plan.graph_nodes; }
const std::vector<SpikingNode>& Engine::spiking_nodes() const { return impl_->spiking; }
std::size_t Engine::bytes_per_slot() const { return host_bytes_per_slot(impl_->plan, lookahead()); }
const SignalSpec& Engine::signal(int index) const { return impl_->plan.nodes.at(index).output; }
bool Engine::is_stored(int index) const { return !impl_->plan.nodes.at(index).absorbed; }
Arithmetic Engine::arithmetic() const { return impl_->plan.arithmetic; }
int Engine::lookahead() const { return impl_->options.lookahead; }
std::int64_t Engine::max_steps() const { return impl_->plan.max_steps; }
const std::string& Engine::max_steps_node() const { return impl_->plan.max_steps_node; }

std::vector<SynapseUse> Engine::synapses() const {
  std::vector<SynapseUse> uses;
  for (std::size_t i = 0; i < impl_->paths.size(); ++i) {
    const PathChoice& path = impl_->paths[i];
    if (!path.has_choice()) continue;
    uses.push_back({nodes()[i].name, path.mean_density(), path.dense_from(), path.dense_share()});
  }
  return uses;
}

void Engine::load(int slot, const SampleView& view, std::uint64_t sample, std::int64_t steps) {
  impl_->check(view, sample);
  impl_->executor->stage({view, sample, steps, slot});
}
void Engine::feed(int slot, std::span<const InputEvent> events) {
  if (impl_->options.coding != Coding::events || lookahead() != 1)
    throw InputError("slot", std::to_string(slot),
                     "takes no more events: its engine needs coding events, lookahead 1");
  if (!occupied(slot)) throw InputError("slot", std::to_string(slot), "holds no sample: load one first");
  impl_->check_events(events, time(slot), static_cast<std::uint64_t>(slot));
  impl_->executor->feed(slot, events);
}
void Engine::step() { impl_->executor->advance(1, impl_->tap); }
void Engine::release(int slot) { impl_->executor->release(slot); }
bool Engine::occupied(int slot) const { return impl_->executor->read(slot).occupied; }
int Engine::time(int slot) const { return impl_->executor->read(slot).time; }
std::span<const float> Engine::logits(int slot) const { return impl_->executor->read(slot).logits; }
std::span<const std::uint64_t> Engine::spike_counts(int slot) const {
  return impl_->executor->read(slot).spike_counts;
}
std::uint64_t Engine::spike_hash(int slot) const { return impl_->executor->read(slot).spike_hash; }
const CountedOperations& Engine::counted_operations() const { return impl_->operations.counted; }
void Engine::set_tap(SignalTap* tap) { impl_->tap = tap; }

std::int64_t Engine::stream(const SampleFeed& feed, const StopRule& rule, int steps,
                            const std::function<void(const SampleResult&)>& finished) {
  if (steps < 1 || steps > max_steps()) {
    throw InputError(
        "steps", std::to_string(steps),
        "expected 1 to " + std::to_string(std::min<std::int64_t>(max_steps(), int_max)) +
            (max_steps() < int_max ? ", after which " + max_steps_node() + " may overflow" : ""));
  }
  impl_->expect_delay(rule, steps);
  impl_->executor->begin(rule);
  try {
    return impl_->drain(feed, steps, finished);
  } catch (...) {
    impl_->executor->begin({});  // nothing is left that `rule`, which may go now, would end
    throw;
  }
}

}  // namespace rheobase
