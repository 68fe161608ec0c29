// Never compiled with -fsanitize=thread: what the scheduler does is no part of a kernel.
#include "tests/cuda/shim/emulator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/cuda/shim/fiber.h"

emulator::Index3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {
namespace {

constexpr int warp_size = 32;

struct Thread {
  std::unique_ptr<Fiber> fiber;
  int rank = 0;
  Index3 index;
  bool waits_for_block = false, waits_for_warp = false, done = false;
};

// Lanes of a warp that came to one operation.
struct Meeting {
  const char* operation = nullptr;
  unsigned mask = 0, arrived = 0;
  int argument = 0;
  std::array<const void*, warp_size> in{};
  std::array<void*, warp_size> out{};
};

// Addresses for TSan: what came before the launch, and what the threads did.
struct Grid {
  char launched = 0, finished = 0;
};

struct FreeShared {
  void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t(128)); }
};

// One block at a time; its fibers serve the next block, too.
class BlockRunner {
 public:
  void run(Index3 block, std::size_t shared_bytes, const std::function<void()>& body, Grid& grid,
           std::uint64_t seed);

  std::byte* shared() const { return shared_.get(); }
  void sync_threads();
  void meet(const char* operation, unsigned mask, const void* in, void* out, Perform perform, int argument);

 private:
  static void entry(void* self) { static_cast<BlockRunner*>(self)->serve(); }

  [[noreturn]] void serve();
  void prepare(std::size_t shared_bytes);
  Thread& take_ready();
  void release_block();
  void suspend() { current_->fiber->suspend(); }
  void fault(const std::string& what);
  [[noreturn]] void stop();
  std::string deadlock() const;

  std::vector<Thread> threads_;
  std::vector<Meeting> meetings_;  // by warp
  std::vector<int> ready_;
  std::unique_ptr<std::byte, FreeShared> shared_;
  const std::function<void()>* body_ = nullptr;
  Grid* grid_ = nullptr;
  Thread* current_ = nullptr;
  int count_ = 0, live_ = 0, at_barrier_ = 0;
  std::mt19937_64 random_;
  std::string error_;
  char barrier_ = 0;  // an address for TSan
};

// Blocks take turns at two runners, so that nothing orders the threads of a block behind those of the one
// before.
std::unique_ptr<BlockRunner> runners[2];
BlockRunner* running = nullptr;

void BlockRunner::prepare(std::size_t shared_bytes) {
  count_ = static_cast<int>(blockDim.x * blockDim.y * blockDim.z);
  while (static_cast<int>(threads_.size()) < count_) {
    Thread& thread = threads_.emplace_back();
    thread.rank = static_cast<int>(threads_.size()) - 1;
    thread.fiber = std::make_unique<Fiber>(entry, this);
  }
  meetings_.assign(static_cast<std::size_t>((count_ + warp_size - 1) / warp_size), {});
  const std::size_t bytes = std::max<std::size_t>(1, shared_bytes);
  const Unseen unseen;  // no thread of the block is ordered behind this, nor behind the end of another block
  shared_.reset(new (std::align_val_t(128)) std::byte[bytes]);
  std::memset(shared_.get(), 0xcd, bytes);
  live_ = count_;
  at_barrier_ = 0;
  ready_.clear();
  for (int i = 0; i < count_; ++i) {
    Thread& thread = threads_[i];
    const auto rank = static_cast<unsigned>(i);
    thread.index = {rank % blockDim.x, rank / blockDim.x % blockDim.y, rank / (blockDim.x * blockDim.y)};
    thread.waits_for_block = thread.waits_for_warp = thread.done = false;
    ready_.push_back(i);
  }
}

void BlockRunner::run(Index3 block, std::size_t shared_bytes, const std::function<void()>& body, Grid& grid,
                      std::uint64_t seed) {
  blockIdx = block;
  body_ = &body;
  grid_ = &grid;
  random_.seed(seed);
  prepare(shared_bytes);
  while (live_ > 0) {
    if (ready_.empty()) throw std::runtime_error("emulator: " + deadlock());
    current_ = &take_ready();
    threadIdx = current_->index;
    current_->fiber->resume();
    if (error_.empty()) continue;
    acquire_from(&grid_->finished);
    throw std::runtime_error("emulator: " + error_);
  }
  const Unseen unseen;
  shared_.reset();
}

void BlockRunner::serve() {
  for (;;) {
    acquire_from(&grid_->launched);
    (*body_)();
    release_to(&grid_->finished);
    current_->done = true;
    --live_;
    if (live_ > 0 && at_barrier_ == live_) release_block();
    suspend();
  }
}

