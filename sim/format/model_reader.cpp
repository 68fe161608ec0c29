#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/format/model_file.h"
#include "sim/format/model_layout.h"
#include "sim/format/sealed_file.h"
#include "sim/graph/arithmetic.h"
#include "sim/graph/validate.h"
#include "sim/hdf5/entry_reader.h"

namespace rheobase {
namespace {

using hdf5::Place;

// Reads as much of a model as there is and collects the faults of the rest.
class ModelReader {
 public:
  ModelReader(std::uint64_t file_bytes, Faults& faults) : entries_(file_bytes, faults), faults_(faults) {}

  Model model(const Place& root) {
    entries_.refuse_others(root, {"arithmetic", "tool_version", "source", "source_sha256", "conversion"},
                           {"graph", "stop", "training"});
    Model model;
    const auto arithmetic = entries_.attribute<std::string>(root, "arithmetic");
    model.arithmetic = arithmetic.value_or("");
    Provenance& from = model.provenance;
    from.tool_version = entries_.attribute_or_empty<std::string>(root, "tool_version");
    from.source = entries_.attribute_or_empty<std::string>(root, "source");
    from.source_sha256 = entries_.attribute_or_empty<std::string>(root, "source_sha256");
    from.conversion = entries_.attribute_or_empty<std::string>(root, "conversion");
    if (entries_.has_member(root, "stop")) read_stop(root, model);
    if (entries_.has_member(root, "training")) model.training = training(root);
    model.graph = graph(root);
    if (arithmetic) check_arithmetic_name(*arithmetic, "/arithmetic", faults_);
    if (arithmetic && damaged_.empty()) check_arithmetic_of(model.graph, *arithmetic, "/arithmetic", faults_);
    return model;
  }

  /// Nodes with a fault of their own: what validation says of them is but its consequence.
  const std::set<std::string>& damaged() const { return damaged_; }

 private:
  void read_stop(const Place& root, Model& model) {
    const auto group = entries_.group(root, "stop");
    if (!group) return;
    const Place place{group->get(), root.child("stop")};
    entries_.refuse_others(place, {"policy", "alpha", "threshold", "early_thresholds", "readout_delay"},
                           {"calibration"});
    const auto policy = entries_.attribute<std::string>(place, "policy");
    const auto alpha = entries_.attribute<double>(place, "alpha");
    const auto threshold = entries_.attribute<double>(place, "threshold");
    if (!policy || !alpha || !threshold) return;
    model.stop = StopSettings{*policy, *alpha, *threshold};
    if (entries_.has_attribute(place, "early_thresholds")) {
      model.stop->early_thresholds =
          entries_.attribute_or_empty<std::vector<double>>(place, "early_thresholds");
    }
    if (entries_.has_attribute(place, "readout_delay")) read_delay(place, *model.stop);
    if (entries_.has_member(place, "calibration")) model.calibration = calibration(place);
    try {
      make_stop_policy(*model.stop);
    } catch (const InputError& error) {
      faults_.push_back({place.path, error.what()});
    }
  }

  void read_delay(const Place& stop, StopSettings& settings) {
    const auto delay = entries_.attribute_or_empty<std::int64_t>(stop, "readout_delay");
    // What lies beyond is refused with the rule.
    settings.readout_delay = static_cast<int>(std::clamp<std::int64_t>(delay, -1, 1 << 30));
  }

  std::optional<CalibrationSamples> calibration(const Place& stop) {
    const auto group = entries_.group(stop, "calibration");
    if (!group) return std::nullopt;
    const Place place{group->get(), stop.child("calibration")};
    entries_.refuse_others(place,
                           {"data", "data_sha256", "split", "first", "samples", "steps", "coding", "binning",
                            "seed", "network_sha256", "max_loss", "max_steps", "guarantee", "guarantee_kind"},
                           {"sample_hashes"});
    CalibrationSamples from;
    from.data = entries_.attribute_or_empty<std::string>(place, "data");
    from.data_sha256 = entries_.attribute_or_empty<std::string>(place, "data_sha256");
    from.split = entries_.attribute_or_empty<std::string>(place, "split");
    from.first = entries_.attribute_or_empty<std::int64_t>(place, "first");
    from.samples = entries_.attribute_or_empty<std::int64_t>(place, "samples");
    from.steps = entries_.attribute_or_empty<std::int64_t>(place, "steps");
    if (!sound(from)) {
      faults_.push_back({place.path, fmt::format("names {} samples from {} on and {} steps", from.samples,
                                                 from.first, from.steps)});
    } else if (entries_.has_attribute(place, "coding")) {
      read_conditions(place, from);
    }
    return from;
  }

  // What files have from version 5 on.
  void read_conditions(const Place& place, CalibrationSamples& from) {
    from.coding = entries_.attribute_or_empty<std::string>(place, "coding");
    if (from.coding != "direct" && from.coding != "poisson" && from.coding != "events")
      faults_.push_back(
          {place.child("coding"), fmt::format("is '{}', expected direct, poisson or events", from.coding)});
    if (from.coding == "events") from.binning = entries_.attribute_or_empty<std::string>(place, "binning");
    from.seed = entries_.attribute_or_empty<std::int64_t>(place, "seed");
    from.network_sha256 = entries_.attribute_or_empty<std::string>(place, "network_sha256");
    const auto optional = [&](const char* name) {
      return entries_.has_attribute(place, name) ? entries_.attribute<double>(place, name) : std::nullopt;
    };
    from.max_loss = optional("max_loss");
    from.max_steps = optional("max_steps");
    from.guarantee = optional("guarantee");
    if (entries_.has_attribute(place, "guarantee_kind")) {
      const auto kind = entries_.attribute_or_empty<std::string>(place, "guarantee_kind");
      from.conditional = kind == conditional_guarantee && from.guarantee;
      if (!from.conditional)
        faults_.push_back(
            {place.child("guarantee_kind"),
             fmt::format("is '{}', expected {} beside a guarantee", kind, conditional_guarantee)});
    }
    if (entries_.has_member(place, "sample_hashes")) from.sample_hashes = hashes(place, from.samples);
  }

