#pragma once

#include <string>
#include <vector>

#include "experiments/data/image_list.h"

namespace rheobase {

/// Names of the sub-folders, in order of their bytes, without those that begin with a dot.
std::vector<std::string> class_folders(const std::string& folder);

/// The images below the sub-folders of `folder`, each of which has its class's name; class k is `classes[k]`.
/// As torchvision's ImageFolder: class by class, in a class by folder, then by name.
ImageList list_by_class_folders(const std::string& folder, const std::vector<std::string>& classes);

}  // namespace rheobase
