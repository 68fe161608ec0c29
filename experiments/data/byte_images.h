#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiments/data/data_set.h"
#include "sim/core/error.h"

namespace rheobase {

/// Images of one byte a pixel and channel, all in memory.
class ByteImages : public ImageSet {
 public:
  /// `bytes` holds the samples one after another, each in C, H, W order.
  ByteImages(DataInfo info, std::vector<std::uint8_t> bytes);

  void read(std::int64_t index, std::span<float> pixels) const override;

 private:
  std::vector<std::uint8_t> bytes_;
  std::int64_t sample_size_;
};

/// byte / 255 in float arithmetic.
float pixel_of(std::uint8_t byte);

/// Throws InternalError unless the sample exists and `pixels` has its size.
void check_read(const ImageSet& data, std::int64_t index, std::span<const float> pixels);

/// Looks for labels out of 0 .. classes - 1; one fault that names the first of them and counts the others.
void check_labels(std::span<const int> labels, int classes, const std::string& where,
                  std::vector<Fault>& faults);

/// `folder` itself, or that one of its sub-folders which holds `file`. Throws InputError when `folder` is
/// none.
std::string locate_folder(const std::string& folder, const std::vector<std::string>& subfolders,
                          const std::string& file);

}  // namespace rheobase
