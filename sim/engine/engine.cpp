#include "sim/engine/engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/device/buffer.h"
#include "sim/engine/input_encoder.h"
#include "sim/engine/path_choice.h"
#include "sim/engine/plan.h"
#include "sim/engine/readout.h"
#include "sim/engine/spike_count.h"

namespace rheobase {
namespace {

const Node& input_node(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (node.op == "Input") return node;
  }
  throw InternalError("a planned graph has an Input");
}

// Scratch memory that one task may take.
std::size_t scratch_bytes(const Plan& plan) {
  std::size_t most = 0;
  for (const PlannedNode& node : plan.nodes) {
    if (const auto* kernel = dynamic_cast<const HostKernel*>(node.kernel.get()))
      most = std::max(most, kernel->scratch_bytes());
  }
  return most;
}

void start_state(const InitialState& initial, std::byte* state) {
  const std::size_t bytes = initial.row.size() * sizeof(std::uint32_t);
  for (std::size_t word = 0; word < initial.size; word += initial.row.size(), state += bytes)
    std::memcpy(state, initial.row.data(), bytes);
}

// What the engine knows of the sample in a slot.
struct SlotState {
  bool occupied = false;
  std::uint64_t sample = 0;
  std::int64_t limit = 0;  // steps that may be asked for
  int time = 0;            // steps taken
  int computed = 0;        // lanes of the last computation,
  int ready = 0;           // of which these are not taken yet
  std::uint64_t hash = 0;
};

}  // namespace

