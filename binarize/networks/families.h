#pragma once

#include "binarize/networks/network_builder.h"
#include "binarize/networks/networks.h"

namespace rheobase::networks {

// What a family adds between input and output; each returns the logits. `binary_inputs` is 1A, otherwise 32A.
std::string binary_mlp(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                       bool binary_inputs);
std::string binary_cnn(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                       bool binary_inputs);
std::string binary_vgg_small(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                             bool binary_inputs);
std::string binary_resnet20(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                            bool binary_inputs);
std::string binary_resnet20_bireal(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                                   bool binary_inputs);
std::string binary_resnet18(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                            bool binary_inputs);
std::string qcfs_cnn(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool);
std::string qcfs_vgg16(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool);
std::string qcfs_resnet20(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool);
std::string qcfs_resnet18(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool);

}  // namespace rheobase::networks
