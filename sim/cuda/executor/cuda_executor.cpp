#include "sim/cuda/executor/cuda_executor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "sim/core/error.h"
#include "sim/cuda/device/gpu.h"
#include "sim/cuda/executor/counting.h"
#include "sim/cuda/executor/sample_queue.h"
#include "sim/cuda/executor/schedule.h"
#include "sim/cuda/kernels/register.h"
#include "sim/device/buffer.h"
#include "sim/engine/executor.h"

namespace rheobase {
namespace cuda {
namespace {

// Steps of streamed samples that are ordered before the host looks for results.
constexpr int steps_ahead = 4;
// Samples that wait for each slot, so that it is filled again without the host.
constexpr int entries_per_slot = 2;
// Kernels number the output pixels of all slots with 31 bits, and step beyond the last by a grid.
constexpr std::int64_t most_pixels = std::int64_t{1} << 30;

int classes_of(const Plan& plan) { return static_cast<int>(plan.nodes[plan.output].output.shape.size()); }

// Units and start of the readout, one a class.
template <class To, class From>
DeviceTable<To> per_class(const std::vector<From>& values, int classes) {
  std::vector<To> all(values.begin(), values.end());
  if (all.size() == 1) all.resize(static_cast<std::size_t>(classes), all[0]);
  return DeviceTable<To>(std::move(all));
}

// Everything of a number of slots that lies in memory of the GPU.
struct SlotMemory {
  SlotMemory(const Plan& plan, const Counting& counting, int slots)
      : signals(plan, slots),
        queue(slots * entries_per_slot, signals.signal(plan.input).entry_bytes),
        records(slots * entries_per_slot, classes_of(plan), static_cast<int>(plan.spiking.size()),
                counting.work().synapses),
        slot(sizeof(SlotRecord) * static_cast<std::size_t>(slots)),
        // time, active and fresh slots, and how many those are
        lists(sizeof(std::int32_t) * (3 * static_cast<std::size_t>(slots) + 2)),
        counts(sizeof(std::uint64_t) * static_cast<std::size_t>(slots) * plan.spiking.size()),
        sums(sizeof(std::int64_t) * static_cast<std::size_t>(slots) * classes_of(plan)),
        logits(sizeof(float) * static_cast<std::size_t>(slots) * classes_of(plan)) {}

  static std::size_t bytes_per_slot(const Plan& plan, const Counting& counting) {
    const std::size_t image = Buffer::aligned(plan.nodes[plan.input].output.bytes());
    return DeviceSignals::bytes(plan) + image * entries_per_slot + sizeof(SlotRecord) +
           3 * sizeof(std::int32_t) + sizeof(std::uint64_t) * plan.spiking.size() +
           (sizeof(std::int64_t) + sizeof(float)) * static_cast<std::size_t>(classes_of(plan)) +
           counting.bytes_per_slot();
  }

  DeviceSignals signals;
  SampleQueue queue;
  ResultRecords records;
  DeviceMemory slot, lists, counts, sums, logits;
};

class CudaExecutor : public Executor {
 public:
  CudaExecutor(const Plan& plan, const OperationPlan& operations, const EngineOptions& options)
      : Executor(options.slots * entries_per_slot),
        plan_(plan),
        input_(dynamic_cast<const HostInput&>(*plan.nodes[plan.input].kernel)),
        gpu_((use_gpu(options.gpu), options.gpu)),
        slots_(options.slots),
        most_blocks_(resident_blocks()),
        counting_(plan, operations, options),
        units_(per_class<double>(plan.units, classes_of(plan))),
        start_(per_class<float>(plan.start, classes_of(plan))),
        readings_(static_cast<std::size_t>(slots_)) {
    check_readout(options);
    check_pixels();
    upload_tables();
    allocate(options);
    make_run_state();
    for (int i = 0; i < static_cast<int>(plan.nodes.size()); ++i) {
      const PlannedNode& node = plan.nodes[i];
      looks_.push_back(node.absorbed ? LookedAt{} : counting_.look(i, memory_->signals.signal(i)));
    }
    empty_slots({});
  }