class Engine::Impl {
 public:
  Impl(const Graph& graph, const Registry& registry, const EngineOptions& options)
      : options_(options),
        plan_(make_plan(graph, registry, options)),
        pool_(options.threads),
        input_shape_(input_node(graph).integers("shape", {})),
        encoder_(input_node(graph), as_image(input_shape_), options.coding, options.seed),
        readout_(plan_, options.slots),
        slots_(options.slots),
        scratch_(Buffer::aligned(scratch_bytes(plan_)) * pool_.threads()) {
    for (const PlannedBuffer& buffer : plan_.buffers)
      buffers_.emplace_back(buffer.bytes * (buffer.constant ? options.slots : lanes()));
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) add_node(static_cast<int>(i));
    spike_counts_.resize(spiking_.size() * options.slots);
    lane_counts_.resize(plan_.nodes.size() * lanes());
    lane_hashes_.resize(lanes());
    if (options.coding != Coding::direct) pixels_.resize(element_count(input_shape_) * options.slots);
    lanes_.reserve(lanes());
    for (auto* list : {&slot_lanes_, &fresh_slots_}) list->reserve(options.slots);
    fresh_.reserve(options.slots);
    inputs_.reserve(plan_.nodes.size());
  }

  void load(int slot, std::span<const float> pixels, std::uint64_t sample, std::int64_t steps) {
    if (static_cast<std::int64_t>(pixels.size()) != element_count(input_shape_)) {
      throw InputError("sample", std::to_string(sample),
                       "does not have the shape " + to_string(input_shape_));
    }
    if (options_.coding == Coding::direct) {
      encode(pixels, sample, 0, slot * options_.lookahead);
    } else {
      std::copy(pixels.begin(), pixels.end(), pixels_.begin() + slot * pixels.size());
    }
    slots_.at(slot) = {true, sample, std::min(steps, plan_.max_steps), 0, 0, 0, 0};
    readout_.clear(slot);
    std::fill_n(spike_counts_.begin() + slot * spiking_.size(), spiking_.size(), 0);
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
      if (state_[i].entry_bytes == 0) continue;
      start_state(plan_.nodes[i].state, state_[i].entry(slot * options_.lookahead));
    }
  }

  void step() {
    for (const SlotState& state : slots_) {
      if (state.occupied && state.ready == 0 && state.time >= state.limit) refuse(state);
    }
    collect_lanes();
    try {
      if (!lanes_.empty()) compute();
    } catch (...) {
      for (const int lane : lanes_) slots_[lane / options_.lookahead] = {};
      throw;
    }
    for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
      if (slots_[slot].occupied) take(slot);
    }
  }

  SlotState& at(int slot) { return slots_.at(slot); }
  const Plan& plan() const { return plan_; }
  const EngineOptions& options() const { return options_; }
  const Shape& input_shape() const { return input_shape_; }
  int slots() const { return static_cast<int>(slots_.size()); }
  const Readout& readout() const { return readout_; }
  const std::vector<SpikingNode>& spiking_nodes() const { return spiking_; }
  std::span<const std::uint64_t> spike_counts(int slot) const {
    return std::span(spike_counts_).subspan(slot * spiking_.size(), spiking_.size());
  }
  std::size_t bytes_per_slot() const {
    std::size_t bytes = 0;
    for (const Buffer& buffer : buffers_) bytes += buffer.size();
    for (const Buffer& buffer : state_buffers_) bytes += buffer.size();
    return bytes / slots_.size();
  }
  std::vector<SynapseUse> synapses() const {
    std::vector<SynapseUse> uses;
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      if (!paths_[i].has_choice()) continue;
      uses.push_back({plan_.graph_nodes[i].name, paths_[i].mean_density(), paths_[i].dense_from(),
                      paths_[i].dense_share()});
    }
    return uses;
  }
  void set_probe(SignalProbe* probe) { probe_ = probe; }

 private:
  int lanes() const { return options_.slots * options_.lookahead; }

  void add_node(int index) {
    const PlannedNode& node = plan_.nodes[index];
    SignalView state;
    if (node.state.size > 0) {
      state.entry_bytes = Buffer::aligned(node.state.size * sizeof(std::uint32_t));
      state.lanes_per_entry = options_.lookahead;
      state_buffers_.emplace_back(state.entry_bytes * options_.slots);
      state.data = state_buffers_.back().data();
    }
    state_.push_back(state);
    const HostKernel* kernel = kernels_.emplace_back(dynamic_cast<const HostKernel*>(node.kernel.get()));
    paths_.emplace_back(kernel != nullptr ? kernel->dense_from() : 2.0, options_.kernels);
    spiking_index_.push_back(-1);
    if (node.state.size > 0 && node.output.type == SignalType::spikes) {
      spiking_index_.back() = static_cast<int>(spiking_.size());
      spiking_.push_back({plan_.graph_nodes[index].name, node.output.shape.size()});
    }
  }

  SignalView view(int node) const {
    const int buffer = plan_.nodes[node].buffer;
    const PlannedBuffer& planned = plan_.buffers[buffer];
    return {buffers_[buffer].data(), planned.bytes, planned.constant ? options_.lookahead : 1};
  }

  void encode(std::span<const float> pixels, std::uint64_t sample, std::uint64_t step, int lane) {
    const SignalView out = view(plan_.input);
    if (plan_.arithmetic == Arithmetic::fixed) {
      encoder_.encode(pixels, sample, step, out.int16(lane));
    } else {
      encoder_.encode(pixels, sample, step, out.real(lane));
    }
  }

  // The next steps of the slots that have none ready.
  void collect_lanes() {
    lanes_.clear();
    slot_lanes_.clear();
    fresh_.clear();
    fresh_slots_.clear();
    for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
      SlotState& state = slots_[slot];
      if (!state.occupied || state.ready > 0) continue;
      const int first = slot * options_.lookahead;
      if (state.time == 0) {
        fresh_slots_.push_back({static_cast<std::int32_t>(fresh_.size()), 1});
        fresh_.push_back(first);
      }
      const std::int64_t left = state.limit - state.time;
      state.computed = state.ready = static_cast<int>(std::min<std::int64_t>(options_.lookahead, left));
      slot_lanes_.push_back({static_cast<std::int32_t>(lanes_.size()), state.ready});
      for (int k = 0; k < state.ready; ++k) lanes_.push_back(first + k);
    }
  }

  [[noreturn]] void refuse(const SlotState& state) const {
    if (state.time < plan_.max_steps)
      throw InternalError("a sample is stepped beyond the steps it was given");
    throw InputError("graph", plan_.max_steps_node,
                     "fixed arithmetic may overflow after " + std::to_string(plan_.max_steps) + " steps");
  }

  void compute() {
    if (probe_ != nullptr) probe_->begin(lanes_);
    for (const int lane : lanes_) lane_hashes_[lane] = 0;
    if (!fresh_.empty()) run(0, plan_.constant_nodes, fresh_, fresh_slots_);
    if (options_.coding != Coding::direct) encode_steps();
    run(plan_.constant_nodes, static_cast<int>(plan_.nodes.size()), lanes_, slot_lanes_);
  }

  // Steps since load(), counted from 1, that a lane computes.
  std::uint64_t step_of(int lane) const {
    const int step = slots_[lane / options_.lookahead].time + lane % options_.lookahead + 1;
    return static_cast<std::uint64_t>(step);
  }

  void encode_steps() {
    const std::int64_t size = element_count(input_shape_);
    for_each_lane(lanes_, [&](int lane) {
      const int slot = lane / options_.lookahead;
      encode(std::span(pixels_).subspan(slot * size, size), slots_[slot].sample, step_of(lane), lane);
    });
  }

  template <class Body>
  void for_each_lane(const std::vector<int>& lanes, const Body& body) {
    pool_.for_ranges(static_cast<std::int64_t>(lanes.size()), 1,
                     [&](std::int64_t begin, std::int64_t) { body(lanes[begin]); });
  }

  void run(int begin, int end, const std::vector<int>& lanes, const std::vector<SlotLanes>& slots) {
    for (int i = begin; i < end; ++i) {
      const PlannedNode& node = plan_.nodes[i];
      if (node.absorbed) continue;
      inputs_.clear();
      for (const int input : node.inputs) inputs_.push_back(view(input));
      const std::span scratch(scratch_.data(), scratch_.size());
      if (kernels_[i] != nullptr)
        kernels_[i]->step({lanes, slots, inputs_, view(i), state_[i], pool_, scratch, paths_[i].path()});
      look_at(i, lanes);
      if (paths_[i].has_choice()) observe_density(i, lanes);
    }
  }

  // Counts, hashes and shows a node's output.
  void look_at(int index, const std::vector<int>& lanes) {
    const SignalSpec& spec = plan_.nodes[index].output;
    const SignalView out = view(index);
    const bool hashed = options_.hash && spiking_index_[index] >= 0;
    const bool counted = spec.type == SignalType::spikes || spec.type == SignalType::int16;
    if (!counted && probe_ == nullptr) return;
    for_each_lane(lanes, [&](int lane) {
      if (counted) lane_counts_[index * this->lanes() + lane] = count_events(spec, out, lane);
      if (hashed) {
        const std::uint64_t sample = slots_[lane / options_.lookahead].sample;
        lane_hashes_[lane] +=
            hash_spikes(spec, out.spikes(lane), spike_hash_prefix(sample, step_of(lane), index));
      }
      if (probe_ != nullptr) probe_->on_signal(index, spec, out, lane);
    });
  }

  void observe_density(int index, const std::vector<int>& lanes) {
    const int input = plan_.nodes[index].inputs.at(0);
    std::uint64_t spikes = 0;
    for (const int lane : lanes) spikes += lane_counts_[input * this->lanes() + lane];
    const auto size = static_cast<std::uint64_t>(plan_.nodes[input].output.shape.size());
    paths_[index].observe(spikes, size * lanes.size(), lanes.size());
  }

  // Makes the next of the computed steps of a slot its present.
  void take(int slot) {
    SlotState& state = slots_[slot];
    const int lane = slot * options_.lookahead + state.computed - state.ready;
    --state.ready;
    ++state.time;
    state.hash += lane_hashes_[lane];
    readout_.add(slot, lane, view(plan_.output));
    for (std::size_t i = 0; i < spiking_index_.size(); ++i) {
      if (spiking_index_[i] >= 0)
        spike_counts_[slot * spiking_.size() + spiking_index_[i]] += lane_counts_[i * lanes() + lane];
    }
    if (probe_ != nullptr) probe_->taken(lane);
  }

  EngineOptions options_;
  Plan plan_;
  TaskPool pool_;
  Shape input_shape_;
  InputEncoder encoder_;
  Readout readout_;
  std::vector<SlotState> slots_;
  std::vector<Buffer> buffers_;             // signals, by Plan::buffers
  std::vector<Buffer> state_buffers_;       // of the nodes that have state
  Buffer scratch_;                          // of all workers
  std::vector<SignalView> state_;           // by node
  std::vector<PathChoice> paths_;           // by node
  std::vector<const HostKernel*> kernels_;  // by node, nullptr: none
  std::vector<int> spiking_index_;          // by node, -1: not a spiking neuron
  std::vector<SpikingNode> spiking_;
  std::vector<std::uint64_t> spike_counts_;  // [slot][spiking node], of the steps taken
  std::vector<std::uint64_t> lane_counts_;   // [node][lane], of the steps computed; spikes behind a pool too
  std::vector<std::uint64_t> lane_hashes_;   // [lane]
  std::vector<float> pixels_;                // [slot][C][H][W], for codings that draw at every step
  SignalProbe* probe_ = nullptr;
  // Lists of one step, kept to keep their memory.
  std::vector<int> lanes_, fresh_;
  std::vector<SlotLanes> slot_lanes_, fresh_slots_;
  std::vector<SignalView> inputs_;
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

