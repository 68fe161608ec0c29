#pragma once

#include <setjmp.h>
#include <ucontext.h>

#include <cstddef>
#include <memory>

namespace emulator {

/// A flow of control with a stack of its own, known to the sanitizers. Everything runs on one thread of the
/// system.
class Fiber {
 public:
  /// Runs entry(argument) when first resumed; it must never return.
  Fiber(void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// From outside of all fibers: goes on with this one until it calls suspend().
  void resume();
  /// From within: back to whoever resumed it.
  void suspend();

 private:
  static void start(unsigned high, unsigned low);

  struct Unmap {
    void operator()(std::byte* stack) const;
  };
  void (*entry_)(void*);
  void* argument_;
  std::unique_ptr<std::byte, Unmap> stack_;
  ucontext_t own_{}, caller_{};
  jmp_buf own_place_, caller_place_;
  bool started_ = false;
  void* tsan_ = nullptr;
  void* tsan_caller_ = nullptr;
  const void* caller_stack_ = nullptr;
  std::size_t caller_bytes_ = 0;
};

/// For TSan: what is done before a release by one fiber is seen behind an acquire of the same address by
/// another.
void release_to(void* address);
void acquire_from(void* address);

/// While it lives, TSan sees no reads and writes: what lanes hand each other is no access to memory.
struct Unseen {
  Unseen();
  ~Unseen();
};

}  // namespace emulator
