#pragma once

#include <string>

#include "experiments/data/normalization.h"
#include "sim/format/model_file.h"

namespace rheobase {

struct ConversionSpec {
  std::string source;                  ///< file, .onnx or a trained .h5
  std::string to;                      ///< `snn`; `ann`: the source network; empty: see default_conversion()
  std::string arithmetic = "float32";  ///< or `fixed`
  Normalization normalization;
};

/// `ann` for a network with binary activations, which have no spiking counterpart and run in one step; `snn`
/// for any other.
std::string default_conversion(const Graph& graph);

/// Reads a trained network and turns it into a model: batch norm folded, QCFS made IF neurons, in the
/// arithmetic asked for. Throws InputError naming the file and every node that stands in the way.
/// `tool_version` goes to the provenance.
Model convert_model(const ConversionSpec& spec, const SchemaSet& schemas, const std::string& tool_version);

}  // namespace rheobase