  std::vector<std::uint64_t> hashes(const Place& place, std::int64_t samples) {
    const std::size_t before = faults_.size();
    auto found = entries_.values<std::uint64_t>(place, "sample_hashes", {samples});
    if (faults_.size() == before && !sound_hashes(found, samples))
      faults_.push_back({place.child("sample_hashes"), "is not ascending"});
    return found;
  }

  std::optional<TrainingSamples> training(const Place& root) {
    const auto group = entries_.group(root, "training");
    if (!group) return std::nullopt;
    const Place place{group->get(), root.child("training")};
    entries_.refuse_others(place, {"data", "samples"}, {"sample_hashes"});
    TrainingSamples from;
    from.data = entries_.attribute_or_empty<std::string>(place, "data");
    const auto samples = entries_.attribute_or_empty<std::int64_t>(place, "samples");
    if (samples < 1 || samples > (std::int64_t{1} << 40)) {
      faults_.push_back({place.child("samples"), fmt::format("is {}, expected 1 or more", samples)});
    } else {
      from.sample_hashes = hashes(place, samples);
    }
    return from;
  }

  Graph graph(const Place& root) {
    Graph result;
    const auto group = entries_.group(root, "graph");
    if (!group) return result;
    const Place place{group->get(), root.child("graph")};
    entries_.refuse_others(place, {}, {"nodes"});
    const auto nodes = entries_.group(place, "nodes");
    if (!nodes) return result;
    const Place list{nodes->get(), place.child("nodes")};
    entries_.refuse_others(list, {}, numbered(list));
    for (const std::string& number : numbered(list)) result.nodes.push_back(node(list, number));
    return result;
  }

  // The names that as many nodes as the group has members must have.
  std::set<std::string> numbered(const Place& list) {
    std::set<std::string> names;
    const std::size_t count = std::min(entries_.member_names(list).size(), max_nodes);
    for (std::size_t i = 0; i < count; ++i) names.insert(node_group_name(i));
    return names;
  }

  Node node(const Place& list, const std::string& number) {
    const std::size_t faults_before = faults_.size();
    Node result;
    if (const auto group = entries_.group(list, number)) {
      const Place place{group->get(), list.child(number)};
      entries_.refuse_others(place, {"name", "op", "inputs"}, {"attributes", "tensors"});
      result.name = entries_.attribute_or_empty<std::string>(place, "name");
      result.op = entries_.attribute_or_empty<std::string>(place, "op");
      result.inputs = entries_.attribute_or_empty<std::vector<std::string>>(place, "inputs");
      read_attributes(place, result);
      read_tensors(place, result);
    }
    if (faults_.size() > faults_before) damaged_.insert(result.name);
    return result;
  }

  void read_attributes(const Place& node, Node& result) {
    const auto group = entries_.group(node, "attributes");
    if (!group) return;
    const Place place{group->get(), node.child("attributes")};
    const auto names = entries_.attribute_names(place);
    entries_.refuse_others(place, {names.begin(), names.end()}, {});
    for (const std::string& name : names) {
      const auto entry = entries_.entry(place, name);
      if (entry) std::visit([&](const auto& value) { set(place, name, value, result); }, *entry);
    }
  }

  template <class Value>
  void set(const Place& place, const std::string& name, const Value& value, Node& node) {
    if constexpr (std::is_constructible_v<Attribute, Value>) {
      node.attributes.emplace(name, value);
    } else {
      faults_.push_back(
          {place.child(name), fmt::format("is {}, which no setting is", hdf5::type_name(value))});
    }
  }

  void read_tensors(const Place& node, Node& result) {
    const auto group = entries_.group(node, "tensors");
    if (!group) return;
    const Place place{group->get(), node.child("tensors")};
    const auto names = entries_.member_names(place);
    entries_.refuse_others(place, {}, {names.begin(), names.end()});
    for (const std::string& name : names) {
      if (auto tensor = entries_.tensor(place, name)) result.tensors.emplace(name, std::move(*tensor));
    }
  }

  hdf5::EntryReader entries_;
  Faults& faults_;
  std::set<std::string> damaged_;
};

// validate(), with the errors that it throws (sizes beyond all bounds) made faults too.
Faults graph_faults(const Graph& graph, const SchemaSet& schemas) {
  try {
    return validate(graph, schemas).faults;
  } catch (const InputError& error) {
    return {{"graph", error.what()}};
  }
}

}  // namespace

Model read_model(const std::string& path, const SchemaSet& schemas) {
  const SealedFile sealed = read_sealed(path, FileKind::model, model_file_version);
  Faults faults;
  Model model;
  std::set<std::string> damaged;
  try {
    const hdf5::Session session;
    const hdf5::File file = hdf5::open_image(sealed.bytes);
    ModelReader reader(sealed.bytes.size(), faults);
    model = reader.model({file.get(), "/"});
    damaged = reader.damaged();
  } catch (const hdf5::CallFailed& failure) {
    throw InputError(path, "", failure.what());
  }
  set_value_types(model.graph, schemas);
  for (Fault& fault : graph_faults(model.graph, schemas)) {
    if (!damaged.contains(fault.where)) faults.push_back(std::move(fault));
  }
  throw_if_any(path, faults);
  return model;
}

}  // namespace rheobase
