#pragma once

#include "binarize/ops/bit_rows.h"

namespace rheobase::testing {

/// Runs nothing but the instructions by which a method counts bits, on registers; returns the products of
/// bits that they count.
double count_in_registers(CountMethod method);

}  // namespace rheobase::testing
