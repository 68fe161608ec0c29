#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "converters/nir/importer.h"
#include "converters/passes/thresholds.h"
#include "experiments/data/normalization.h"
#include "experiments/simulation/light_calibration.h"
#include "sim/format/model_file.h"

namespace rheobase {

/// Keeps what the activations of a prepared network read, over calibration samples.
using SampleActivations =
    std::function<std::vector<ActivationSamples>(const Graph& prepared, const std::vector<OpenActivation>&)>;

/// Thresholds of the activations of a prepared network, by local balancing on the same samples.
using BalanceThresholds =
    std::function<Thresholds(const Graph& prepared, const std::vector<OpenActivation>&)>;

/// What the neurons of a spiking network lack on average on the same samples, after `steps` steps.
using FindCorrections =
    std::function<Corrections(const Graph& prepared, const Graph& spiking, Correction correction, int steps)>;

struct ConversionSpec {
  std::string source;  ///< file, .onnx, .nir or .h5
  std::string to;      ///< `snn`, `bnn`, `ann`: the source network; none: snn, or bnn for Sign,
                       ///< or ann where no layer can be packed
  std::string arithmetic = "float32";  ///< or `fixed`
  /// To store; none: a trained model keeps its own, an ONNX file's pixels stay as they are.
  std::optional<Normalization> normalization;
  /// Of snn: `if`, `signed`, `mt` or `sigma-delta`; empty: if where thresholds were trained, else
  /// sigma-delta.
  std::string method{};
  std::optional<std::int64_t> levels{};  ///< of mt and sigma-delta; none: default_levels()
  std::string threshold = "auto";  ///< `max`, `mse`, `ltb`, a percentile; auto: max for sigma-delta, else mse
  std::string calibrate = "none";  ///< or `light`, `potential`: correct the neurons (Correction)
  std::optional<int> steps{};      ///< T that it is made for; none: 32 for if, else 8
  SampleActivations sample_activations{};  ///< where there are samples
  BalanceThresholds balance_thresholds{};  ///< the same, of ltb
  FindCorrections find_corrections{};      ///< the same, of `calibrate`
  NirOptions nir{};                        ///< of a NIR file, which is a spiking network already
  /// Write a fixed network whatever rounding does to it: the caller measures.
  bool allow_coarse = false;
};

/// A converted network.
struct Conversion {
  Model model;
  Notes notes;                     ///< what the user should know of it
  std::vector<std::string> files;  ///< that were read
  int steps = 1;                   ///< T that a spiking network was made for
};

/// Reads a trained network and turns it into a model: for snn batch norm folded, activations made
/// spiking neurons by the method, in the arithmetic asked for; binary weights that meet spikes or signs
/// packed into bits. Throws InputError naming the file and every node that stands in the way, a normalisation
/// that cannot be right, and layers that rounding ruins. `tool_version` goes to the provenance.
Conversion convert_model(const ConversionSpec& spec, const SchemaSet& schemas,
                         const std::string& tool_version);

}  // namespace rheobase