  void begin(const StopRule& rule) override { empty_slots(rule); }

  void stage(const StagedSample& staged) override {
    use_gpu(gpu_);
    finished_.clear();
    const std::int64_t limit = std::min(staged.steps, plan_.max_steps);
    if (staged.slot != StagedSample::any_slot) return put(staged, limit);
    SampleQueue& queue = memory_->queue;
    image_.assign(queue.image_bytes(), std::byte{0});
    input_.encode(staged.sample, staged.id, 0, image_.data());  // may throw: nothing is staged then
    const std::int32_t entry = queue.stage(staged.id, limit);
    std::copy(image_.begin(), image_.end(), queue.host_image(entry));
    stream_.copy_to_device(queue.device_image(entry), queue.host_image(entry), queue.image_bytes());
  }

  void feed(int /*slot*/, std::span<const InputEvent> /*events*/) override {
    throw InternalError("direct coding has no events");  // Engine::feed() takes no others
  }

  void advance(int steps, SignalTap* tap) override {
    use_gpu(gpu_);
    finished_.clear();
    if (tap != nullptr)
      throw InputError("--device", "cuda", "shows no signals of single steps; use --device cpu");
    if (memory_->queue.is_idle()) return advance_loaded(steps);
    reserve_records(steps);
    for (int done = 0; done < steps && finished_.empty();) {
      const int now = std::min(steps - done, steps_ahead);
      for (int i = 0; i < now; ++i) enqueue_step();
      collect();
      done += now;
    }
  }

  std::span<const SampleResult> finished() const override { return finished_; }

  SlotReading read(int slot) const override {
    const Reading& reading = readings_.at(slot);
    if (stale_) download();
    return {reading.occupied, reading.time, reading.logits, reading.counts, reading.hash};
  }

  void release(int slot) override {
    use_gpu(gpu_);
    if (stale_) download();
    readings_.at(slot).occupied = false;
    const SlotRecord empty;
    stream_.copy_to_device(run_.slot + slot, &empty, sizeof empty);
    stream_.synchronize();
  }

 private:
  // What is known of a slot on the host.
  struct Reading {
    bool occupied = false;
    int time = 0;
    std::int64_t limit = 0;
    std::vector<float> logits;
    std::vector<std::uint64_t> counts;
    std::uint64_t hash = 0;
  };

  static void check_readout(const EngineOptions& options) {
    if (options.readout_delay > 0)
      throw InputError("--readout-delay", std::to_string(options.readout_delay),
                       "cuda reads out from the first step on; use --device cpu");
  }

  void check_pixels() const {
    for (const PlannedNode& node : plan_.nodes) {
      const std::int64_t fitting = most_pixels / std::max<std::int64_t>(1, node.output.shape.pixels());
      if (fitting < slots_)
        throw InputError("--slots", std::to_string(slots_),
                         "cuda takes up to " + std::to_string(fitting) + " of this network");
    }
    if (plan_.delays.empty()) return;
    throw InputError("graph", plan_.graph_nodes[plan_.delays[0]].name,
                     "cuda has no kernel for Delay in fixed; use --device cpu");
  }

  void upload_tables() {
    try {
      for (const PlannedNode& node : plan_.nodes) {
        kernels_.push_back(dynamic_cast<CudaKernel*>(node.kernel.get()));
        if (kernels_.back() != nullptr) kernels_.back()->upload();
      }
      units_.upload();
      start_.upload();
    } catch (const OutOfDeviceMemory& error) {
      throw InputError("--device", "cuda", "the GPU has no room for the network's weights; use --device cpu");
    }
  }

