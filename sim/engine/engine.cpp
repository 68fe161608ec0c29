#include "sim/engine/engine.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "sim/core/error.h"
#include "sim/core/hash.h"
#include "sim/device/buffer.h"
#include "sim/engine/input_encoder.h"
#include "sim/engine/plan.h"

namespace rheobase {
namespace {

const Node& input_node(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (node.op == "Input") return node;
  }
  throw InternalError("a planned graph has an Input");
}

std::uint64_t count_spikes(const SignalSpec& spec, const std::uint64_t* words) {
  std::uint64_t count = 0;
  for (std::int64_t w = 0; w < spec.shape.pixels() * spec.words_per_pixel(); ++w)
    count += std::popcount(words[w]);
  return count;
}

std::uint64_t hash_spikes(const SignalSpec& spec, const std::uint64_t* words, std::uint64_t prefix) {
  std::uint64_t hash = 0;
  const std::int64_t per_pixel = spec.words_per_pixel();
  for (std::int64_t w = 0; w < spec.shape.pixels() * per_pixel; ++w) {
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      const std::int64_t channel = w % per_pixel * 64 + std::countr_zero(rest);
      hash += spike_hash_term(prefix, channel * spec.shape.pixels() + w / per_pixel, 1);
    }
  }
  return hash;
}

// What the engine knows of the sample in a slot.
struct SlotState {
  bool occupied = false;
  std::uint64_t sample = 0;
  int time = 0;
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
        classes_(static_cast<int>(plan_.nodes[plan_.output].output.shape.size())),
        slots_(options.slots),
        logits_(static_cast<std::size_t>(options.slots) * classes_) {
    for (const std::size_t bytes : plan_.buffer_bytes) buffers_.emplace_back(bytes * options.slots);
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) add_state(static_cast<int>(i));
    spike_counts_.resize(spiking_.size() * options.slots);
    if (options.coding != Coding::direct) pixels_.resize(element_count(input_shape_) * options.slots);
  }

  void load(int slot, std::span<const float> pixels, std::uint64_t sample) {
    if (static_cast<std::int64_t>(pixels.size()) != element_count(input_shape_)) {
      throw InputError("sample", std::to_string(sample),
                       "does not have the shape " + to_string(input_shape_));
    }
    slots_.at(slot) = {true, sample, 0, 0};
    std::fill_n(logits_.begin() + slot * classes_, classes_, 0.0F);
    std::fill_n(spike_counts_.begin() + slot * spiking_.size(), spiking_.size(), 0);
    for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
      if (state_[i].slot_bytes == 0) continue;
      plan_.nodes[i].kernel->reset({state_[i].real(slot), plan_.nodes[i].kernel->state_size()});
    }
    if (options_.coding == Coding::direct) {
      encoder_.encode(pixels, sample, 0, view(plan_.input).real(slot));
    } else {
      std::copy(pixels.begin(), pixels.end(), pixels_.begin() + slot * pixels.size());
    }
  }

  void step() {
    fresh_.clear();
    active_.clear();
    for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
      if (!slots_[slot].occupied) continue;
      active_.push_back(slot);
      if (slots_[slot].time == 0) fresh_.push_back(slot);
      ++slots_[slot].time;
    }
    if (!fresh_.empty()) run(0, plan_.constant_nodes, fresh_);
    if (active_.empty()) return;
    if (options_.coding != Coding::direct) encode_step();
    run(plan_.constant_nodes, static_cast<int>(plan_.nodes.size()), active_);
    const SignalView readout = view(plan_.output);
    for (const int slot : active_) {
      for (int k = 0; k < classes_; ++k) logits_[slot * classes_ + k] += readout.real(slot)[k];
    }
  }

  SlotState& at(int slot) { return slots_.at(slot); }
  const Plan& plan() const { return plan_; }
  const Shape& input_shape() const { return input_shape_; }
  int slots() const { return static_cast<int>(slots_.size()); }
  int classes() const { return classes_; }
  const std::vector<SpikingNode>& spiking_nodes() const { return spiking_; }
  std::span<const float> logits(int slot) const {
    return std::span(logits_).subspan(slot * classes_, classes_);
  }
  std::span<const std::uint64_t> spike_counts(int slot) const {
    return std::span(spike_counts_).subspan(slot * spiking_.size(), spiking_.size());
  }
  std::size_t bytes_per_slot() const {
    std::size_t bytes = 0;
    for (const Buffer& buffer : buffers_) bytes += buffer.size();
    for (const Buffer& buffer : state_buffers_) bytes += buffer.size();
    return bytes / slots_.size();
  }
  void set_probe(SignalProbe* probe) { probe_ = probe; }

 private:
  void add_state(int index) {
    const PlannedNode& node = plan_.nodes[index];
    SignalView state;
    if (node.kernel && node.kernel->state_size() > 0) {
      state.slot_bytes = Buffer::aligned(node.kernel->state_size() * sizeof(float));
      state_buffers_.emplace_back(state.slot_bytes * options_.slots);
      state.data = state_buffers_.back().data();
    }
    state_.push_back(state);
    spiking_index_.push_back(-1);
    if (node.kernel && node.kernel->is_neuron() && node.output.type == SignalType::spikes) {
      spiking_index_.back() = static_cast<int>(spiking_.size());
      spiking_.push_back({plan_.graph_nodes[index].name, node.output.shape.size()});
    }
  }

  SignalView view(int node) const {
    const int buffer = plan_.nodes[node].buffer;
    return {buffers_[buffer].data(), plan_.buffer_bytes[buffer]};
  }

  void encode_step() {
    const std::int64_t size = element_count(input_shape_);
    pool_.for_ranges(static_cast<std::int64_t>(active_.size()), 1, [&](std::int64_t begin, std::int64_t) {
      const int slot = active_[begin];
      encoder_.encode(std::span(pixels_).subspan(slot * size, size), slots_[slot].sample, slots_[slot].time,
                      view(plan_.input).real(slot));
    });
  }

  void run(int begin, int end, const std::vector<int>& slots) {
    for (int i = begin; i < end; ++i) {
      const PlannedNode& node = plan_.nodes[i];
      inputs_.clear();
      for (const int input : node.inputs) inputs_.push_back(view(input));
      if (node.kernel) node.kernel->step({slots, inputs_, view(i), state_[i], pool_});
      if (spiking_index_[i] >= 0) count(i, slots);
      if (probe_ != nullptr) probe_->on_signal(i, node.output, view(i), slots);
    }
  }

  void count(int index, const std::vector<int>& slots) {
    const SignalSpec& spec = plan_.nodes[index].output;
    pool_.for_ranges(static_cast<std::int64_t>(slots.size()), 1, [&](std::int64_t begin, std::int64_t) {
      const int slot = slots[begin];
      SlotState& state = slots_[slot];
      const std::uint64_t* words = view(index).spikes(slot);
      spike_counts_[slot * spiking_.size() + spiking_index_[index]] += count_spikes(spec, words);
      if (options_.hash) {
        state.hash += hash_spikes(spec, words, spike_hash_prefix(state.sample, state.time, index));
      }
    });
  }

  EngineOptions options_;
  Plan plan_;
  TaskPool pool_;
  Shape input_shape_;
  InputEncoder encoder_;
  int classes_;
  std::vector<SlotState> slots_;
  std::vector<float> logits_;          // [slot][K]
  std::vector<Buffer> buffers_;        // signals, by Plan::buffer_bytes
  std::vector<Buffer> state_buffers_;  // of the nodes that have state
  std::vector<SignalView> state_;      // by node
  std::vector<int> spiking_index_;     // by node, -1: not a spiking neuron
  std::vector<SpikingNode> spiking_;
  std::vector<std::uint64_t> spike_counts_;  // [slot][spiking node]
  std::vector<float> pixels_;                // [slot][C][H][W], for codings that draw at every step
  SignalProbe* probe_ = nullptr;
  // Lists of one step, kept to keep their memory.
  std::vector<int> active_, fresh_;
  std::vector<SignalView> inputs_;
};

