#include "tests/sim/format/sample_models.h"

#include <cmath>
#include <limits>
#include <random>

#include "sim/core/file.h"
#include "sim/format/sealed_file.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/structural_ops.h"

namespace rheobase {
namespace {

Tensor ramp(const Shape& shape) {
  Tensor tensor{shape, {}};
  for (std::int64_t i = 0; i < element_count(shape); ++i) {
    tensor.reals().push_back(0.25F * static_cast<float>(i) - 1.0F);
  }
  return tensor;
}

class RandomNodes {
 public:
  explicit RandomNodes(std::uint64_t seed) : random_(seed) {}

  Model model() {
    Model model;
    fixed_ = below(2) == 0;
    model.arithmetic = fixed_ ? "fixed" : "float32";
    if (below(2) == 0) model.stop = StopSettings{"margin", real(), real()};
    if (model.stop && below(2) == 0) model.stop->early_thresholds = {real(), real(), real()};
    if (model.stop && below(2) == 0) {
      model.calibration = {"cifar10:" + word(), word(), "train", below(9), 5, 32};
      if (below(2) == 0) add_conditions(*model.calibration);
    }
    if (below(3) == 0)
      model.training = {"mnist:" + word(), {3, 3, std::numeric_limits<std::uint64_t>::max()}};
    model.provenance = {word(), word(), std::string(64, 'e'), "snn"};
    auto& nodes = model.graph.nodes;
    nodes.push_back({"in/put", "Input", {}, {{"shape", std::vector<std::int64_t>{2, 3, 4}}}, {}});
    if (fixed_) nodes.back().attributes["fraction_bits"] = std::int64_t{below(15)};
    const int count = 1 + below(20);
    for (int i = 0; i < count; ++i) nodes.push_back(any(i, nodes.back().name));
    nodes.push_back({"", "Output", {nodes.back().name}, {}, {}});
    nodes.back().name = "out" + word();
    if (fixed_) nodes.back().tensors["unit"] = scalar_tensor(static_cast<float>(real()));
    return model;
  }

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  double real() { return std::uniform_real_distribution<double>(0.1, 2.0)(random_); }

  std::string word() {
    static const std::string letters[] = {"a",  "/",  ".",   "Gew\u00f6hnlich", "\u795e\u7d4c", " ",
                                          "\"", "\n", "\x7f"};
    std::string text;
    for (int i = below(6); i > 0; --i) text += letters[below(std::size(letters))];
    return text;
  }

  // What version 5 holds.
  void add_conditions(CalibrationSamples& from) {
    from.coding = below(2) == 0 ? "direct" : "poisson";
    from.seed = below(9);
    from.network_sha256 = word();
    if (below(2) == 0) from.max_loss = real();
    if (below(2) == 0) from.max_steps = real();
    if (below(2) == 0) from.guarantee = real();
    from.conditional = from.guarantee && below(2) == 0;
    if (below(2) == 0) from.sample_hashes = {0, 1, 2, 3, std::numeric_limits<std::uint64_t>::max()};
  }

  Attribute attribute(int type) {
    constexpr auto extreme = std::numeric_limits<std::int64_t>::min();
    const double reals[] = {0.1, -0.0, INFINITY, -INFINITY, std::numeric_limits<double>::denorm_min()};
    if (type == 0) return below(2) == 0 ? extreme : std::int64_t{below(1000)} - 500;
    if (type == 1) return reals[below(std::size(reals))];
    if (type == 2) return word();
    std::vector<std::int64_t> list(below(4));
    for (std::int64_t& value : list) value = below(9) - 4;
    return list;
  }

