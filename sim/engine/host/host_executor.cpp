#include "sim/engine/host/host_executor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/core/error.h"
#include "sim/engine/host/operation_meter.h"
#include "sim/engine/host/readout.h"
#include "sim/engine/host/signal_memory.h"
#include "sim/engine/host/slot_schedule.h"
#include "sim/engine/host/tally.h"

namespace rheobase {
namespace {

// nullptr for a node without a kernel of its own: Input, and what vanished into another.
const HostKernel* host_kernel_of(const PlannedNode& node) {
  return dynamic_cast<const HostKernel*>(node.kernel.get());
}

// Of one task.
std::size_t scratch_bytes(const Plan& plan) {
  std::size_t most = 0;
  for (const PlannedNode& node : plan.nodes) {
    if (const HostKernel* kernel = host_kernel_of(node)) most = std::max(most, kernel->scratch_bytes());
  }
  return most;
}

class HostExecutor : public Executor {
 public:
  HostExecutor(const Plan& plan, const OperationPlan& operations, const EngineOptions& options,
               std::vector<PathChoice>& paths)
      : Executor(options.slots),
        plan_(plan),
        input_(dynamic_cast<const HostInput&>(*plan.nodes[plan.input].kernel)),
        paths_(paths),
        pool_(options.threads),
        schedule_(options.slots, options.lookahead),
        memory_(plan, options.slots, options.lookahead),
        scratch_(Buffer::aligned(scratch_bytes(plan)) * pool_.threads()),
        readout_(plan, options.slots, options.readout_delay),
        tally_(plan, schedule_, options.hash),
        streamed_(options.slots) {
    for (const PlannedNode& node : plan.nodes) kernels_.push_back(host_kernel_of(node));
    if (options.costs) meter_.emplace(operations, schedule_);
    inputs_.reserve(plan.nodes.size());
    finished_.reserve(options.slots);
  }

  void begin(const StopRule& rule) override {
    rule_ = rule;
    finished_.clear();
    for (int slot = 0; slot < schedule_.slots(); ++slot) schedule_[slot] = {};
  }

  void stage(const StagedSample& staged) override {
    const bool streamed = staged.slot == StagedSample::any_slot;
    const int slot = streamed ? schedule_.first_free() : staged.slot;
    SlotState& state = schedule_.at(slot);
    StreamedSample& own = streamed_[slot];
    if (encodes_once()) {
      input_.encode(staged.sample, staged.id, 0,
                    memory_.signal(plan_.input).entry(schedule_.first_lane(slot)));
    } else {
      own.pixels.assign(staged.sample.pixels.begin(), staged.sample.pixels.end());
      own.events.assign(staged.sample.events.begin(), staged.sample.events.end());
      own.stream = staged.sample.stream;
    }
    own.memory = {};
    own.logits_by_step.clear();
    state = {true, streamed, staged.id, std::min(staged.steps, plan_.max_steps)};
    readout_.clear(slot);
    tally_.clear(slot);
    if (meter_) meter_->clear(slot);
    memory_.start(slot);
    for (const int node : plan_.delays) {
      const SignalView signal = memory_.signal(node);
      std::fill_n(signal.entry(schedule_.first_lane(slot)), signal.entry_bytes, std::byte{0});
    }
  }

  void feed(int slot, std::span<const InputEvent> events) override {
    std::vector<InputEvent>& own = streamed_.at(slot).events;
    drop_taken(slot);
    own.insert(own.end(), events.begin(), events.end());
    std::stable_sort(own.begin(), own.end(),
                     [](const InputEvent& a, const InputEvent& b) { return a.step < b.step; });
  }

  void advance(int steps, SignalTap* tap) override {
    finished_.clear();
    for (int i = 0; i < steps && finished_.empty(); ++i) step(tap);
  }

  std::span<const SampleResult> finished() const override { return finished_; }

  SlotReading read(int slot) const override {
    const SlotState& state = schedule_.at(slot);
    return {state.occupied, state.time, readout_.logits(slot), tally_.spike_counts(slot),
            tally_.spike_hash(slot)};
  }

  void release(int slot) override { schedule_.at(slot).occupied = false; }

 private:
  // What is kept of the sample in a slot beside its signals.
  struct StreamedSample {
    StopMemory memory;
    std::vector<float> logits_by_step;
    std::vector<float> pixels;            // of codings that are computed at every step
    std::vector<InputEvent> events;       // the same
    std::shared_ptr<EventStream> stream;  // of more of them
  };

