#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/engine/runner.h"

namespace rheobase {

/// What is known of a data set apart from its samples.
struct DataInfo {
  std::string spec;                      ///< as given to open_data()
  std::string split;                     ///< `train` or `test`
  std::vector<std::string> files;        ///< that were read
  std::vector<std::string> class_names;  ///< one a class, or none where they are not known
  std::vector<int> labels;               ///< one a sample, 0 .. classes - 1
  int classes = 0;
  Shape shape;               ///< of one sample, {C, H, W} or {N}
  bool real_pixels = false;  ///< stored as real numbers: in [0, 1] only where whoever wrote them saw to it
  bool events = false;       ///< samples are events, not pixels
  std::string binning;       ///< of events: how they become steps (EventBinning::text)
  double step_ms = 0.0;      ///< of events: how long a step is; 0 where it differs from sample to sample
};

/// SHA-256 over the contents of the files a data set was read from. How earlier versions knew a calibration's
/// samples again; sample_hash.h knows them in any form.
std::string data_sha256(const DataInfo& info);

/// Labelled samples: images (ImageSet) or events.
class DataSet : public SampleSource {
 public:
  explicit DataSet(DataInfo info) : info_(std::move(info)) {}

  const DataInfo& info() const { return info_; }
  int label(std::int64_t index) const { return info_.labels.at(index); }
  std::int64_t size() const final { return static_cast<std::int64_t>(info_.labels.size()); }
  Shape shape() const final { return info_.shape; }

 private:
  DataInfo info_;
};

/// Labelled images, or other lists of numbers.
class ImageSet : public DataSet {
 public:
  using DataSet::DataSet;

  /// Writes sample `index` as floats; images have pixels in [0, 1] before normalisation.
  virtual void read(std::int64_t index, std::span<float> pixels) const = 0;
  /// `count` samples from `first` on, one after another.
  virtual void read_block(std::int64_t first, std::int64_t count, std::span<float> pixels) const;
  void fetch(std::int64_t index, Sample& sample) const final;
};

/// Opens a data set (docs/reference/data.md): cifar10:DIR, cifar100:DIR, mnist:DIR, fashion-mnist[:DIR],
/// images:DIR[,resize=N|HxW][,crop=N], hdf5:FILE, npz:FILE, nmnist:DIR, events:DIR. `split` is `train` or
/// `test`. Throws InputError that names the file and what is wrong with it.
std::unique_ptr<DataSet> open_data(const std::string& spec, const std::string& split);

/// The same of images; a set of events is an InputError.
std::unique_ptr<ImageSet> open_image_set(const std::string& spec, const std::string& split);

/// How samples of a SPEC enter a network unless asked otherwise: `direct`, or `events`.
std::string default_coding(const std::string& spec);

/// What to say behind samples that do not have the shape `wanted`: for images how to resize them, else
/// nothing.
std::string way_to_shape(const DataInfo& info, const Shape& wanted);

}  // namespace rheobase
