#pragma once

#include <vector>

#include "sim/engine/runner.h"

namespace rheobase {

/// Calls visit(event) for the events of a sample, in the order of their steps. Those of a stream are read and
/// gone.
template <class Visit>
void for_events_of(Sample& sample, const Visit& visit) {
  for (const InputEvent& event : sample.events) visit(event);
  if (sample.stream == nullptr) return;
  std::vector<InputEvent> some;
  for (std::int64_t step = 1; step <= sample.steps; ++step, some.clear()) {
    sample.stream->read(step, some);
    for (const InputEvent& event : some) visit(event);
  }
}

}  // namespace rheobase
