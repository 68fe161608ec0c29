#pragma once

#include <string>

#include "experiments/cli/command_line.h"
#include "experiments/data/data_set.h"
#include "experiments/simulation/conversion.h"
#include "sim/op/registry.h"

namespace rheobase {

/// `--diagnose`, of convert.
void add_diagnosis_options(CommandSpec& spec);

/// Runs `converted`, or the same network in float32, beside its source network on the samples of --data, and
/// says how far they agree: in three lines, with --diagnose by layer as well. Throws InputError where it is
/// no spiking network or the samples do not fit.
std::string diagnose_conversion(const CommandLine& line, ConversionSpec spec, const ImageSet& data,
                                const Conversion& converted, const Registry& registry);

}  // namespace rheobase