  void allocate(const EngineOptions& options) {
    const std::size_t free = free_memory();
    try {
      counting_.allocate(options.slots);
      memory_.emplace(plan_, counting_, options.slots);
    } catch (const OutOfDeviceMemory& error) {
      const std::size_t each = SlotMemory::bytes_per_slot(plan_, counting_);
      throw InputError("--slots", std::to_string(options.slots),
                       "do not fit into the " + std::to_string(free >> 20) +
                           " MiB that the GPU has left: up to " + std::to_string(free / each) + " do");
    }
  }

  void make_run_state() {
    run_.slots = slots_;
    run_.slot = memory_->slot.as<SlotRecord>();
    run_.time = memory_->lists.as<std::int32_t>();
    run_.active = run_.time + slots_;
    run_.fresh = run_.active + slots_;
    run_.active_count = run_.fresh + slots_;
    run_.fresh_count = run_.active_count + 1;
    run_.counts = memory_->counts.as<std::uint64_t>();
    run_.spiking = static_cast<std::int32_t>(plan_.spiking.size());
    run_.queue = memory_->queue.device_view();
    run_.counted = counting_.work();
    const DeviceSignal output(plan_.nodes[plan_.output].output, memory_->signals.signal(plan_.output));
    run_.readout = {classes_of(plan_),
                    plan_.running ? 1 : 0,
                    output,
                    units_.data(),
                    start_.data(),
                    memory_->sums.as<std::int64_t>(),
                    memory_->logits.as<float>()};
  }

  void empty_slots(const StopRule& rule) {
    use_gpu(gpu_);
    stream_.synchronize();
    stream_.clear(run_.slot, memory_->slot.size());
    thresholds_ = DeviceTable(std::vector<float>(rule.thresholds, rule.thresholds + rule.threshold_count));
    thresholds_.upload();
    run_.rule = rule;
    run_.rule.thresholds = thresholds_.data();
    memory_->queue.clear();
    finished_.clear();
    std::fill(readings_.begin(), readings_.end(), Reading{});
    stream_.synchronize();
  }

  // A sample of Engine::load(): no rule ends it.
  void put(const StagedSample& staged, std::int64_t limit) {
    if (stale_) download();
    image_.assign(memory_->queue.image_bytes(), std::byte{0});
    input_.encode(staged.sample, staged.id, 0, image_.data());
    const SignalView input = memory_->signals.signal(plan_.input);
    SlotRecord record;
    record.occupied = 1;
    record.id = staged.id;
    const std::int32_t time = 0;
    stream_.copy_to_device(input.entry(staged.slot), image_.data(), image_.size());
    stream_.copy_to_device(run_.slot + staged.slot, &record, sizeof record);
    stream_.copy_to_device(run_.time + staged.slot, &time, sizeof time);
    stream_.synchronize();
    Reading& reading = readings_.at(staged.slot);
    reading = {true, 0, limit, plan_.start, std::vector<std::uint64_t>(plan_.spiking.size(), 0), 0};
  }

  void advance_loaded(int steps) {
    if (stale_) download();
    for (const Reading& reading : readings_) {
      if (reading.occupied && reading.time + steps > reading.limit) refuse(reading);
    }
    for (int i = 0; i < steps; ++i) enqueue_step();
    stream_.synchronize();
    stale_ = true;
  }

  [[noreturn]] void refuse(const Reading& reading) const {
    if (reading.limit < plan_.max_steps)
      throw InternalError("a sample is stepped beyond the steps it was given");
    throw InputError("graph", plan_.max_steps_node,
                     "fixed arithmetic may overflow after " + std::to_string(plan_.max_steps) + " steps");
  }

  void reserve_records(int steps) {
    try {
      memory_->records.reserve(steps);
    } catch (const OutOfDeviceMemory& error) {
      throw InputError("--steps", std::to_string(steps),
                       "the host has no memory for the results of " + std::to_string(capacity()) +
                           " samples with so many; use fewer --slots");
    }
    run_.records = memory_->records.device_view();
  }

