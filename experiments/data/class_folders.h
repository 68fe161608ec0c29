#pragma once

#include <string>
#include <vector>

#include "experiments/data/sample_list.h"

namespace rheobase {

/// Names of the sub-folders, in order of their bytes, without those that begin with a dot.
std::vector<std::string> class_folders(const std::string& folder);

/// The samples below the sub-folders of `folder`, each of which has its class's name; class k is
/// `classes[k]`. As torchvision's ImageFolder: class by class, in a class by folder, then by name.
SampleList list_by_class_folders(const std::string& folder, const std::vector<std::string>& classes,
                                 const SampleFiles& kind);

}  // namespace rheobase
