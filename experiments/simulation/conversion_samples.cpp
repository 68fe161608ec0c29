#include "experiments/simulation/conversion_samples.h"

#include <algorithm>
#include <vector>

#include "experiments/simulation/activation_samples.h"
#include "experiments/simulation/local_thresholds.h"

namespace rheobase {

void use_samples(ConversionSpec& spec, const ConversionSamples& samples, const Registry& registry) {
  const std::int64_t count = std::min(samples.count, samples.data->size());
  spec.sample_activations = [=, &registry, kept = std::make_shared<std::vector<ActivationSamples>>()](
                                const Graph& graph, const std::vector<OpenActivation>& activations) {
    if (!kept->empty()) return *kept;
    const ActivationOptions options{samples.count, samples.threads};
    *kept = sample_activations(graph, activations, *samples.data, registry, options,
                               samples.begin("looking at activations", count));
    return *kept;
  };
  spec.balance_thresholds = [=, &registry, kept = std::make_shared<Thresholds>()](
                                const Graph& graph, const std::vector<OpenActivation>& activations) {
    if (!kept->empty()) return *kept;
    BalanceOptions options;
    options.samples = samples.count;
    options.threads = samples.threads;
    *kept =
        balance_thresholds(graph, activations, *samples.data, registry, options,
                           samples.begin("balancing thresholds", balanced_samples(options, *samples.data)));
    return *kept;
  };
  spec.find_corrections = [=, &registry, kept = std::make_shared<Corrections>()](
                              const Graph& source, const Graph& spiking, Correction correction, int steps) {
    if (!kept->empty()) return *kept;
    const auto neurons = static_cast<std::int64_t>(corrected_neurons(spiking, registry.schemas()).size());
    const CorrectionOptions options{samples.count, samples.threads};
    *kept = find_corrections(source, spiking, correction, steps, *samples.data, registry, options,
                             samples.begin("correcting neurons", 2 * neurons * count));
    return *kept;
  };
}

}  // namespace rheobase
