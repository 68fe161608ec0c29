// Binary networks as Wu et al., ICCV 2023, train them: the first convolution, the classifier and 1x1
// shortcuts are real; in a block convolution, ReLU, BatchNorm in this order, so that the next sign sees
// centred values.
#include "binarize/networks/families.h"

namespace rheobase::networks {
namespace {

struct Binary {
  NetworkBuilder& b;
  bool binary_inputs;
  std::string scale;

  // sign, convolution, ReLU, BatchNorm
  std::string unit(const std::string& from, std::int64_t inputs, std::int64_t outputs,
                   std::int64_t stride = 1) const {
    const std::string bits = binary_inputs ? b.op("Sign", {from}) : from;
    const std::string conv = b.conv(bits, {inputs, outputs, 3, stride, true});
    b.graph.nodes.back().attributes["scale"] = scale;
    return b.batch_norm(b.op("ReLU", {conv}), outputs);
  }
  std::string stem(const std::string& image, std::int64_t inputs, std::int64_t outputs) const {
    return b.batch_norm(b.op("ReLU", {b.conv(image, {inputs, outputs})}), outputs);
  }
};

// Stages of basic blocks with doubling widths, then a global pool, BatchNorm and the classifier.
struct BinaryResNet {
  Binary part;
  std::int64_t width, blocks, stages;
  bool option_a, skip_each;

  std::string shortcut(const std::string& from, std::int64_t inputs, std::int64_t outputs,
                       std::int64_t stride, std::int64_t extent) const {
    NetworkBuilder& b = part.b;
    if (inputs == outputs) return from;
    if (option_a) return b.subsample(from, {inputs, extent, extent}, stride, (outputs - inputs) / 2);
    return b.batch_norm(b.conv(from, {inputs, outputs, 1, stride}), outputs);
  }

  std::string block(const std::string& from, std::int64_t inputs, std::int64_t outputs, std::int64_t stride,
                    std::int64_t extent) const {
    NetworkBuilder& b = part.b;
    const std::string skip = shortcut(from, inputs, outputs, stride, extent);
    std::string first = part.unit(from, inputs, outputs, stride);
    if (!skip_each) return b.op("Add", {part.unit(first, outputs, outputs), skip});
    first = b.op("Add", {first, skip});
    return b.op("Add", {part.unit(first, outputs, outputs), first});
  }

  std::string build(const NetworkSpec& spec, const std::string& image) const {
    NetworkBuilder& b = part.b;
    std::string x = part.stem(image, spec.input[0], width);
    std::int64_t inputs = width, extent = spec.input[1];
    for (std::int64_t stage = 0; stage < stages; ++stage) {
      const std::int64_t outputs = width << stage;
      for (std::int64_t i = 0; i < blocks; ++i) {
        const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
        x = block(x, inputs, outputs, stride, extent);
        inputs = outputs;
        extent = (extent + stride - 1) / stride;
      }
    }
    x = b.batch_norm(b.op("Flatten", {b.average_pool(x, extent)}), inputs);
    return b.linear(x, inputs, spec.classes);
  }
};

}  // namespace

std::string binary_resnet20(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                            bool binary_inputs) {
  return BinaryResNet{{b, binary_inputs, spec.scale}, 16, 3, 3, true, false}.build(spec, image);
}

std::string binary_resnet20_bireal(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                                   bool binary_inputs) {
  return BinaryResNet{{b, binary_inputs, spec.scale}, 16, 3, 3, true, true}.build(spec, image);
}

std::string binary_resnet18(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                            bool binary_inputs) {
  return BinaryResNet{{b, binary_inputs, spec.scale}, 64, 2, 4, false, false}.build(spec, image);
}

std::string binary_vgg_small(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                             bool binary_inputs) {
  const Binary part{b, binary_inputs, spec.scale};
  std::string x = part.stem(image, spec.input[0], 128);
  x = b.max_pool(part.unit(x, 128, 128), 2);
  x = b.max_pool(part.unit(part.unit(x, 128, 256), 256, 256), 2);
  x = b.max_pool(part.unit(part.unit(x, 256, 512), 512, 512), 2);
  const std::int64_t pixels = (spec.input[1] / 8) * (spec.input[2] / 8);
  return b.linear(b.op("Flatten", {x}), 512 * pixels, spec.classes);
}

std::string binary_cnn(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                       bool binary_inputs) {
  const Binary part{b, binary_inputs, spec.scale};
  std::string x = part.stem(image, spec.input[0], 32);
  x = b.max_pool(part.unit(x, 32, 32), 2);
  x = b.max_pool(part.unit(part.unit(x, 32, 64), 64, 64), 2);
  x = b.max_pool(part.unit(x, 64, 128), 2);
  const std::int64_t features = 128 * (spec.input[1] / 8) * (spec.input[2] / 8);
  return b.linear(b.batch_norm(b.op("Flatten", {x}), features), features, spec.classes);
}

std::string binary_mlp(NetworkBuilder& b, const NetworkSpec& spec, const std::string& image,
                       bool binary_inputs) {
  constexpr std::int64_t width = 512;
  std::string x = b.linear(b.op("Flatten", {image}), element_count(spec.input), width);
  x = b.batch_norm(b.op("ReLU", {x}), width);
  for (int layer = 0; layer < 2; ++layer) {
    x = b.linear(binary_inputs ? b.op("Sign", {x}) : x, width, width, true);
    b.graph.nodes.back().attributes["scale"] = spec.scale;
    x = b.batch_norm(b.op("ReLU", {x}), width);
  }
  return b.linear(x, width, spec.classes);
}

}  // namespace rheobase::networks
