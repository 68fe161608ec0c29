#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/engine/runner.h"
#include "tests/support/build_graph.h"

namespace rheobase::testing {

/// Images of random pixels, the same ones every time.
class RandomImages : public ImageSource {
 public:
  RandomImages(std::int64_t count, Shape shape) : shape_(std::move(shape)) {
    GraphBuilder random(7);
    for (std::int64_t i = 0; i < count; ++i) images_.push_back(random.pixels(element_count(shape_)));
  }
  std::int64_t size() const override { return static_cast<std::int64_t>(images_.size()); }
  Shape shape() const override { return shape_; }
  void read(std::int64_t index, std::span<float> pixels) const override {
    std::copy(images_[index].begin(), images_[index].end(), pixels.begin());
  }

 private:
  Shape shape_;
  std::vector<std::vector<float>> images_;
};

struct ImageOutcome {
  int steps;
  std::vector<float> logits_by_step;
  std::vector<std::uint64_t> spike_counts;
  std::uint64_t spike_hash;
  bool operator==(const ImageOutcome&) const = default;
};
using Outcomes = std::map<std::int64_t, ImageOutcome>;  // by sample

/// Twelve random images through a network, six steps each unless a window says otherwise.
inline Outcomes run(const Graph& graph, const EngineOptions& options, const StopSettings& stop = {},
                    RunOptions window = {}) {
  const RandomImages images(12, graph.find("input")->integers("shape", {}));
  if (window.count == 0) window = {6, 0, images.size()};
  Engine engine(graph, full_registry(), options);
  Outcomes outcomes;
  run_samples(engine, images, make_stop_policy(stop), window, [&](const SampleResult& r) {
    outcomes[r.sample] = {r.steps,
                          {r.logits_by_step.begin(), r.logits_by_step.end()},
                          {r.spike_counts.begin(), r.spike_counts.end()},
                          r.spike_hash};
  });
  return outcomes;
}

inline EngineOptions options(int slots, int threads, DeviceKind device = DeviceKind::cpu,
                             Coding coding = Coding::direct) {
  return {device, slots, threads, coding, 3, true};
}

}  // namespace rheobase::testing
