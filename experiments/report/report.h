#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiments/sweep/sweep.h"

namespace rheobase {

struct ReportOptions {
  /// Index in the data set of the sample whose spikes are shown; absent: the one shown before, or the sweep's
  /// first.
  std::optional<std::int64_t> sample;
  double max_loss = 0.001;  ///< of the rules that are shown first
};

/// Writes `report.html` and `figures/*.svg` into the folder of a sweep, from its recordings
/// (docs/reference/report.md). The spikes of a sample are simulated once and kept in `rasters`; a cell whose
/// model or data is no longer there is shown without, unless `sample` asks for it: then InputError. Every
/// file is written whole; the same results give the same bytes.
void write_report(const SweepSpec& spec, const std::vector<CellResult>& results, const Registry& registry,
                  const SweepOptions& sweep, const ReportOptions& options);

}  // namespace rheobase