int Engine::slots() const { return impl_->slots(); }
int Engine::classes() const { return impl_->readout().classes(); }
const Shape& Engine::input_shape() const { return impl_->input_shape(); }
const std::vector<Node>& Engine::nodes() const { return impl_->plan().graph_nodes; }
const std::vector<SpikingNode>& Engine::spiking_nodes() const { return impl_->spiking_nodes(); }
std::size_t Engine::bytes_per_slot() const { return impl_->bytes_per_slot(); }
const SignalSpec& Engine::signal(int index) const { return impl_->plan().nodes.at(index).output; }
bool Engine::is_stored(int index) const { return !impl_->plan().nodes.at(index).absorbed; }
Arithmetic Engine::arithmetic() const { return impl_->plan().arithmetic; }
int Engine::lookahead() const { return impl_->options().lookahead; }
std::int64_t Engine::max_steps() const { return impl_->plan().max_steps; }
const std::string& Engine::max_steps_node() const { return impl_->plan().max_steps_node; }
std::vector<SynapseUse> Engine::synapses() const { return impl_->synapses(); }
void Engine::load(int slot, std::span<const float> pixels, std::uint64_t sample, std::int64_t steps) {
  impl_->load(slot, pixels, sample, steps);
}
void Engine::step() { impl_->step(); }
void Engine::release(int slot) { impl_->at(slot).occupied = false; }
bool Engine::occupied(int slot) const { return impl_->at(slot).occupied; }
int Engine::time(int slot) const { return impl_->at(slot).time; }
std::span<const float> Engine::logits(int slot) const { return impl_->readout().logits(slot); }
std::span<const std::uint64_t> Engine::spike_counts(int slot) const { return impl_->spike_counts(slot); }
std::uint64_t Engine::spike_hash(int slot) const { return impl_->at(slot).hash; }
void Engine::set_probe(SignalProbe* probe) { impl_->set_probe(probe); }

}  // namespace rheobase
