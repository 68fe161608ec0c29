#include "binarize/networks/networks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "binarize/networks/families.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

using Spread = NetworkBuilder::Spread;

struct Family {
  const char* name;
  std::string (*build)(NetworkBuilder&, const NetworkSpec&, const std::string& image, bool binary_inputs);
  Spread spread;
  std::int64_t smallest;  ///< height and width of an image
};

constexpr std::array binary_families{
    Family{"mlp", networks::binary_mlp, Spread::kaiming_fan_in, 1},
    Family{"cnn", networks::binary_cnn, Spread::kaiming_fan_in, 8},
    Family{"resnet20", networks::binary_resnet20, Spread::kaiming_fan_in, 8},
    Family{"resnet20_bireal", networks::binary_resnet20_bireal, Spread::kaiming_fan_in, 8},
    Family{"resnet18", networks::binary_resnet18, Spread::unit_fan_in, 8},
    Family{"vgg_small", networks::binary_vgg_small, Spread::kaiming_fan_out, 8}};
constexpr std::array qcfs_families{Family{"cnn", networks::qcfs_cnn, Spread::kaiming_fan_in, 8},
                                   Family{"resnet20", networks::qcfs_resnet20, Spread::kaiming_fan_in, 8},
                                   Family{"resnet18", networks::qcfs_resnet18, Spread::kaiming_fan_in, 8},
                                   Family{"vgg16", networks::qcfs_vgg16, Spread::kaiming_fan_in, 32}};

struct Choice {
  std::string name;
  Family family;
  bool binary_inputs;
};

std::vector<Choice> choices() {
  std::vector<Choice> all;
  for (const Family& family : binary_families) {
    all.push_back({std::string(family.name) + "_1w1a", family, true});
    all.push_back({std::string(family.name) + "_1w32a", family, false});
  }
  for (const Family& family : qcfs_families)
    all.push_back({std::string(family.name) + "_qcfs", family, false});
  return all;
}

void check(const NetworkSpec& spec, const Family& family) {
  std::vector<Fault> faults;
  const Shape& input = spec.input;
  if (input.size() != 3 || input[1] != input[2] || input[1] < family.smallest)
    faults.push_back({"input", fmt::format("is {}, expected square images of {} pixels a side or more",
                                           to_string(input), family.smallest)});
  if (spec.classes < 2) faults.push_back({"classes", fmt::format("is {}, expected 2 or more", spec.classes)});
  if (spec.levels < 1) faults.push_back({"L", fmt::format("is {}, expected 1 or more", spec.levels)});
  if (!(spec.lambda > 0))
    faults.push_back({"lambda", fmt::format("is {}, expected more than 0", spec.lambda)});
  throw_if_any(spec.name, faults);
}

}  // namespace

const std::vector<std::string>& network_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Choice& choice : choices()) list.push_back(choice.name);
    return list;
  }();
  return names;
}

Graph make_network(const NetworkSpec& spec) {
  const std::vector<Choice> all = choices();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Choice& c) { return c.name == spec.name; });
  if (found == all.end())
    throw InputError("network", fmt::format("'{}'", spec.name),
                     fmt::format("expected one of {}", fmt::join(network_names(), ", ")));
  check(spec, found->family);
  NetworkBuilder b(spec.seed, found->family.spread);
  const std::string image = b.input(spec.input, spec.mean, spec.std);
  b.op("Output", {found->family.build(b, spec, image, found->binary_inputs)});
  return std::move(b.graph);
}

}  // namespace rheobase
