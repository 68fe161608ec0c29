#include "experiments/train/network_file.h"

#include <fmt/format.h>

#include "experiments/spec/toml_reader.h"

namespace rheobase {
namespace {

using Ints = std::vector<std::int64_t>;

// One number for both axes.
std::optional<std::int64_t> read_extent(TomlReader& reader, const char* key, std::int64_t least) {
  const auto value = reader.value<std::int64_t>(key);
  if (value && (*value < least || *value > 1 << 16))
    reader.fault(key, fmt::format("is {}, expected {} to {}", *value, least, 1 << 16));
  return value;
}

void read_outputs(TomlReader& reader, const char* key, LayerSpec& layer) {
  layer.outputs = read_extent(reader, key, 1);
}

void read_synapse(TomlReader& reader, LayerSpec& layer) {
  if (!layer.node.op.starts_with("Binary")) {
    layer.bias = reader.value<bool>("bias").value_or(layer.node.op == "Linear");
    return;
  }
  const auto scale = reader.value<std::string>("scale");
  if (!scale) return;
  reader.expect_one_of("scale", {*scale}, {"layer", "channel"});
  layer.node.attributes["scale"] = *scale;
}

void read_conv(TomlReader& reader, LayerSpec& layer) {
  read_outputs(reader, "channels", layer);
  if (!layer.outputs) reader.fault("channels", "is missing");
  layer.kernel = read_extent(reader, "kernel", 1).value_or(3);
  const std::int64_t stride = read_extent(reader, "stride", 1).value_or(1);
  const std::int64_t padding = read_extent(reader, "padding", 0).value_or(layer.kernel / 2);
  layer.node.attributes["stride"] = Ints{stride, stride};
  layer.node.attributes["padding"] = Ints(4, padding);
  if (const auto groups = read_extent(reader, "groups", 1)) layer.node.attributes["groups"] = *groups;
  read_synapse(reader, layer);
}

void read_linear(TomlReader& reader, LayerSpec& layer) {
  read_outputs(reader, "features", layer);
  read_synapse(reader, layer);
}

void read_pool(TomlReader& reader, LayerSpec& layer) {
  const auto kernel = read_extent(reader, "kernel", 1);
  const auto stride = read_extent(reader, "stride", 1);
  layer.global = reader.value<bool>("global").value_or(false);
  if (layer.global == kernel.has_value() || (layer.global && stride))
    reader.fault("kernel", "expected a kernel, with a stride or without, or global = true");
  const std::int64_t extent = kernel.value_or(1), step = stride.value_or(extent);
  layer.node.attributes["kernel"] = Ints{extent, extent};
  layer.node.attributes["stride"] = Ints{step, step};
}

void read_qcfs(TomlReader& reader, LayerSpec& layer) {
  layer.levels = read_extent(reader, "L", 1);
  layer.lambda = reader.value<double>("lambda");
  if (layer.lambda && !(*layer.lambda > 0))
    reader.fault("lambda", fmt::format("is {}, expected more than 0", *layer.lambda));
}

void read_prelu(TomlReader& reader, LayerSpec& layer) {
  layer.slope = reader.value<double>("slope").value_or(layer.slope);
}

LayerSpec read_layer(const TomlTable& table, const std::string& where, std::vector<Fault>& faults) {
  TomlReader reader(table, where, faults);
  LayerSpec layer;
  layer.node.op = reader.value<std::string>("op").value_or("");
  layer.node.name = reader.value<std::string>("name").value_or("");
  layer.node.inputs = reader.list<std::string>("from");
  const std::string& op = layer.node.op;
  if (op.ends_with("Conv2d")) read_conv(reader, layer);
  if (op.ends_with("Linear")) read_linear(reader, layer);
  if (op.ends_with("Pool2d")) read_pool(reader, layer);
  if (op == "QCFS") read_qcfs(reader, layer);
  if (op == "PReLU") read_prelu(reader, layer);
  reader.expect_one_of("op", {op}, layer_ops());
  reader.refuse_others();
  return layer;
}

}  // namespace

std::vector<LayerSpec> read_network_file(const std::string& path) {
  const TomlTable table = read_toml(path);
  std::vector<Fault> faults;
  TomlReader reader(table, "", faults);
  std::vector<LayerSpec> layers;
  for (const TomlTable& layer : reader.tables("layers"))
    layers.push_back(read_layer(layer, fmt::format("layers[{}].", layers.size()), faults));
  if (layers.empty() && faults.empty()) reader.fault("layers", "there are none");
  reader.refuse_others();
  throw_if_any(path, faults);
  return layers;
}

}  // namespace rheobase
