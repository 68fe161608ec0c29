#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/sweep.h"
#include "sim/format/table_file.h"

namespace rheobase {

/// All points of all cells, one row each, with what they were measured on.
Table sweep_table(const std::vector<CellResult>& results, const SweepSpec& spec);

/// The table as RFC 4180 text with a line of names; reals with as many digits as tell them apart.
std::string csv_text(const Table& table);

}  // namespace rheobase