  bool encodes_once() const { return plan_.nodes[plan_.input].output.constant; }

  void step(SignalTap* tap) {
    for (int slot = 0; slot < schedule_.slots(); ++slot) {
      const SlotState& state = schedule_[slot];
      if (state.occupied && state.ready == 0 && state.time >= state.limit) refuse(state);
    }
    schedule_.collect();
    try {
      if (!schedule_.lanes().empty()) compute(tap);
    } catch (...) {
      schedule_.drop_collected();
      throw;
    }
    for (int slot = 0; slot < schedule_.slots(); ++slot) {
      if (schedule_[slot].occupied) take(slot, tap);
    }
  }

  [[noreturn]] void refuse(const SlotState& state) const {
    if (state.time < plan_.max_steps)
      throw InternalError("a sample is stepped beyond the steps it was given");
    throw InputError("graph", plan_.max_steps_node,
                     "fixed arithmetic may overflow after " + std::to_string(plan_.max_steps) + " steps");
  }

  void compute(SignalTap* tap) {
    if (tap != nullptr) tap->begin(schedule_.lanes());
    tally_.begin(schedule_.lanes());
    if (meter_) meter_->begin(schedule_.lanes());
    const int constant = plan_.constant_nodes;
    if (!schedule_.fresh_lanes().empty())
      run(0, constant, schedule_.fresh_lanes(), schedule_.fresh_slots(), tap);
    if (!encodes_once()) {
      for (const SlotLanes& slot : schedule_.slot_lanes())
        read_stream(schedule_.lanes()[slot.first + slot.count - 1]);
      encode_steps();
    }
    run(constant, static_cast<int>(plan_.nodes.size()), schedule_.lanes(), schedule_.slot_lanes(), tap);
    for (const int node : plan_.delays) delay(node);
  }

  // What a node emitted becomes what its Delay emits in the next step.
  void delay(int node) {
    const SignalView from = memory_.signal(plan_.nodes[node].delays), to = memory_.signal(node);
    for_each_lane(schedule_.lanes(), [&](int lane) {
      std::copy_n(from.entry(lane), plan_.nodes[node].output.bytes(), to.entry(lane));
    });
  }

  void drop_taken(int slot) {
    std::vector<InputEvent>& own = streamed_[slot].events;
    const auto over = [&](const InputEvent& event) { return event.step <= schedule_[slot].time; };
    own.erase(own.begin(), std::find_if_not(own.begin(), own.end(), over));
  }

  // Reads on to the step of a lane, the last of its slot, in place of what is over.
  void read_stream(int lane) {
    const int slot = schedule_.slot_of(lane);
    StreamedSample& own = streamed_[slot];
    if (own.stream == nullptr) return;
    drop_taken(slot);
    const std::size_t before = own.events.size();
    const auto step = static_cast<std::int64_t>(schedule_.step_of(lane));
    own.stream->read(step, own.events);
    std::int64_t last = before > 0 ? own.events[before - 1].step : schedule_[slot].time + 1;
    for (const InputEvent& event : std::span(own.events).subspan(before)) {
      if (event.step < last || event.step > step || event.place < 0 ||
          event.place >= plan_.nodes[plan_.input].output.shape.size())
        throw InputError("sample", std::to_string(schedule_[slot].sample),
                         "streams an event of a step that was read, or outside of the input");
      last = event.step;
    }
  }

  void encode_steps() {
    const SignalView out = memory_.signal(plan_.input);
    for_each_lane(schedule_.lanes(), [&](int lane) {
      const int slot = schedule_.slot_of(lane);
      const StreamedSample& own = streamed_[slot];
      input_.encode({own.pixels, own.events, 0, nullptr}, schedule_[slot].sample, schedule_.step_of(lane),
                    out.entry(lane));
    });
  }

  template <class Body>
  void for_each_lane(std::span<const int> lanes, const Body& body) {
    pool_.for_ranges(static_cast<std::int64_t>(lanes.size()), 1,
                     [&](std::int64_t begin, std::int64_t) { body(lanes[begin]); });
  }

