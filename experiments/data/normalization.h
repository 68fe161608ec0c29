#pragma once

#include <string>
#include <vector>

namespace rheobase {

/// (pixel - mean) / std per channel, pixels in [0, 1]. Empty lists leave the pixels as they are.
struct Normalization {
  std::vector<float> mean;
  std::vector<float> std;

  bool operator==(const Normalization&) const = default;
};

/// By name - cifar10, cifar100, mnist, fashion-mnist, imagenet, none - or the numbers
/// `mean,mean,...;std,std,...`. Throws InputError on anything else.
Normalization normalization_preset(const std::string& text);

}  // namespace rheobase
