#include "tests/experiments/analysis/random_walks.h"

#include <vector>

#include "sim/core/rng.h"

namespace rheobase {

Recording random_walks(std::int64_t samples, int steps, std::uint64_t seed, std::int64_t classes) {
  Recording recording;
  RecordingInfo& info = recording.info;
  info.samples = samples;
  info.steps = steps;
  info.classes = classes;
  for (std::int64_t i = 0; i < samples; ++i) {
    const std::int64_t leader = i % classes;
    recording.labels.push_back(i % 10 == 9 ? (leader + 1) % classes : leader);
    recording.exit_steps.push_back(steps);
    recording.stopped.push_back(0);
    const float ease = 0.5F * uniform(seed, i, 0, 0);
    std::vector<float> sum(classes, 0.0F);
    for (int t = 1; t <= steps; ++t) {
      for (std::int64_t k = 0; k < classes; ++k)
        sum[k] += 2.0F * uniform(seed, i, t, k) - 1.0F + (k == leader ? ease : 0.0F);
      recording.logits.insert(recording.logits.end(), sum.begin(), sum.end());
    }
  }
  return recording;
}

}  // namespace rheobase
