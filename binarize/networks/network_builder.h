#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/graph/graph.h"

namespace rheobase {

/// Builds a training graph layer after layer; every call returns the new node's name. Weights are drawn from
/// counters (seed, node number, index), so a network depends on its seed alone.
class NetworkBuilder {
 public:
  enum class Spread { kaiming_fan_in, kaiming_fan_out, unit_fan_in, hundredth };  ///< of normal weights

  NetworkBuilder(std::uint64_t seed, Spread spread) : seed_(seed), spread_(spread) {}

  std::string input(const Shape& shape, const std::vector<float>& mean, const std::vector<float>& std);

  struct Conv {
    std::int64_t inputs, outputs, kernel = 3, stride = 1;
    bool binary = false;
  };
  /// Padding kernel / 2, no bias.
  std::string conv(const std::string& from, const Conv& conv);
  /// With a bias of zeros unless binary.
  std::string linear(const std::string& from, std::int64_t inputs, std::int64_t outputs, bool binary = false);
  std::string batch_norm(const std::string& from, std::int64_t channels);
  /// A slope for each channel.
  std::string prelu(const std::string& from, std::int64_t channels, double slope);
  std::string qcfs(const std::string& from, std::int64_t levels, double lambda);
  std::string average_pool(const std::string& from, std::int64_t kernel) {
    return pool("AvgPool2d", from, kernel);
  }
  std::string max_pool(const std::string& from, std::int64_t kernel) {
    return pool("MaxPool2d", from, kernel);
  }
  /// Every `stride`th pixel, `channels` zeros before and behind the channels there are (ResNet's option A).
  std::string subsample(const std::string& from, const Shape& shape, std::int64_t stride,
                        std::int64_t channels);
  /// ReLU, Sign, Flatten, Add, Output: ops without settings.
  std::string op(const std::string& name, std::vector<std::string> inputs);

  Graph graph;

 private:
  std::string add(Node node);
  std::string pool(const char* op, const std::string& from, std::int64_t kernel);
  Tensor normal(const Shape& shape, double deviation) const;

  std::uint64_t seed_;
  Spread spread_;
};

}  // namespace rheobase
