#pragma once

#include <cstdint>

#include "sim/core/host_device.h"
#include "sim/stop/confidence.h"

namespace rheobase {

enum class StopKind : std::int32_t { never, confidence, margin, entropy, stable };

/// A stop rule as plain data, the same on every device; make_stop_policy() makes it from settings and says
/// what the kinds mean.
struct StopRule {
  StopKind kind = StopKind::never;
  std::int32_t steps = 1;             ///< stable: how many in a row
  std::int32_t delay = 0;             ///< no sample is done in the first so many steps
  float inverse_alpha = 1.0F;         ///< 1 / alpha
  std::int32_t threshold_count = 0;   ///< 1 or more of all kinds but never and stable
  const float* thresholds = nullptr;  ///< of steps 1, 2, ..., the last for all later steps; not owned
};

/// What is remembered of one sample; starts fresh with it.
struct StopMemory {
  std::int32_t top1 = -1;
  std::int32_t steps_unchanged = 0;
};

/// True where the sample is done after step t = 1, 2, ...: `sum` holds the `count` logits accumulated over
/// steps 1..t, or over those behind the delay. Float32 in a written order (confidence.h), so that every
/// device stops alike.
RHEOBASE_HD inline bool stops(const StopRule& rule, const float* sum, int count, int t, StopMemory& memory) {
  if (rule.kind == StopKind::never || t <= rule.delay) return false;
  if (rule.kind == StopKind::stable) {
    const int top = argmax(sum, count);
    memory.steps_unchanged = top == memory.top1 ? memory.steps_unchanged + 1 : 1;
    memory.top1 = top;
    return memory.steps_unchanged >= rule.steps;
  }
  const float threshold = rule.thresholds[(t < rule.threshold_count ? t : rule.threshold_count) - 1];
  if (rule.kind == StopKind::margin) return logit_margin(sum, count, rule.inverse_alpha) > threshold;
  if (rule.kind == StopKind::entropy) return normalised_entropy(sum, count, rule.inverse_alpha) < threshold;
  // confidence > threshold, by way of the complements of both
  return softmax_doubt(sum, count, rule.inverse_alpha) < threshold;
}

}  // namespace rheobase
