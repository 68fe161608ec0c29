// Source networks for conversion, as Bu et al., ICLR 2022, train them: convolution, BatchNorm, QCFS; average
// pools.
#include "binarize/networks/families.h"

namespace rheobase::networks {
namespace {

struct Quantized {
  NetworkBuilder& b;
  const NetworkSpec& spec;

  std::string qcfs(const std::string& from) const { return b.qcfs(from, spec.levels, spec.lambda); }
  std::string current(const std::string& from, const NetworkBuilder::Conv& conv) const {
    return b.batch_norm(b.conv(from, conv), conv.outputs);
  }
  std::string unit(const std::string& from, std::int64_t inputs, std::int64_t outputs) const {
    return qcfs(current(from, {inputs, outputs}));
  }
};

std::string resnet(const Quantized& part, const std::string& image, std::int64_t width, std::int64_t blocks,
                   std::int64_t stages) {
  NetworkBuilder& b = part.b;
  std::string x = part.unit(image, part.spec.input[0], width);
  std::int64_t inputs = width, extent = part.spec.input[1];
  for (std::int64_t stage = 0; stage < stages; ++stage) {
    const std::int64_t outputs = width << stage;
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      const std::string inner = part.qcfs(part.current(x, {inputs, outputs, 3, stride}));
      const std::string skip = inputs == outputs ? x : part.current(x, {inputs, outputs, 1, stride});
      x = part.qcfs(b.op("Add", {part.current(inner, {outputs, outputs}), skip}));
      inputs = outputs;
      extent = (extent + stride - 1) / stride;
    }
  }
  return b.linear(b.op("Flatten", {b.average_pool(x, extent)}), inputs, part.spec.classes);
}

}  // namespace

std::string qcfs_resnet20(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool) {
  return resnet({b, spec}, image, 16, 3, 3);
}

std::string qcfs_resnet18(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool) {
  return resnet({b, spec}, image, 64, 2, 4);
}

std::string qcfs_vgg16(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool) {
  const Quantized part{b, spec};
  std::string x = image;
  std::int64_t inputs = spec.input[0];
  for (const auto& [width, depth] : {std::pair{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}) {
    for (int i = 0; i < depth; ++i) {
      x = part.unit(x, inputs, width);
      inputs = width;
    }
    x = b.average_pool(x, 2);
  }
  const std::int64_t features = 512 * (spec.input[1] / 32) * (spec.input[2] / 32);
  x = part.qcfs(b.linear(b.op("Flatten", {x}), features, 4096));
  x = part.qcfs(b.linear(x, 4096, 4096));
  return b.linear(x, 4096, spec.classes);
}

std::string qcfs_cnn(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image, bool) {
  const Quantized part{b, spec};
  std::string x = b.average_pool(part.unit(part.unit(image, spec.input[0], 32), 32, 32), 2);
  x = b.average_pool(part.unit(part.unit(x, 32, 64), 64, 64), 2);
  x = b.average_pool(part.unit(x, 64, 128), spec.input[1] / 4);
  return b.linear(b.op("Flatten", {x}), 128, spec.classes);
}

}  // namespace rheobase::networks
