#include "sim/cuda/executor/look.h"

#include <algorithm>

#include "sim/core/hash.h"
#include "sim/cuda/device/device_ops.cuh"

namespace rheobase::cuda {
namespace {

constexpr unsigned threads = 128;
// A cell is a word of 32 bits, or a number; a lane looks at some of them before the warp adds up.
constexpr std::int32_t cells_each = 8, cells_of_warp = 32 * cells_each;

std::int32_t cells_of(const LookedAt& look) {
  const bool bits = look.signal.type == SignalType::spikes;
  return look.pixels * (bits ? look.signal.words : look.signal.channels);
}

// Calls visit(pixel, channel, value) for what is not 0 among the cells of a lane.
template <class Visit>
__device__ void for_events(const LookedAt& look, std::int32_t slot, std::int32_t first, std::int32_t end,
                           const Visit& visit) {
  const DeviceSignal& signal = look.signal;
  for (std::int32_t cell = first; cell < end; cell += 32) {
    if (signal.type != SignalType::spikes) {
      const std::int32_t value = number_at(signal, slot, cell / signal.channels, cell % signal.channels);
      if (value != 0) visit(cell / signal.channels, cell % signal.channels, value);
      continue;
    }
    for (std::uint32_t rest = signal.of<const std::uint32_t>(slot)[cell]; rest != 0; rest &= rest - 1)
      visit(cell / signal.words, cell % signal.words * 32 + __ffs(static_cast<int>(rest)) - 1, 1);
  }
}

// Events, numbers that are no unit, and hash terms of a warp's cells.
__device__ void count_events(const RunState& run, const LookedAt& look, std::int32_t slot, std::int32_t first,
                             std::int32_t end, int lane) {
  const std::uint64_t prefix =
      spike_hash_prefix(run.slot[slot].id, static_cast<std::uint64_t>(run.time[slot]) + 1,
                        static_cast<std::uint64_t>(look.node));
  std::uint64_t events = 0, others = 0, hash = 0;
  for_events(look, slot, first, end, [&](std::int32_t pixel, std::int32_t channel, std::int32_t value) {
    ++events;
    if (value != look.one && value != -look.one) ++others;
    if (look.hashed != 0)
      hash += spike_hash_term(prefix,
                              static_cast<std::uint64_t>(channel) * static_cast<std::uint64_t>(look.pixels) +
                                  static_cast<std::uint64_t>(pixel),
                              value);
  });
  events = add_over_warp(events);
  if (look.base >= 0 && look.signal.type != SignalType::spikes) others = add_over_warp(others);
  if (look.hashed != 0) hash = add_over_warp(hash);
  if (lane != 0 || events == 0) return;
  if (look.spiking >= 0) atomic_add(run.counts + std::int64_t{slot} * run.spiking + look.spiking, events);
  if (look.hashed != 0) atomic_add(&run.slot[slot].hash, hash);
  if (look.base < 0) return;
  std::uint64_t* work = run.counted.work + std::int64_t{slot} * run.counted.size + look.base;
  atomic_add(work, events);
  if (look.signal.type != SignalType::spikes && others > 0) atomic_add(work + 1, others);
}

__device__ void count_operations(const RunState& run, const LookedAt& look, std::int32_t slot,
                                 std::int32_t first, std::int32_t end, int lane) {
  std::uint64_t* work = run.counted.work + std::int64_t{slot} * run.counted.size + look.base;
  const std::int64_t numbers = std::int64_t{look.pixels} * look.signal.channels;
  for (std::int32_t reader = 0; reader < look.readers; ++reader) {
    const std::uint32_t* fan_out = look.fan_out + numbers * reader;
    std::uint64_t operations = 0;
    for_events(look, slot, first, end, [&](std::int32_t pixel, std::int32_t channel, std::int32_t /*value*/) {
      operations += fan_out[std::int64_t{pixel} * look.signal.channels + channel];
    });
    operations = add_over_warp(operations);
    if (lane == 0 && operations > 0) atomic_add(work + 2 + reader, operations);
  }
}

__global__ void __launch_bounds__(threads)
    look_kernel(RunState run, ActiveSlots active, LookedAt look, std::int32_t cells) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int32_t parts = (cells + cells_of_warp - 1) / cells_of_warp;
  const std::int64_t total = std::int64_t{*active.count} * parts;
  const std::int64_t step = std::int64_t{gridDim.x} * (threads / 32);
  for (std::int64_t i = std::int64_t{blockIdx.x} * (threads / 32) + threadIdx.x / 32; i < total; i += step) {
    const std::int32_t slot = active.slot[i / parts], part = static_cast<std::int32_t>(i % parts);
    const std::int32_t first = part * cells_of_warp + lane;
    const std::int32_t end = cells < (part + 1) * cells_of_warp ? cells : (part + 1) * cells_of_warp;
    count_events(run, look, slot, first, end, lane);
    if (look.base >= 0) count_operations(run, look, slot, first, end, lane);
  }
}

}  // namespace

void enqueue_look(const RunState& run, const ActiveSlots& active, const LookedAt& look, int most_blocks,
                  StreamHandle stream) {
  const std::int32_t cells = cells_of(look);
  const std::int64_t warps = std::int64_t{run.slots} * ((cells + cells_of_warp - 1) / cells_of_warp);
  const auto blocks = static_cast<unsigned>(std::clamp<std::int64_t>((warps + 3) / 4, 1, most_blocks));
  launch({stream, blocks, threads, 0}, look_kernel, run, active, look, cells);
}

}  // namespace rheobase::cuda
