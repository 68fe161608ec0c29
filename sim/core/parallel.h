#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace rheobase {

/// The CPUs that this process may run on, at least 1: fewer than the machine has where taskset, a container's
/// cpuset or a batch system says so.
int usable_cpus();

/// Runs loops on a fixed number of threads. parallel.cpp is the only file that names the thread library.
class TaskPool {
 public:
  /// `threads` counts the caller; 0 takes usable_cpus().
  explicit TaskPool(int threads = 0);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  int threads() const { return threads_; }

  /// Calls body(begin, end) on disjoint ranges that cover [0, count), each at most `grain` long, and returns
  /// when all are done. The cut points depend on count and grain only, never on the number of threads. A body
  /// that takes a third argument is told which worker runs it, 0 to threads() - 1; no two run at once under
  /// one number.
  template <class Body>
  void for_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
    run(count, grain, &body, [](const void* self, std::int64_t begin, std::int64_t end, int worker) {
      const Body& call = *static_cast<const Body*>(self);
      if constexpr (std::is_invocable_v<Body, std::int64_t, std::int64_t, int>) {
        call(begin, end, worker);
      } else {
        call(begin, end);
      }
    });
  }

 private:
  using Call = void (*)(const void* body, std::int64_t begin, std::int64_t end, int worker);
  void run(std::int64_t count, std::int64_t grain, const void* body, Call call);

  struct Arena;
  int threads_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace rheobase
