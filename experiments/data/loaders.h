#pragma once

// One function a family of data sets; open_image_set() chooses.

#include <memory>
#include <string>

#include "experiments/data/data_set.h"

namespace rheobase {

/// CIFAR-10 (`classes` 10) or CIFAR-100 (100), the binary version. `info` has spec and split.
std::unique_ptr<ImageSet> open_cifar(DataInfo info, const std::string& folder, int classes);

/// MNIST or Fashion-MNIST: IDX files, plain or gzipped. `info` has spec, split and class names.
std::unique_ptr<ImageSet> open_idx(DataInfo info, const std::string& folder);

/// `images` [N, C, H, W], [N, H, W] or [N, D] of uint8 or a float type and `labels` [N] of an integer type.
/// The file stays open and samples are read one by one. A file has one split: `info.split` is kept, not used.
std::unique_ptr<ImageSet> open_hdf5(DataInfo info, const std::string& file);

/// `images` and `labels` of a NumPy archive, shaped as those of open_hdf5() and of uint8, float32 or float64.
/// Stored images stay in the file; compressed ones are unpacked in memory. A file has one split.
std::unique_ptr<ImageSet> open_npz(DataInfo info, const std::string& file);

/// JPEG and PNG files below a folder, read and decoded one by one. `place` is the folder and what is done
/// with its images (image_transform.h). Samples are RGB.
std::unique_ptr<ImageSet> open_images(DataInfo info, const std::string& place);

/// N-MNIST (Orchard et al., Front. Neurosci. 9:437, 2015): folders `Train` and `Test` of ten, or files and
/// `train*.txt` and `test*.txt` of lines `file's number, label`. `place` is the folder and how it is binned
/// (event_binning.h).
std::unique_ptr<DataSet> open_nmnist(DataInfo info, const std::string& place);

/// Recordings of an event camera below a folder (event_file.h), listed as images are. `place` as above.
std::unique_ptr<DataSet> open_events(DataInfo info, const std::string& place);

}  // namespace rheobase
