#pragma once

#include <string>
#include <vector>

#include "experiments/data/sample_list.h"
#include "sim/core/error.h"

namespace rheobase {

inline constexpr const char* labels_file_name = "labels.txt";

/// The samples that the labels.txt of `folder` names, in its order: a line a sample, its path and its label.
SampleList list_by_labels_file(const std::string& folder);

/// A few of them, and how many there are more: files by the thousand may have one fault.
std::vector<Fault> first_faults(std::vector<Fault> faults);

}  // namespace rheobase
