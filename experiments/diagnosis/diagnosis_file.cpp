#include "experiments/diagnosis/diagnosis_file.h"

#include <array>
#include <limits>
#include <utility>

#include "experiments/json/json.h"
#include "sim/core/error.h"

namespace rheobase {
namespace {

// Keys of the file, but for `steps`.
constexpr std::array<std::pair<const char*, double LayerError::*>, 10> fields{
    {{"mean_error", &LayerError::mean_error},
     {"error", &LayerError::error},
     {"own_error", &LayerError::own_error},
     {"correlation", &LayerError::correlation},
     {"clipped", &LayerError::clipped},
     {"silent", &LayerError::silent},
     {"saturated", &LayerError::saturated},
     {"events", &LayerError::events},
     {"clipping", &LayerError::clipping},
     {"silence", &LayerError::silence}}};

// What has no value is null.
double real_of(const Json& json) {
  return json == Json(nullptr) ? std::numeric_limits<double>::quiet_NaN() : json.as<double>();
}

Json layer_json(const DiagnosedLayer& layer) {
  Json json{{"name", layer.name}, {"neurons", layer.neurons}, {"rms", layer.rms}};
  for (const LayerError& error : layer.by_steps) {
    Json row{{"steps", error.steps}};
    for (const auto& [key, field] : fields) row[key] = error.*field;
    json["by_steps"].push_back(std::move(row));
  }
  return json;
}

DiagnosedLayer layer_of(const Json& json) {
  DiagnosedLayer layer{
      json.at("name").as<std::string>(), json.at("neurons").as<std::int64_t>(), real_of(json.at("rms")), {}};
  for (const Json& row : json.at("by_steps").elements()) {
    LayerError error;
    error.steps = row.at("steps").as<int>();
    for (const auto& [key, field] : fields) error.*field = real_of(row.at(key));
    layer.by_steps.push_back(error);
  }
  return layer;
}

void check(const Diagnosis& found, const std::string& path) {
  const std::size_t count = found.steps.size();
  if (count == 0 || found.logits.size() != count)
    throw InputError(path, "logits", "are not one of each of the steps");
  for (const DiagnosedLayer& layer : found.layers) {
    if (layer.by_steps.size() != count)
      throw InputError(path, layer.name, "is not there for each of the steps");
  }
}

}  // namespace

std::string diagnosis_file_text(const Diagnosis& diagnosis) {
  Json json{{"schema", 1},
            {"samples", diagnosis.samples},
            {"source_accuracy", diagnosis.source_accuracy},
            {"steps", diagnosis.steps},
            {"left_out", diagnosis.left_out}};
  json["layers"] = Json::array();
  for (const DiagnosedLayer& layer : diagnosis.layers) json["layers"].push_back(layer_json(layer));
  for (const LogitAgreement& logits : diagnosis.logits) {
    json["logits"].push_back({{"steps", logits.steps},
                              {"same", logits.same},
                              {"correlation", logits.correlation},
                              {"accuracy", logits.accuracy}});
  }
  return json.dump() + "\n";
}

Diagnosis parse_diagnosis(const std::string& text, const std::string& path) {
  Diagnosis found;
  try {
    const Json json = Json::parse(text);
    if (json.at("schema").as<int>() != 1)
      throw InputError(path, json.at("schema").dump(), "is no known schema");
    found.samples = json.at("samples").as<std::int64_t>();
    found.source_accuracy = json.at("source_accuracy").as<double>();
    found.steps = json.at("steps").as_list<int>();
    found.left_out = json.at("left_out").as_list<std::string>();
    for (const Json& layer : json.at("layers").elements()) found.layers.push_back(layer_of(layer));
    for (const Json& logits : json.at("logits").elements())
      found.logits.push_back({logits.at("steps").as<int>(), logits.at("same").as<double>(),
                              real_of(logits.at("correlation")), logits.at("accuracy").as<double>()});
  } catch (const JsonError& error) {
    throw InputError(path, "", error.what());
  }
  check(found, path);
  return found;
}

}  // namespace rheobase
