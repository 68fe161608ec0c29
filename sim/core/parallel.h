#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace rheobase {

/// Runs loops on a fixed number of threads. parallel.cpp is the only file that names the thread library.
class TaskPool {
 public:
  /// `threads` counts the caller; 0 takes one per hardware thread.
  explicit TaskPool(int threads = 0);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  int threads() const { return threads_; }

  /// Calls body(begin, end) on disjoint ranges that cover [0, count), each at most `grain` long, and returns
  /// when all are done. The cut points depend on count and grain only, never on the number of threads.
  template <class Body>
  void for_ranges(std::int64_t count, std::int64_t grain, const Body& body) {
    run(count, grain, &body, [](const void* self, std::int64_t begin, std::int64_t end) {
      (*static_cast<const Body*>(self))(begin, end);
    });
  }

 private:
  using Call = void (*)(const void* body, std::int64_t begin, std::int64_t end);
  void run(std::int64_t count, std::int64_t grain, const void* body, Call call);

  struct Arena;
  int threads_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace rheobase
