#include "binarize/networks/network_builder.h"

#include <cmath>
#include <numbers>

#include "neurons/qcfs.h"
#include "sim/core/error.h"
#include "sim/core/rng.h"

namespace rheobase {
namespace {

using Ints = std::vector<std::int64_t>;

Tensor filled(std::int64_t count, float value) {
  return {{count}, std::vector<float>(static_cast<std::size_t>(count), value)};
}

double deviation_of(NetworkBuilder::Spread spread, std::int64_t fan_in, std::int64_t fan_out) {
  switch (spread) {
    case NetworkBuilder::Spread::kaiming_fan_in:  // He et al., ICCV 2015
      return std::sqrt(2.0 / static_cast<double>(fan_in));
    case NetworkBuilder::Spread::kaiming_fan_out:
      return std::sqrt(2.0 / static_cast<double>(fan_out));
    case NetworkBuilder::Spread::unit_fan_in:
      return std::sqrt(1.0 / (3.0 * static_cast<double>(fan_in)));
    case NetworkBuilder::Spread::hundredth:
      return 0.01;
  }
  throw InternalError("a spread of weights without a deviation");
}

}  // namespace

std::string NetworkBuilder::add(Node node) {
  if (node.name.empty()) node.name = node.op + std::to_string(graph.nodes.size());
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back().name;
}

// Box and Muller 1958.
Tensor NetworkBuilder::normal(const Shape& shape, double deviation) const {
  Tensor tensor{shape, {}};
  const std::uint64_t node = graph.nodes.size();
  const std::int64_t count = element_count(shape);
  std::vector<float>& values = tensor.reals();
  values.resize(count);
  for (std::int64_t i = 0; i < count; i += 2) {
    const float radius = std::sqrt(-2.0F * std::log(1.0F - uniform(seed_, node, 0, i)));
    const float angle = 2.0F * std::numbers::pi_v<float> * uniform(seed_, node, 1, i);
    const auto scaled = static_cast<float>(deviation) * radius;
    values[i] = scaled * std::cos(angle);
    if (i + 1 < count) values[i + 1] = scaled * std::sin(angle);
  }
  return tensor;
}

std::string NetworkBuilder::input(const Shape& shape, const std::vector<float>& mean,
                                  const std::vector<float>& std) {
  Node node{"input", "Input", {}, {{"shape", shape}}, {}};
  if (!mean.empty()) {
    node.tensors["mean"] = {{static_cast<std::int64_t>(mean.size())}, mean};
    node.tensors["std"] = {{static_cast<std::int64_t>(std.size())}, std};
  }
  return add(std::move(node));
}

std::string NetworkBuilder::conv(const std::string& from, const Conv& conv) {
  const std::int64_t taps = conv.kernel * conv.kernel, pad = conv.kernel / 2;
  Node node{"", conv.binary ? "BinaryConv2d" : "Conv2d", {from}, {}, {}};
  node.attributes["stride"] = Ints{conv.stride, conv.stride};
  node.attributes["padding"] = Ints{pad, pad, pad, pad};
  node.tensors["weight"] = normal({conv.outputs, conv.inputs, conv.kernel, conv.kernel},
                                  deviation_of(spread_, conv.inputs * taps, conv.outputs * taps));
  return add(std::move(node));
}

std::string NetworkBuilder::linear(const std::string& from, std::int64_t inputs, std::int64_t outputs,
                                   bool binary) {
  Node node{"", binary ? "BinaryLinear" : "Linear", {from}, {}, {}};
  const Spread spread = spread_ == Spread::kaiming_fan_out ? Spread::hundredth : spread_;
  node.tensors["weight"] = normal({outputs, inputs}, deviation_of(spread, inputs, outputs));
  if (!binary) node.tensors["bias"] = filled(outputs, 0.0F);
  return add(std::move(node));
}

std::string NetworkBuilder::batch_norm(const std::string& from, std::int64_t channels) {
  return add({"",
              "BatchNorm",
              {from},
              {},
              {{"weight", filled(channels, 1.0F)},
               {"bias", filled(channels, 0.0F)},
               {"running_mean", filled(channels, 0.0F)},
               {"running_var", filled(channels, 1.0F)}}});
}

std::string NetworkBuilder::prelu(const std::string& from, std::int64_t channels, double slope) {
  return add({"", "PReLU", {from}, {}, {{"slope", filled(channels, static_cast<float>(slope))}}});
}

std::string NetworkBuilder::qcfs(const std::string& from, std::int64_t levels, double lambda) {
  return add(QcfsParameters{scalar_tensor(static_cast<float>(lambda)), levels}.node("", from));
}

std::string NetworkBuilder::pool(const char* op, const std::string& from, std::int64_t kernel) {
  const Ints square{kernel, kernel};
  return add({"", op, {from}, {{"kernel", square}, {"stride", square}}, {}});
}

std::string NetworkBuilder::subsample(const std::string& from, const Shape& shape, std::int64_t stride,
                                      std::int64_t channels) {
  const std::string slice =
      add({"",
           "Slice",
           {from},
           {{"start", Ints{0, 0, 0}}, {"stop", shape}, {"step", Ints{1, stride, stride}}},
           {}});
  const Ints around{channels, 0, 0};
  return add({"", "Pad", {slice}, {{"before", around}, {"after", around}}, {}});
}

std::string NetworkBuilder::op(const std::string& name, std::vector<std::string> inputs) {
  return add({name == "Output" ? "logits" : "", name, std::move(inputs), {}, {}});
}

}  // namespace rheobase
