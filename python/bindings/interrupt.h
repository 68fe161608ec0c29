#pragma once

#include <chrono>

#include "sim/engine/engine.h"

namespace rheobase::python {

/// Lets Python's signal handlers run between steps, so that Ctrl-C ends what takes long. To be made on the
/// thread that looks.
class Interrupt {
 public:
  /// Called without the GIL, which it takes no oftener than every few milliseconds: other threads may hold it
  /// for as long. Throws what the handler raises.
  void look();

 private:
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + every;
  static constexpr std::chrono::milliseconds every{20};
};

/// The same between the steps of Engine::stream(), which shows a tap every computation before it begins.
class InterruptTap : public SignalTap {
 public:
  void begin(std::span<const int>) override { interrupt_.look(); }
  void on_signal(int, const SignalSpec&, const SignalView&, int) override {}
  void taken(int) override {}

 private:
  Interrupt interrupt_;
};

}  // namespace rheobase::python
