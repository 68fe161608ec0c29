#include "binarize/train/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/core/error.h"

namespace rheobase {

Optimizer::Optimizer(OptimizerSettings settings, std::vector<Parameter*> parameters)
    : settings_(std::move(settings)), parameters_(std::move(parameters)) {
  std::vector<Fault> faults;
  const auto expect = [&](bool sound, const char* key, const std::string& value, const char* what) {
    if (!sound) faults.push_back({key, fmt::format("is {}, expected {}", value, what)});
  };
  const auto& s = settings_;
  expect(s.name == "sgd" || s.name == "adam", "name", "'" + s.name + "'", "sgd or adam");
  expect(s.momentum >= 0 && s.momentum < 1, "momentum", fmt::format("{}", s.momentum), "0 to below 1");
  expect(s.beta1 >= 0 && s.beta1 < 1, "beta1", fmt::format("{}", s.beta1), "0 to below 1");
  expect(s.beta2 >= 0 && s.beta2 < 1, "beta2", fmt::format("{}", s.beta2), "0 to below 1");
  expect(s.epsilon > 0 && std::isfinite(s.epsilon), "epsilon", fmt::format("{}", s.epsilon), "more than 0");
  expect(s.weight_decay >= 0 && std::isfinite(s.weight_decay), "weight_decay",
         fmt::format("{}", s.weight_decay), "0 or more");
  throw_if_any("optimizer", faults);
  for (const Parameter* parameter : parameters_) {
    state_.first.emplace_back(parameter->value->size(), 0.0F);
    state_.second.emplace_back(s.name == "adam" ? parameter->value->size() : 0, 0.0F);
  }
}

void Optimizer::step(double learning_rate) {
  ++state_.steps;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (settings_.name == "sgd") {
      step_sgd(*parameters_[i], state_.first[i], learning_rate);
    } else {
      step_adam(i, learning_rate);
    }
    for (float& value : parameters_[i]->value->reals())
      value = value < parameters_[i]->minimum ? parameters_[i]->minimum : value;
  }
}

void Optimizer::step_sgd(Parameter& parameter, std::vector<float>& velocity, double learning_rate) const {
  std::vector<float>& w = parameter.value->reals();
  const auto decay = static_cast<float>(settings_.weight_decay);
  const auto momentum = static_cast<float>(settings_.momentum);
  const auto rate = static_cast<float>(learning_rate);
  for (std::size_t i = 0; i < w.size(); ++i) {
    velocity[i] = momentum * velocity[i] + (parameter.gradient[i] + decay * w[i]);
    w[i] -= rate * velocity[i];
  }
}

void Optimizer::step_adam(std::size_t index, double learning_rate) {
  Parameter& parameter = *parameters_[index];
  std::vector<float>& w = parameter.value->reals();
  std::vector<float>&m = state_.first[index], &v = state_.second[index];
  const auto steps = static_cast<double>(state_.steps);
  const double rate = learning_rate / (1.0 - std::pow(settings_.beta1, steps));
  const double unbias = 1.0 / (1.0 - std::pow(settings_.beta2, steps));
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double g = parameter.gradient[i] + settings_.weight_decay * w[i];
    m[i] = static_cast<float>(settings_.beta1 * m[i] + (1.0 - settings_.beta1) * g);
    v[i] = static_cast<float>(settings_.beta2 * v[i] + (1.0 - settings_.beta2) * g * g);
    w[i] = static_cast<float>(w[i] - rate * m[i] / (std::sqrt(v[i] * unbias) + settings_.epsilon));
  }
}

void Optimizer::set_state(OptimizerState state) {
  const auto sizes = [](const std::vector<std::vector<float>>& tables) {
    std::vector<std::size_t> list;
    list.reserve(tables.size());
    for (const auto& table : tables) list.push_back(table.size());
    return list;
  };
  if (sizes(state.first) != sizes(state_.first) || sizes(state.second) != sizes(state_.second))
    throw InternalError("an optimiser's state does not fit its parameters");
  state_ = std::move(state);
}

void LearningRate::check(double epochs) const {
  std::vector<Fault> faults;
  if (schedule != "constant" && schedule != "cosine" && schedule != "step")
    faults.push_back({"schedule", fmt::format("is '{}', expected constant, cosine or step", schedule)});
  if (!(rate > 0 && std::isfinite(rate)))
    faults.push_back({"rate", fmt::format("is {}, expected more than 0", rate)});
  if (!(warm_up >= 0 && (warm_up == 0 || warm_up < epochs)))
    faults.push_back({"warm_up", fmt::format("is {}, expected 0 to below {}", warm_up, epochs)});
  if (!(gamma > 0 && std::isfinite(gamma)))
    faults.push_back({"gamma", fmt::format("is {}, expected more than 0", gamma)});
  if (!std::is_sorted(milestones.begin(), milestones.end()))
    faults.push_back({"milestones", "do not ascend"});
  if (schedule == "step" && milestones.empty())
    faults.push_back({"milestones", "are none, and 'step' changes the rate at them"});
  for (const double milestone : milestones) {
    if (!(milestone > 0 && milestone < epochs))
      faults.push_back({"milestones", fmt::format("{} is not within 0 and {}", milestone, epochs)});
  }
  throw_if_any("learning_rate", faults);
}

double LearningRate::at(double epoch, double epochs) const {
  if (epoch < warm_up) return rate * epoch / warm_up;
  if (schedule == "cosine")
    return rate * 0.5 * (1.0 + std::cos(std::numbers::pi * (epoch - warm_up) / (epochs - warm_up)));
  if (schedule == "constant") return rate;
  const auto passed =
      std::count_if(milestones.begin(), milestones.end(), [&](double m) { return m <= epoch; });
  return rate * std::pow(gamma, static_cast<double>(passed));
}

}  // namespace rheobase