  void run(int begin, int end, std::span<const int> lanes, std::span<const SlotLanes> slots, SignalTap* tap) {
    for (int i = begin; i < end; ++i) {
      const PlannedNode& node = plan_.nodes[i];
      if (node.absorbed) continue;
      inputs_.clear();
      for (const int input : node.inputs) inputs_.push_back(memory_.signal(input));
      const std::span scratch(scratch_.data(), scratch_.size());
      if (kernels_[i] != nullptr) {
        kernels_[i]->step(
            {lanes, slots, inputs_, memory_.signal(i), memory_.state(i), pool_, scratch, paths_[i].path()});
      }
      look_at(i, lanes, tap);
      if (paths_[i].has_choice()) observe_density(i, lanes);
    }
  }

  // Counts, hashes and shows a node's output.
  void look_at(int index, std::span<const int> lanes, SignalTap* tap) {
    const bool counted = tally_.counts(index);
    const bool metered = meter_ && meter_->counts(index);
    if (!counted && !metered && tap == nullptr) return;
    const SignalView out = memory_.signal(index);
    for_each_lane(lanes, [&](int lane) {
      std::optional<std::uint64_t> active;
      if (metered) active = meter_->look(index, out, lane);
      if (counted) tally_.look(index, out, lane, active);
      if (tap != nullptr) tap->on_signal(index, plan_.nodes[index].output, out, lane);
    });
  }

  void observe_density(int index, std::span<const int> lanes) {
    const int input = plan_.nodes[index].inputs.at(0);
    std::uint64_t spikes = 0;
    for (const int lane : lanes) spikes += tally_.events(input, lane);
    const auto size = static_cast<std::uint64_t>(plan_.nodes[input].output.shape.size());
    paths_[index].observe(spikes, size * lanes.size(), lanes.size());
  }

  // Makes the next of the computed steps of a slot its present, and looks whether its sample is done.
  void take(int slot, SignalTap* tap) {
    const int lane = schedule_.take(slot);
    readout_.add(slot, lane, memory_.signal(plan_.output));
    tally_.take(slot, lane);
    if (meter_) meter_->take(slot, lane);
    if (tap != nullptr) tap->taken(lane);
    if (schedule_[slot].streamed) end_if_done(slot);
  }

  void end_if_done(int slot) {
    SlotState& state = schedule_[slot];
    StreamedSample& own = streamed_[slot];
    const std::span<const float> logits = readout_.logits(slot);
    own.logits_by_step.insert(own.logits_by_step.end(), logits.begin(), logits.end());
    const bool stopped =
        state.time < state.limit && stops(rule_, logits.data(), readout_.classes(), state.time, own.memory);
    if (!stopped && state.time < state.limit) return;
    finished_.push_back({static_cast<std::int64_t>(state.sample), state.time, stopped, own.logits_by_step,
                         tally_.spike_counts(slot), tally_.spike_hash(slot),
                         meter_ ? meter_->cost(slot) : SampleCost{}});
    state.occupied = false;
    own.stream = nullptr;
  }

  const Plan& plan_;
  const HostInput& input_;
  std::vector<PathChoice>& paths_;          // by node
  std::vector<const HostKernel*> kernels_;  // by node
  TaskPool pool_;
  SlotSchedule schedule_;
  SignalMemory memory_;
  Buffer scratch_;  // of all workers
  Readout readout_;
  Tally tally_;
  std::optional<OperationMeter> meter_;
  StopRule rule_;
  std::vector<StreamedSample> streamed_;  // by slot
  std::vector<SampleResult> finished_;
  std::vector<SignalView> inputs_;  // of one node, kept to keep its memory
};

}  // namespace

std::vector<PathChoice> path_choices(const Plan& plan, KernelChoice forced) {
  std::vector<PathChoice> paths;
  for (const PlannedNode& node : plan.nodes) {
    const HostKernel* kernel = host_kernel_of(node);
    paths.emplace_back(kernel != nullptr ? kernel->dense_from() : 2.0, forced);
  }
  return paths;
}

std::unique_ptr<Executor> make_host_executor(const Plan& plan, const OperationPlan& operations,
                                             const EngineOptions& options, std::vector<PathChoice>& paths) {
  return std::make_unique<HostExecutor>(plan, operations, options, paths);
}

std::size_t host_bytes_per_slot(const Plan& plan, int lookahead) {
  std::size_t bytes = 0;
  for (const PlannedBuffer& buffer : plan.buffers) bytes += buffer.bytes * (buffer.constant ? 1 : lookahead);
  for (const PlannedNode& node : plan.nodes)
    bytes += node.state.size > 0 ? Buffer::aligned(node.state.size * sizeof(std::uint32_t)) : 0;
  return bytes;
}

}  // namespace rheobase
