#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/data/normalization.h"
#include "sim/format/model_file.h"

namespace rheobase {

struct ConversionSpec {
  std::string source;  ///< file, .onnx
  std::string to;      ///< `snn`, `bnn`, `ann`: the source network; none: snn, or bnn for Sign,
                       ///< or ann where no layer can be packed
  std::string arithmetic = "float32";  ///< or `fixed`
  /// To store; none: a trained model keeps its own, an ONNX file's pixels stay as they are.
  std::optional<Normalization> normalization;
  /// Write a fixed network whatever rounding does to it: the caller measures.
  bool allow_coarse = false;
};

/// A converted network.
struct Conversion {
  Model model;
  Notes notes;                     ///< what the user should know of it
  std::vector<std::string> files;  ///< that were read
};

/// Reads a trained network and turns it into a model: for snn batch norm folded, QCFS made IF neurons, in the
/// arithmetic asked for; binary weights that meet spikes or signs packed into bits. Throws InputError naming
/// the file and every node that stands in the way, a normalisation that cannot be right, and layers that
/// rounding ruins. `tool_version` goes to the provenance.
Conversion convert_model(const ConversionSpec& spec, const SchemaSet& schemas,
                         const std::string& tool_version);

}  // namespace rheobase
