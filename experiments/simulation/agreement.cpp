#include "experiments/simulation/agreement.h"

#include <algorithm>
#include <vector>

#include "experiments/simulation/spread_samples.h"
#include "sim/engine/engine.h"
#include "sim/engine/runner.h"
#include "sim/stop/stop_policy.h"

namespace rheobase {
namespace {

std::vector<int> answers(const Graph& graph, const SpreadSamples& samples, const Registry& registry,
                         const AgreementOptions& options, const std::function<void()>& advance) {
  EngineOptions engine_options;
  engine_options.slots = static_cast<int>(std::min<std::int64_t>(options.slots, samples.size()));
  engine_options.threads = options.threads;
  engine_options.lookahead = std::min(options.steps, 8);
  Engine engine(graph, registry, engine_options);
  samples.expect_shape(engine.input_shape());
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

Agreement measure_agreement(const Graph& first, const Graph& second, const ImageSet& data,
                            const Registry& registry, const AgreementOptions& options,
                            const std::function<void()>& advance) {
  const SpreadSamples samples(data, options.samples);
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
