// What happens between two steps, without the host: one block walks over the slots in ascending order, as the
// host's executor does, so that the order of results and the slots that samples get are the host's too.
#include "sim/cuda/executor/schedule.h"

#include "sim/cuda/device/device_ops.cuh"
#include "sim/engine/readout_step.h"

namespace rheobase::cuda {
namespace {

constexpr unsigned threads = 256;
constexpr std::size_t scan_bytes = threads / 32 * sizeof(std::int32_t);

// How many threads before this one have the flag; `total`: of the block.
__device__ std::int32_t count_before(bool flag, std::int32_t& total) {
  auto* by_warp = reinterpret_cast<std::int32_t*>(dynamic_shared());
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const std::uint32_t votes = __ballot_sync(0xffffffffU, flag);
  if (lane == 0) by_warp[warp] = __popc(votes);
  __syncthreads();
  std::int32_t before = 0;
  total = 0;
  for (int w = 0; w < static_cast<int>(threads) / 32; ++w) {
    if (w < warp) before += by_warp[w];
    total += by_warp[w];
  }
  __syncthreads();  // all have read the counts: the next call may write them
  return before + __popc(votes & ((1U << lane) - 1));
}

__device__ void clear_slot(const RunState& run, std::int32_t slot) {
  for (std::int32_t i = 0; i < run.spiking; ++i) run.counts[std::int64_t{slot} * run.spiking + i] = 0;
  for (std::int32_t i = 0; i < run.counted.size; ++i)
    run.counted.work[std::int64_t{slot} * run.counted.size + i] = 0;
  for (std::int32_t i = 0; i < run.counted.synapses; ++i)
    run.counted.synapse_costs[std::int64_t{slot} * run.counted.synapses + i] = {0, 0};
}

__device__ void take_entry(const RunState& run, std::int32_t slot, std::int64_t number) {
  const std::int32_t entry = run.queue.waiting[number % run.queue.capacity];
  SlotRecord record;
  record.occupied = 1;
  record.entry = entry;
  record.id = run.queue.staged[entry].id;
  record.limit = run.queue.staged[entry].limit;
  run.slot[slot] = record;
  run.time[slot] = 0;
}

__global__ void __launch_bounds__(threads) admit_kernel(RunState run) {
  std::int64_t next = *run.queue.taken_count;
  const std::int64_t staged = *run.queue.staged_count;
  std::int32_t active = 0, fresh = 0;
  for (std::int32_t first = 0; first < run.slots; first += static_cast<std::int32_t>(threads)) {
    const std::int32_t slot = first + static_cast<std::int32_t>(threadIdx.x);
    const bool here = slot < run.slots;
    bool occupied = here && run.slot[slot].occupied != 0;
    std::int32_t total = 0;
    const std::int64_t number = next + count_before(here && !occupied, total);
    if (here && !occupied && number < staged) {
      take_entry(run, slot, number);
      occupied = true;
    }
    next = next + total < staged ? next + total : staged;
    const bool starts = occupied && run.time[slot] == 0;
    const std::int32_t active_place = active + count_before(occupied, total);
    active += total;
    const std::int32_t fresh_place = fresh + count_before(starts, total);
    fresh += total;
    if (occupied) run.active[active_place] = slot;
    if (starts) {
      run.fresh[fresh_place] = slot;
      clear_slot(run, slot);
    }
  }
  if (threadIdx.x != 0) return;
  *run.queue.taken_count = next;
  *run.active_count = active;
  *run.fresh_count = fresh;
}

// Images are whole words of 64 bytes (Buffer::aligned).
__global__ void __launch_bounds__(threads)
    load_kernel(RunState run, const std::uint32_t* images, DeviceSignal input, std::int32_t words) {
  const std::int64_t total = std::int64_t{*run.fresh_count} * words;
  for (std::int64_t i = std::int64_t{blockIdx.x} * threads + threadIdx.x; i < total;
       i += std::int64_t{gridDim.x} * threads) {
    const std::int32_t slot = run.fresh[i / words], entry = run.slot[slot].entry;
    if (entry >= 0)
      input.of<std::uint32_t>(slot)[i % words] = images[std::int64_t{entry} * words + i % words];
  }
}

// The sums of the steps so far, and the logits that they mean.
__device__ float* add_readout(const RunState& run, std::int32_t slot, std::int32_t t) {
  const DeviceReadout& readout = run.readout;
  const auto* step = readout.output.of<const std::int32_t>(slot);
  std::int64_t* sums = readout.sums + std::int64_t{slot} * readout.classes;
  float* logits = readout.logits + std::int64_t{slot} * readout.classes;
  const int factor = readout.running != 0 ? t : 1;
  for (std::int32_t k = 0; k < readout.classes; ++k) {
    sums[k] = (t == 1 ? 0 : sums[k]) + step[k];
    logits[k] = logit_of(sums[k], readout.units[k], readout.start[k], factor);
  }
  return logits;
}

// One node's work of this step. What does not change was counted in the first step and counts again in each.
__device__ void add_node(const CountedWork& counted, const CountedNode& node, std::int32_t slot,
                         bool constant_counts, StepCost& step) {
  std::uint64_t* work = counted.work + std::int64_t{slot} * counted.size + node.base;
  if (node.constant == 0 || constant_counts) {
    const bool unit = work[1] == 0;
    if (node.neuron != 0) step.spikes += work[0];
    for (std::int32_t i = 0; i < node.readers; ++i) {
      const std::uint64_t operations = work[2 + i];
      SynapseCost& cost =
          counted
              .synapse_costs[std::int64_t{slot} * counted.synapses + counted.synapse[node.first_reader + i]];
      (unit ? cost.acs : cost.macs) += operations;
      (unit ? step.acs : step.macs) += operations;
    }
  }
  if (node.constant != 0) return;
  for (std::int32_t i = 0; i < 2 + node.readers; ++i) work[i] = 0;
}

__device__ StepCost add_costs(const RunState& run, std::int32_t slot, std::int32_t t) {
  SlotRecord& own = run.slot[slot];
  const bool evaluated = run.counted.output_constant == 0 || t == 1;
  const bool constant_counts = evaluated && (own.evaluations == 0 || run.counted.image_once == 0);
  if (evaluated) ++own.evaluations;
  StepCost step;
  for (std::int32_t i = 0; i < run.counted.nodes; ++i)
    add_node(run.counted, run.counted.node[i], slot, constant_counts, step);
  return step;
}

// What is kept of a streamed sample's step.
__device__ void record_step(const RunState& run, std::int32_t slot, std::int32_t t, const float* logits,
                            const StepCost& cost) {
  const std::int64_t place = std::int64_t{run.slot[slot].entry} * run.records.most_steps + t - 1;
  for (std::int32_t k = 0; k < run.readout.classes; ++k)
    run.records.logits[place * run.readout.classes + k] = logits[k];
  if (run.counted.nodes > 0) run.records.steps[place] = cost;
}

__device__ void record_end(const RunState& run, std::int32_t slot, std::int32_t t, bool stopped) {
  const SlotRecord& own = run.slot[slot];
  run.records.finished[own.entry] = {t, stopped ? 1 : 0, own.evaluations, own.hash};
  for (std::int32_t i = 0; i < run.spiking; ++i)
    run.records.counts[std::int64_t{own.entry} * run.spiking + i] =
        run.counts[std::int64_t{slot} * run.spiking + i];
  for (std::int32_t i = 0; i < run.counted.synapses; ++i) {
    run.records.synapses[std::int64_t{own.entry} * run.counted.synapses + i] =
        run.counted.synapse_costs[std::int64_t{slot} * run.counted.synapses + i];
  }
}

// One slot's step is over; whether its sample is done.
__device__ bool conclude_slot(const RunState& run, std::int32_t slot) {
  SlotRecord& own = run.slot[slot];
  const std::int32_t t = ++run.time[slot];
  const float* logits = add_readout(run, slot, t);
  const StepCost cost = add_costs(run, slot, t);
  if (own.entry < 0) return false;
  record_step(run, slot, t, logits, cost);
  const bool stopped = t < own.limit && stops(run.rule, logits, run.readout.classes, t, own.memory);
  if (!stopped && t < own.limit) return false;
  record_end(run, slot, t, stopped);
  own.occupied = 0;
  return true;
}

__global__ void __launch_bounds__(threads) conclude_kernel(RunState run) {
  std::int32_t finished = *run.queue.finished_count;
  for (std::int32_t first = 0; first < run.slots; first += static_cast<std::int32_t>(threads)) {
    const std::int32_t slot = first + static_cast<std::int32_t>(threadIdx.x);
    const bool done = slot < run.slots && run.slot[slot].occupied != 0 && conclude_slot(run, slot);
    std::int32_t total = 0;
    const std::int32_t place = finished + count_before(done, total);
    finished += total;
    if (done) run.queue.finished[place] = run.slot[slot].entry;
  }
  if (threadIdx.x == 0) *run.queue.finished_count = finished;
}

}  // namespace

void enqueue_admit(const RunState& run, StreamHandle stream) {
  launch({stream, 1, threads, scan_bytes}, admit_kernel, run);
}

void enqueue_load(const RunState& run, const std::byte* images, const SignalView& input, int most_blocks,
                  StreamHandle stream) {
  const auto words = static_cast<std::int32_t>(input.entry_bytes / sizeof(std::uint32_t));
  DeviceSignal signal;
  signal.data = input.data;
  signal.slot_bytes = static_cast<std::int64_t>(input.entry_bytes);
  const auto blocks = static_cast<unsigned>(most_blocks);
  launch({stream, blocks, threads, 0}, load_kernel, run, reinterpret_cast<const std::uint32_t*>(images),
         signal, words);
}

void enqueue_conclude(const RunState& run, StreamHandle stream) {
  launch({stream, 1, threads, scan_bytes}, conclude_kernel, run);
}

}  // namespace rheobase::cuda