  // Reals, or integers that take one, two or four bytes.
  Tensor tensor() {
    constexpr int limits[] = {127, 32'767, 1 << 29};
    Shape shape;
    for (int rank = below(5); rank > 0; --rank) shape.push_back(below(4));
    const auto count = static_cast<std::size_t>(element_count(shape));
    if (!fixed_) {
      std::vector<float> values(count);
      for (float& value : values) value = static_cast<float>(real());
      return {shape, std::move(values)};
    }
    const int limit = limits[below(std::size(limits))];
    std::vector<std::int32_t> values(count);
    for (std::int32_t& value : values) value = below(2 * limit + 1) - limit;
    return {shape, std::move(values)};
  }

  Node any(int number, const std::string& input) {
    Node node{word() + std::to_string(number), "Any", {input}, {}, {}};
    if (below(3) == 0) node.inputs.emplace_back("in/put");
    const char* const keys[] = {"integer", "real", "word", "list"};
    for (int type = 0; type < 4; ++type) {
      if (below(2) == 0) node.attributes.emplace(keys[type], attribute(type));
    }
    for (const char* key : {"a", "tau \u03c4", "b.c"}) {
      if (below(2) == 0) node.tensors.emplace(key, tensor());
    }
    return node;
  }

  std::mt19937_64 random_;
  bool fixed_ = false;
};

}  // namespace

SchemaSet sample_schemas() {
  SchemaSet schemas;
  add_structural_schemas(schemas);
  schemas.add(
      {"Any",
       Role::join,
       0,
       100,
       {{"integer", std::int64_t{0}},
        {"real", 0.0},
        {"word", std::string()},
        {"list", std::vector<std::int64_t>()}},
       {{"a", false}, {"tau \u03c4", false}, {"b.c", false}},
       [](const Node&, std::span<const Shape>, Faults&) -> std::optional<Shape> { return Shape{1}; }});
  return schemas;
}

Model small_model() {
  using List = std::vector<std::int64_t>;
  Model model;
  model.graph.nodes = {{"image",
                        "Input",
                        {},
                        {{"shape", List{1, 4, 4}}},
                        {{"mean", scalar_tensor(0.5F)}, {"std", scalar_tensor(0.25F)}}},
                       {"/features/0/Conv",
                        "Conv2d",
                        {"image"},
                        {{"stride", List{1, 1}}, {"padding", List{1, 1, 1, 1}}, {"groups", std::int64_t{1}}},
                        {{"weight", ramp({2, 1, 3, 3})}, {"bias", ramp({2})}}},
                       {"flat", "Flatten", {"/features/0/Conv"}, {}, {}},
                       {"classifier", "Linear", {"flat"}, {}, {{"weight", ramp({3, 32})}}},
                       {"logits", "Output", {"classifier"}, {}, {}}};
  model.stop = StopSettings{"confidence", 2.0, 0.9};
  model.provenance = {"0.1.0", "small.onnx", std::string(64, 'a'), "snn"};
  return model;
}

Model small_fixed_model() {
  Model model = small_model();
  auto& nodes = model.graph.nodes;
  model.arithmetic = "fixed";
  nodes[0].attributes["fraction_bits"] = std::int64_t{13};
  nodes[1].attributes["shift"] = std::int64_t{3};
  for (const int node : {1, 3}) {
    auto& values = nodes[node].tensors.at("weight").reals();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 127;
  }
  nodes[1].tensors["bias"].reals() = {-32'768, 32'767};
  nodes[3].tensors["bias"] = Tensor({3}, std::vector<std::int32_t>{0, -32'769, (1 << 24) + 1});
  nodes[4].tensors["unit"] = {{3}, {0.5F, 3, 0.1F}};
  set_value_types(model.graph, sample_schemas());
  return model;
}

Model small_binary_model() {
  Model model = small_model();
  auto& nodes = model.graph.nodes;
  auto& values = nodes[3].tensors.at("weight").reals();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i * i % 7 < 3 ? 1.0F : -1.0F;
  values.back() = 1.0F;
  nodes[4].inputs = {"bits"};
  Node any{"bits", "Any", {"classifier"}, {}, {}};
  any.tensors["a"] = {{3, 5, 7}, std::vector<float>(105, 1.0F)};  // no whole number of bytes
  nodes.insert(nodes.end() - 1, any);
  return model;
}

Model random_model(std::uint64_t seed) { return RandomNodes(seed).model(); }

void edit_sealed(const std::string& path, const std::function<void(hid_t file)>& edit) {
  {
    const hdf5::Session session;
    const hdf5::File file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), "open a model to edit");
    edit(file.get());
  }
  std::string bytes = read_file(path);
  seal(bytes, FileKind::model, model_file_version);
  write_file(path, bytes);
}

}  // namespace rheobase
