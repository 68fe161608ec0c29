#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/data/data_set.h"
#include "sim/op/registry.h"

namespace rheobase {

/// How a layer's decoded activations differ from those of the source network after `steps` steps, over all
/// samples and neurons. NaN: has no value, as a correlation of constants. Errors are relative to the rms of
/// the source network's activation but for mean_error.
struct LayerError {
  int steps = 0;
  double mean_error = 0.0;   ///< decoded - activation, in the activation's unit
  double error = 0.0;        ///< rms of that
  double own_error = 0.0;    ///< rms of decoded - f(mean current), f the source network's function: what the
                             ///< layer's own neurons do wrong with the currents that they are given
  double correlation = 0.0;  ///< of decoded and activation
  double clipped = 0.0;      ///< share of the active neurons that are saturated and below their activation
  double silent = 0.0;       ///< share of the active neurons that emitted nothing
  double saturated = 0.0;    ///< share of all neurons that emitted the layer's largest event at every step
  double events = 0.0;       ///< numbers other than 0 that a neuron emitted
  double clipping = 0.0;     ///< share of the squared own error that saturated neurons have
  double silence = 0.0;      ///< share of it that neurons without an event have
};

/// Neurons that have one name in both networks.
struct DiagnosedLayer {
  std::string name;
  std::int64_t neurons = 0;
  double rms = 0.0;                  ///< of the source network's activation
  std::vector<LayerError> by_steps;  ///< at Diagnosis::steps
};

/// Logits after `steps` steps, by step, against those of the source network.
struct LogitAgreement {
  int steps = 0;
  double same = 0.0;         ///< share of samples with the same answer
  double correlation = 0.0;  ///< over all samples and classes
  double accuracy = 0.0;
};

struct Diagnosis {
  std::int64_t samples = 0;
  double source_accuracy = 0.0;
  std::vector<int> steps;              ///< 1, 2, 4, ..., T
  std::vector<DiagnosedLayer> layers;  ///< in the order they run
  std::vector<LogitAgreement> logits;  ///< at `steps`
  std::vector<std::string> left_out;   ///< spiking neurons that no activation has name and shape of
};

struct DiagnosisOptions {
  std::int64_t samples = 256;  ///< spread evenly over the data; all where there are fewer
  int steps = 8;               ///< T, 1 to max_diagnosed_steps
  int slots = 32;              ///< samples held at once; fewer where they would take more than about 256 MiB
  int threads = 0;             ///< 0: usable_cpus()
};
inline constexpr int max_diagnosed_steps = 4096;

/// Runs the source network and the spiking network that was made of it, both in float32, on the same samples.
/// `source` is what fold_affine() leaves: its max pools are moved as conversion moves them. A value decodes
/// to the sum of what was emitted, divided by the steps unless the Output says `running`. The numbers do not
/// depend on slots or threads. `advance` is called for every sample. Throws InputError where the data do not
/// fit.
Diagnosis diagnose(
    const Graph& source, const Graph& spiking, const ImageSet& data, const Registry& registry,
    const DiagnosisOptions& options, const std::function<void()>& advance = [] {});

/// Where the loss starts after T steps: the first layer whose own error is above 0.1 and at least half of the
/// largest own error of all layers. What its inputs carry already is no part of its own error. Index into
/// `layers`.
std::optional<std::size_t> loss_start(const Diagnosis& diagnosis);

}  // namespace rheobase
