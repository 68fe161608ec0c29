#include "experiments/train/train_spec.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "binarize/networks/networks.h"
#include "experiments/data/normalization.h"
#include "experiments/spec/toml_reader.h"
#include "experiments/train/network_file.h"
#include "sim/core/file_use.h"

namespace rheobase {
namespace {

// Keeps what a check throws as faults of this file.
template <class Check>
void keep_faults(const std::string& where, std::vector<Fault>& faults, const Check& check) {
  try {
    check();
  } catch (const FileClash&) {
    throw;
  } catch (const InputError& error) {
    for (const Fault& fault : error.faults()) faults.push_back({where + fault.where, fault.what});
  }
}

template <class T>
void read(TomlReader& reader, const char* key, T& target) {
  target = reader.value<T>(key).value_or(target);
}

void read_count(TomlReader& reader, const char* key, std::int64_t least, std::int64_t& target) {
  read(reader, key, target);
  if (target < least) reader.fault(key, fmt::format("is {}, expected {} or more", target, least));
}

void read_estimator(const TomlTable& table, EstimatorSettings& settings, std::vector<Fault>& faults) {
  TomlReader reader(table, "estimator.", faults);
  read(reader, "name", settings.name);
  read(reader, "o_end", settings.o_end);
  read(reader, "t", settings.t);
  read(reader, "m", settings.m);
  read(reader, "w", settings.w);
  reader.refuse_others();
  keep_faults("estimator.", faults, [&] { make_estimator(settings, SignRole::weights); });
}

void read_optimizer(const TomlTable& table, OptimizerSettings& settings, std::vector<Fault>& faults) {
  TomlReader reader(table, "optimizer.", faults);
  read(reader, "name", settings.name);
  read(reader, "momentum", settings.momentum);
  read(reader, "beta1", settings.beta1);
  read(reader, "beta2", settings.beta2);
  read(reader, "epsilon", settings.epsilon);
  read(reader, "weight_decay", settings.weight_decay);
  reader.refuse_others();
  keep_faults("optimizer.", faults, [&] { Optimizer(settings, {}); });
}

void read_learning_rate(const TomlTable& table, double epochs, LearningRate& rate,
                        std::vector<Fault>& faults) {
  TomlReader reader(table, "learning_rate.", faults);
  read(reader, "schedule", rate.schedule);
  read(reader, "rate", rate.rate);
  read(reader, "warm_up", rate.warm_up);
  rate.milestones = reader.list<double>("milestones");
  read(reader, "gamma", rate.gamma);
  reader.refuse_others();
  keep_faults("learning_rate.", faults, [&] { rate.check(epochs); });
}

void read_augment(const TomlTable& table, AugmentSettings& settings, std::vector<Fault>& faults) {
  TomlReader reader(table, "augment.", faults);
  read_count(reader, "crop_padding", 0, settings.crop_padding);
  read(reader, "flip", settings.flip);
  read_count(reader, "cutout", 0, settings.cutout);
  reader.refuse_others();
}

void read_network(TomlReader& reader, const std::filesystem::path& folder, TrainSpec& spec,
                  std::vector<Fault>& faults) {
  read(reader, "network", spec.network);
  if (spec.network.ends_with(".toml")) {
    spec.network = (folder / spec.network).string();
    keep_faults("network: " + spec.network + ": ", faults,
                [&] { spec.layers = read_network_file(spec.network); });
  } else {
    reader.expect_one_of("network", {spec.network}, network_names());
  }
  read(reader, "scale", spec.scale);
  reader.expect_one_of("scale", {spec.scale}, {"layer", "channel"});
  read_count(reader, "L", 1, spec.levels);
  read(reader, "lambda", spec.lambda);
  if (!(spec.lambda > 0 && std::isfinite(spec.lambda)))
    faults.push_back({"lambda", fmt::format("is {}, expected more than 0", spec.lambda)});
}

TrainSpec read_spec(const TomlTable& table, const std::filesystem::path& folder, std::vector<Fault>& faults) {
  TomlReader reader(table, "", faults);
  TrainSpec spec;
  read_network(reader, folder, spec, faults);
  read(reader, "data", spec.data);
  if (spec.data.empty()) reader.fault("data", "names no data set");
  read(reader, "test_data", spec.test_data);
  read(reader, "normalize", spec.normalize);
  keep_faults("normalize: ", faults, [&] { normalization_preset(spec.normalize); });
  read_count(reader, "epochs", 1, spec.epochs);
  read_count(reader, "batch", 2, spec.batch);
  auto seed = static_cast<std::int64_t>(spec.seed);
  read_count(reader, "seed", 0, seed);
  spec.seed = static_cast<std::uint64_t>(seed);
  spec.limit = reader.value<std::int64_t>("limit");
  if (spec.limit && *spec.limit < spec.batch)
    reader.fault("limit", fmt::format("is {}, less than a batch of {}", *spec.limit, spec.batch));
  read(reader, "label_smoothing", spec.label_smoothing);
  if (!(spec.label_smoothing >= 0 && spec.label_smoothing < 1))
    reader.fault("label_smoothing", fmt::format("is {}, expected 0 to below 1", spec.label_smoothing));
  read_count(reader, "precise_bn", 0, spec.precise_bn);
  read_estimator(reader.table("estimator"), spec.estimator, faults);
  read_optimizer(reader.table("optimizer"), spec.optimizer, faults);
  read_learning_rate(reader.table("learning_rate"), static_cast<double>(spec.epochs), spec.learning_rate,
                     faults);
  read_augment(reader.table("augment"), spec.augment, faults);
  reader.refuse_others();
  return spec;
}

}  // namespace

TrainSpec read_train_spec(const std::string& path) {
  const TomlTable table = read_toml(path);
  std::vector<Fault> faults;
  TrainSpec spec = read_spec(table, std::filesystem::path(path).parent_path(), faults);
  throw_if_any(path, faults);
  return spec;
}

}  // namespace rheobase
