#pragma once

#include <optional>

#include "experiments/diagnosis/diagnosis.h"
#include "experiments/report/figure.h"
#include "experiments/sweep/sweep.h"

namespace rheobase {

/// How a cell's network differs from its source network by layer, in float32, on up to 64 samples of the data
/// set; nothing for a model file, which holds no source, and for random coding. Kept in `diagnoses`, so that
/// it is simulated once. Throws InputError where model or data are gone or are no longer those of the sweep.
std::optional<Diagnosis> cell_diagnosis(const CellResult& result, const SweepSpec& spec,
                                        const Registry& registry, const SweepOptions& options);

/// The layers' relative errors after some of the steps, and their own ones after the last.
Figure layer_error_figure(const Diagnosis& diagnosis);

}  // namespace rheobase
