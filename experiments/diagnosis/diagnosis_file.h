#pragma once

#include <string>

#include "experiments/diagnosis/diagnosis.h"

namespace rheobase {

/// A diagnosis as JSON text (docs/reference/diagnosis.md).
std::string diagnosis_file_text(const Diagnosis& diagnosis);

/// Throws InputError naming `path` for what diagnosis_file_text() did not write.
Diagnosis parse_diagnosis(const std::string& text, const std::string& path);

}  // namespace rheobase