Engine::Engine(const Graph& graph, const Registry& registry, const EngineOptions& options) {
  if (options.slots < 1) throw InputError("slots", std::to_string(options.slots), "expected 1 or more");
  impl_ = std::make_unique<Impl>(graph, registry, options);
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

int Engine::slots() const { return impl_->slots(); }
int Engine::classes() const { return impl_->classes(); }
const Shape& Engine::input_shape() const { return impl_->input_shape(); }
const std::vector<Node>& Engine::nodes() const { return impl_->plan().graph_nodes; }
const std::vector<SpikingNode>& Engine::spiking_nodes() const { return impl_->spiking_nodes(); }
std::size_t Engine::bytes_per_slot() const { return impl_->bytes_per_slot(); }
void Engine::load(int slot, std::span<const float> pixels, std::uint64_t sample) {
  impl_->load(slot, pixels, sample);
}
void Engine::step() { impl_->step(); }
void Engine::release(int slot) { impl_->at(slot).occupied = false; }
bool Engine::occupied(int slot) const { return impl_->at(slot).occupied; }
int Engine::time(int slot) const { return impl_->at(slot).time; }
std::span<const float> Engine::logits(int slot) const { return impl_->logits(slot); }
std::span<const std::uint64_t> Engine::spike_counts(int slot) const { return impl_->spike_counts(slot); }
std::uint64_t Engine::spike_hash(int slot) const { return impl_->at(slot).hash; }
void Engine::set_probe(SignalProbe* probe) { impl_->set_probe(probe); }

}  // namespace rheobase
