#include "experiments/simulation/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/engine/engine.h"
#include "sim/engine/runner.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

/// Some samples of a data set, in equal distances: sets are often sorted by class.
class Spread : public ImageSource {
 public:
  Spread(const DataSet& data, std::int64_t samples) : data_(data), samples_(std::min(samples, data.size())) {}

  std::int64_t size() const override { return samples_; }
  Shape shape() const override { return data_.shape(); }
  void read(std::int64_t index, std::span<float> pixels) const override { data_.read(place(index), pixels); }
  const DataInfo& info() const { return data_.info(); }
  int label(std::int64_t index) const { return data_.label(place(index)); }

 private:
  std::int64_t place(std::int64_t index) const { return index * data_.size() / samples_; }

  const DataSet& data_;
  std::int64_t samples_;
};

std::vector<int> answers(const Graph& graph, const Spread& samples, const Registry& registry,
                         const AgreementOptions& options, const std::function<void()>& advance) {
  EngineOptions engine_options;
  engine_options.slots = static_cast<int>(std::min<std::int64_t>(options.slots, samples.size()));
  engine_options.threads = options.threads;
  engine_options.lookahead = std::min(options.steps, 8);
  Engine engine(graph, registry, engine_options);
  if (engine.input_shape() != samples.shape())
    throw InputError(
        "--data", "",
        fmt::format("samples are {}, the network takes {}{}", to_string(samples.shape()),
                    to_string(engine.input_shape()), way_to_shape(samples.info(), engine.input_shape())));
  std::vector<int> result(static_cast<std::size_t>(samples.size()));
  run_samples(engine, samples, make_stop_policy({}), {options.steps, 0, samples.size()},
              [&](const SampleResult& sample) {
                const std::size_t classes = engine.classes();
                result[sample.sample] = argmax(sample.logits_by_step.last(classes));
                advance();
              });
  return result;
}

}  // namespace

Agreement measure_agreement(const Graph& first, const Graph& second, const DataSet& data,
                            const Registry& registry, const AgreementOptions& options,
                            const std::function<void()>& advance) {
  const Spread samples(data, options.samples);
  const std::vector<int> one = answers(first, samples, registry, options, advance);
  const std::vector<int> other = answers(second, samples, registry, options, advance);
  Agreement result;
  result.samples = samples.size();
  for (std::int64_t i = 0; i < samples.size(); ++i) {
    result.same += one[i] == other[i] ? 1 : 0;
    result.first_right += one[i] == samples.label(i) ? 1 : 0;
    result.second_right += other[i] == samples.label(i) ? 1 : 0;
  }
  return result;
}

}  // namespace rheobase