  void enqueue_step() {
    enqueue_admit(run_, stream_.get());
    enqueue_load(run_, memory_->queue.device_image(0), memory_->signals.signal(plan_.input), most_blocks_,
                 stream_.get());
    run(0, plan_.constant_nodes, run_.fresh_slots());
    run(plan_.constant_nodes, static_cast<int>(plan_.nodes.size()), run_.all_slots());
    enqueue_conclude(run_, stream_.get());
  }

  void run(int begin, int end, const ActiveSlots& active) {
    for (int i = begin; i < end; ++i) {
      const PlannedNode& node = plan_.nodes[i];
      if (node.absorbed) continue;
      inputs_.clear();
      for (const int input : node.inputs) inputs_.push_back(memory_->signals.signal(input));
      if (kernels_[i] != nullptr) {
        kernels_[i]->enqueue({active, slots_, most_blocks_, inputs_, memory_->signals.signal(i),
                              memory_->signals.state(i), stream_.get()});
      }
      if (looks_[i].sees()) enqueue_look(run_, active, looks_[i], most_blocks_, stream_.get());
    }
  }

  void collect() {
    stream_.synchronize();
    stale_ = true;
    for (const std::int32_t entry : memory_->queue.take_finished())
      finished_.push_back(memory_->records.result(memory_->queue.staged(entry), entry));
  }

  // Brings the slots' readings up to date.
  void download() const {
    use_gpu(gpu_);
    const auto slots = static_cast<std::size_t>(slots_);
    const std::size_t classes = plan_.start.size(), spiking = plan_.spiking.size();
    std::vector<SlotRecord> records(slots);
    std::vector<std::int32_t> times(slots);
    std::vector<float> logits(slots * classes);
    std::vector<std::uint64_t> counts(slots * spiking);
    stream_.copy_to_host(records.data(), run_.slot, sizeof(SlotRecord) * slots);
    stream_.copy_to_host(times.data(), run_.time, sizeof(std::int32_t) * slots);
    stream_.copy_to_host(logits.data(), run_.readout.logits, sizeof(float) * logits.size());
    stream_.copy_to_host(counts.data(), run_.counts, sizeof(std::uint64_t) * counts.size());
    stream_.synchronize();
    for (std::size_t i = 0; i < slots; ++i) {
      Reading& reading = readings_[i];
      reading.occupied = records[i].occupied != 0;
      if (!reading.occupied) continue;
      reading.time = times[i];
      reading.hash = records[i].hash;
      reading.logits.assign(logits.begin() + i * classes, logits.begin() + (i + 1) * classes);
      reading.counts.assign(counts.begin() + i * spiking, counts.begin() + (i + 1) * spiking);
    }
    stale_ = false;
  }

  const Plan& plan_;
  const HostInput& input_;
  int gpu_, slots_, most_blocks_;
  std::vector<CudaKernel*> kernels_;  // by node; none of Input and of what vanished into another
  Counting counting_;
  DeviceTable<double> units_;
  DeviceTable<float> start_, thresholds_;
  std::optional<SlotMemory> memory_;
  Stream stream_;
  RunState run_;
  std::vector<LookedAt> looks_;  // by node
  std::vector<SignalView> inputs_;
  std::vector<std::byte> image_;
  std::vector<SampleResult> finished_;
  mutable std::vector<Reading> readings_;  // by slot
  mutable bool stale_ = false;             // the GPU knows better
};

}  // namespace
}  // namespace cuda

std::unique_ptr<Executor> make_cuda_executor(const Plan& plan, const OperationPlan& operations,
                                             const EngineOptions& options) {
  return std::make_unique<cuda::CudaExecutor>(plan, operations, options);
}

void register_cuda(Registry& registry) {
  cuda::register_ops(registry);
  registry.add_executor(DeviceKind::cuda, make_cuda_executor);
}

}  // namespace rheobase
