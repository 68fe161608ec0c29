#pragma once
// Runs CUDA kernels on the host, for tests alone. A thread of a block is a fiber; all fibers of a block share
// one thread of the system and change only where the kernel synchronises. Which goes on, and which block
// comes next, follows an order that tests choose, so that a missing barrier or guard shows as a wrong result,
// as a report of a sanitizer, or as one of the faults that run_grid() throws.
#include <cstddef>
#include <cstdint>
#include <functional>

namespace emulator {

struct Index3 {
  unsigned x = 0, y = 0, z = 0;
};

/// Of fibers that could go on, and of blocks.
enum class Order { ascending, descending, random };

struct Options {
  Order order = Order::ascending;
  std::uint64_t seed = 1;                     ///< of Order::random
  std::size_t memory = std::size_t{1} << 40;  ///< bytes that the "GPU" has
  int gpus = 1;
  int processors = 2;  ///< that a "GPU" says it has
};
Options& options();

/// Runs `body` once for every thread of every block. Throws std::runtime_error on a deadlock, or where lanes
/// of a warp meet in different operations.
void run_grid(Index3 grid, Index3 block, std::size_t shared_bytes, const std::function<void()>& body);

/// As large as the launch asked for and no larger; holds nothing useful at first.
std::byte* dynamic_shared();
void sync_threads();

/// All lanes of `mask` meet; the last to come runs perform(in, out) on the pointers of all 32 lanes, of which
/// those outside of the mask mean nothing.
using Perform = void (*)(const void* const* in, void* const* out, unsigned mask, int argument);
void collective(const char* operation, unsigned mask, const void* in, void* out, Perform perform,
                int argument);

/// acc[m][n][4] += a[m][4] * b[n][2] in the register layouts of mma.m16n8k32.row.col.s32.s8.s8.s32.
void mma_s8(int mt, int nt, std::int32_t* acc, const std::uint32_t* a, const std::uint32_t* b);

/// What kernels did so far.
struct Statistics {
  std::uint64_t grids = 0, blocks = 0, barriers = 0, collectives = 0, products = 0;
};
Statistics& statistics();

}  // namespace emulator

// The built-in variables, rewritten at every change of fibers.
extern emulator::Index3 threadIdx, blockIdx, blockDim, gridDim;
