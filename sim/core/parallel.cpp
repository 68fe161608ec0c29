#include "sim/core/parallel.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#include <sched.h>

#include <algorithm>
#include <optional>
#include <thread>

// oneTBB is not built with ThreadSanitizer, which therefore cannot see its fork and join; these two calls
// tell it, and what the library does to its own memory is left out.
#if defined(RHEOBASE_TSAN)
// NOLINTBEGIN: the sanitizer's own names
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
extern "C" const char* __tsan_default_suppressions() { return "race:libtbb.so\ncalled_from_lib:libtbb.so\n"; }
// NOLINTEND
static void happens_before(void* tag) { __tsan_release(tag); }
static void happens_after(void* tag) { __tsan_acquire(tag); }
#else
static void happens_before(void*) {}
static void happens_after(void*) {}
#endif

namespace rheobase {

struct TaskPool::Arena {
  explicit Arena(int threads) : tasks(threads) {
    // Without this oneTBB caps its workers at one a core, and says so on stderr.
    if (threads > oneapi::tbb::info::default_concurrency()) {
      limit.emplace(oneapi::tbb::global_control::max_allowed_parallelism, threads);
    }
  }
  std::optional<oneapi::tbb::global_control> limit;
  oneapi::tbb::task_arena tasks;
};

int usable_cpus() {
  // The system refuses a set that is smaller than its own, whose size it does not tell.
  constexpr int most = 1 << 16;
  for (int cpus = CPU_SETSIZE; cpus <= most; cpus *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(cpus),
                                                               [](cpu_set_t* s) { CPU_FREE(s); });
    const std::size_t bytes = CPU_ALLOC_SIZE(cpus);
    if (set && ::sched_getaffinity(0, bytes, set.get()) == 0)
      return std::max(1, CPU_COUNT_S(bytes, set.get()));
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

TaskPool::TaskPool(int threads)
    : threads_(threads > 0 ? threads : usable_cpus()), arena_(std::make_unique<Arena>(threads_)) {
  // Starts the workers now, so that no loop pays for it or allocates.
  for_ranges(threads_, 1, [](std::int64_t, std::int64_t) {});
}

TaskPool::~TaskPool() = default;

void TaskPool::run(std::int64_t count, std::int64_t grain, const void* body, Call call) {
  if (count <= 0) return;
  grain = std::max<std::int64_t>(1, grain);
  const std::int64_t chunks = (count + grain - 1) / grain;
  const auto chunk = [=](std::int64_t i, int worker) {
    call(body, i * grain, std::min(count, (i + 1) * grain), worker);
  };
  if (threads_ == 1 || chunks == 1) {
    for (std::int64_t i = 0; i < chunks; ++i) chunk(i, 0);
    return;
  }
  char fork = 0;
  char join = 0;
  happens_before(&fork);
  arena_->tasks.execute([&] {
    oneapi::tbb::parallel_for(
        std::int64_t{0}, chunks,
        [&](std::int64_t i) {
          happens_after(&fork);
          chunk(i, oneapi::tbb::this_task_arena::current_thread_index());
          happens_before(&join);
        },
        oneapi::tbb::simple_partitioner{});
  });
  happens_after(&join);
}

}  // namespace rheobase
