#pragma once

#include <string>

#include "experiments/diagnosis/diagnosis.h"

namespace rheobase {

/// Three lines: the logits' agreement after T steps; the layers' errors; where the loss starts and what would
/// help. `data` says what the samples are.
std::string diagnosis_summary(const Diagnosis& diagnosis, const std::string& data);

/// One row a layer: all numbers after T steps, then its error after 1, 2, 4, ..., T.
std::string diagnosis_tables(const Diagnosis& diagnosis);

/// The third line of the summary: the layer and its cause by name, and the way out.
std::string diagnosis_advice(const Diagnosis& diagnosis);

}  // namespace rheobase
