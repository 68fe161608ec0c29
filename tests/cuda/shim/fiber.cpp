// Never compiled with -fsanitize=thread: how fibers are switched is no part of a kernel.
#undef _FORTIFY_SOURCE  // its longjmp() takes a jump to another stack for a fault
#include "tests/cuda/shim/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(RHEOBASE_TSAN)
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulator {
namespace {

constexpr std::size_t stack_bytes = std::size_t{256} << 10;
#if defined(RHEOBASE_TSAN)
constexpr unsigned no_order = 1;  // a switch orders nothing: barriers do
#endif

}  // namespace

void Fiber::Unmap::operator()(std::byte* stack) const { munmap(stack, stack_bytes); }

Fiber::Fiber(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {
  void* stack =
      mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED) throw std::bad_alloc();
  stack_.reset(static_cast<std::byte*>(stack));
  getcontext(&own_);
  own_.uc_stack.ss_sp = stack;
  own_.uc_stack.ss_size = stack_bytes;
  own_.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&own_, reinterpret_cast<void (*)()>(start), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
#if defined(RHEOBASE_TSAN)
  tsan_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(RHEOBASE_TSAN)
  __tsan_destroy_fiber(tsan_);
#endif
}

void Fiber::start(unsigned high, unsigned low) {
  auto* self = reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | low);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &self->caller_stack_, &self->caller_bytes_);
#endif
  self->entry_(self->argument_);
}

#if defined(RHEOBASE_TSAN) || defined(__SANITIZE_ADDRESS__)
void Fiber::resume() {
#if defined(RHEOBASE_TSAN)
  tsan_caller_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_, no_order);
  swapcontext(&caller_, &own_);
#else
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stack_.get(), stack_bytes);
  swapcontext(&caller_, &own_);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void Fiber::suspend() {
#if defined(RHEOBASE_TSAN)
  __tsan_switch_to_fiber(tsan_caller_, no_order);
  swapcontext(&own_, &caller_);
#else
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, caller_stack_, caller_bytes_);
  swapcontext(&own_, &caller_);
  __sanitizer_finish_switch_fiber(fake, &caller_stack_, &caller_bytes_);
#endif
}
#else
// Jumps ask nothing of the system, which swapcontext() does for the sake of signals.
void Fiber::resume() {
  if (_setjmp(caller_place_) != 0) return;
  if (started_) _longjmp(own_place_, 1);
  started_ = true;
  setcontext(&own_);
}

void Fiber::suspend() {
  if (_setjmp(own_place_) == 0) _longjmp(caller_place_, 1);
}
#endif

#if defined(RHEOBASE_TSAN)
void release_to(void* address) { __tsan_release(address); }
void acquire_from(void* address) { __tsan_acquire(address); }
Unseen::Unseen() {
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}
Unseen::~Unseen() {
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#else
void release_to(void* /*address*/) {}
void acquire_from(void* /*address*/) {}
Unseen::Unseen() = default;
Unseen::~Unseen() = default;
#endif

}  // namespace emulator
