#pragma once

#include <string>
#include <vector>

namespace rheobase {

/// The samples of a folder of images, in order.
struct ImageList {
  std::vector<std::string> files;        ///< that are there; nothing of them was read
  std::vector<int> labels;               ///< one a file
  std::vector<std::string> class_names;  ///< those of the class folders; none with a labels.txt
  int classes = 0;
  std::string labels_file;  ///< empty without one
};

/// docs/reference/data.md, `images:DIR`: the part of `folder` that `split` names, by its labels.txt or its
/// class folders. Throws InputError naming each file or folder that is wrong, and the way out.
ImageList list_images(const std::string& folder, const std::string& split);

}  // namespace rheobase