Thread& BlockRunner::take_ready() {
  std::size_t at = 0;
  if (options().order == Order::random) at = random_() % ready_.size();
  if (options().order == Order::descending) at = ready_.size() - 1;
  // The others stay in the order in which they became ready.
  Thread& thread = threads_[ready_[at]];
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(at));
  return thread;
}

void BlockRunner::sync_threads() {
  ++statistics().barriers;
  Thread& self = *current_;
  release_to(&barrier_);
  self.waits_for_block = true;
  if (++at_barrier_ == live_) release_block();
  while (self.waits_for_block) suspend();
  acquire_from(&barrier_);
}

void BlockRunner::release_block() {
  at_barrier_ = 0;
  for (int i = 0; i < count_; ++i) {
    if (!threads_[i].waits_for_block) continue;
    threads_[i].waits_for_block = false;
    if (&threads_[i] != current_) ready_.push_back(i);
  }
}

void BlockRunner::meet(const char* operation, unsigned mask, const void* in, void* out, Perform perform,
                       int argument) {
  ++statistics().collectives;
  Thread& self = *current_;
  const int lane = self.rank % warp_size, first = self.rank - lane;
  Meeting& meeting = meetings_[static_cast<std::size_t>(self.rank / warp_size)];
  if ((mask >> lane & 1U) == 0) {
    fault(std::string(operation) + " by a lane outside of its mask");
    stop();
  }
  if (meeting.arrived == 0) {
    meeting.operation = operation, meeting.mask = mask, meeting.argument = argument;
  } else if (std::strcmp(meeting.operation, operation) != 0 || meeting.mask != mask ||
             meeting.argument != argument) {
    fault(std::string("lanes of a warp meet in different operations, ") + meeting.operation + " and " +
          operation);
    stop();
  }
  meeting.in[lane] = in, meeting.out[lane] = out;
  meeting.arrived |= 1U << lane;
  if (meeting.arrived != mask) {
    self.waits_for_warp = true;
    while (self.waits_for_warp) suspend();
    return;
  }
  {
    const Unseen unseen;
    perform(meeting.in.data(), meeting.out.data(), mask, argument);
  }
  meeting.arrived = 0;
  for (int i = 0; i < warp_size; ++i) {
    if ((mask >> i & 1U) == 0 || i == lane) continue;
    threads_[first + i].waits_for_warp = false;
    ready_.push_back(first + i);
  }
}

void BlockRunner::fault(const std::string& what) {
  error_ = what + " (thread " + std::to_string(current_->rank) + ")";
  release_to(&grid_->finished);
}

// For good: nothing that this thread owns will ever go.
void BlockRunner::stop() {
  for (;;) suspend();
}

std::string BlockRunner::deadlock() const {
  int block = 0, warp = 0;
  for (int i = 0; i < count_; ++i)
    block += threads_[i].waits_for_block ? 1 : 0, warp += threads_[i].waits_for_warp ? 1 : 0;
  return "deadlock: of " + std::to_string(live_) + " threads " + std::to_string(block) +
         " wait at a barrier and " + std::to_string(warp) + " for lanes of their warp";
}

std::vector<unsigned> order_of(unsigned blocks) {
  std::vector<unsigned> order(blocks);
  std::iota(order.begin(), order.end(), 0U);
  if (options().order == Order::descending) std::reverse(order.begin(), order.end());
  if (options().order == Order::random) {
    std::mt19937_64 random(options().seed + statistics().grids);
    std::shuffle(order.begin(), order.end(), random);
  }
  return order;
}

}  // namespace

Options& options() {
  static Options value;
  return value;
}

Statistics& statistics() {
  static Statistics value;
  return value;
}

void run_grid(Index3 grid, Index3 block, std::size_t shared_bytes, const std::function<void()>& body) {
  ++statistics().grids;
  gridDim = grid;
  blockDim = block;
  Grid marks;
  release_to(&marks.launched);
  for (const unsigned b : order_of(grid.x * grid.y * grid.z)) {
    std::unique_ptr<BlockRunner>& runner = runners[statistics().blocks++ % 2];
    if (!runner) runner = std::make_unique<BlockRunner>();
    running = runner.get();
    try {
      runner->run({b % grid.x, b / grid.x % grid.y, b / (grid.x * grid.y)}, shared_bytes, body, marks,
                  options().seed * 1000003 + b);
    } catch (...) {
      static auto& stuck = *new std::vector<std::unique_ptr<BlockRunner>>;  // so are its fibers
      stuck.push_back(std::move(runner));
      throw;
    }
  }
  acquire_from(&marks.finished);
}

std::byte* dynamic_shared() { return running->shared(); }
void sync_threads() { running->sync_threads(); }
void collective(const char* operation, unsigned mask, const void* in, void* out, Perform perform,
                int argument) {
  running->meet(operation, mask, in, out, perform, argument);
}

}  // namespace emulator
