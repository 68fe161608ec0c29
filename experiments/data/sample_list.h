#pragma once

#include <string>
#include <vector>

namespace rheobase {

/// Which files of a folder are samples.
struct SampleFiles {
  const char* what;                            ///< `JPEG or PNG file`
  bool (*is_read)(const std::string& path);    ///< they are, by their names
  bool (*is_missed)(const std::string& path);  ///< a user would take them to be, too
  const char* way_out;                         ///< what to say of those
};

/// The samples of a folder of files, in order.
struct SampleList {
  std::vector<std::string> files;        ///< that are there; nothing of them was read
  std::vector<int> labels;               ///< one a file
  std::vector<std::string> class_names;  ///< those of the class folders; none with a labels.txt
  int classes = 0;
  std::string labels_file;  ///< empty without one
};

/// `.jpg` of `a/b.JPG`.
std::string lower_ending(const std::string& path);

/// docs/reference/data.md, `images:DIR` and `events:DIR`: the part of `folder` that `split` names, by its
/// labels.txt or its class folders. Throws InputError naming each file or folder that is wrong, and the way
/// out.
SampleList list_samples(const std::string& folder, const std::string& split, const SampleFiles& kind);

}  // namespace rheobase
