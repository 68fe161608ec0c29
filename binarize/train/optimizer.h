#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "binarize/train/layer.h"

namespace rheobase {

struct OptimizerSettings {
  std::string name = "sgd";                           ///< sgd, adam
  double momentum = 0.9;                              ///< sgd; in [0, 1)
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< adam
  double weight_decay = 0.0;  ///< of every parameter, added to its gradient; 0 or more
};

/// What an optimiser carries from step to step.
struct OptimizerState {
  std::int64_t steps = 0;
  std::vector<std::vector<float>> first, second;  ///< by parameter; sgd: velocity and nothing
};

/// sgd: v = momentum v + g, w -= rate v. adam: Kingma and Ba, ICLR 2015.
class Optimizer {
 public:
  /// Throws InputError for an unknown name or a setting out of range.
  Optimizer(OptimizerSettings settings, std::vector<Parameter*> parameters);

  void step(double learning_rate);

  const OptimizerState& state() const { return state_; }
  /// Throws InternalError for a state of other parameters.
  void set_state(OptimizerState state);

 private:
  void step_sgd(Parameter& parameter, std::vector<float>& velocity, double learning_rate) const;
  void step_adam(std::size_t index, double learning_rate);

  OptimizerSettings settings_;
  std::vector<Parameter*> parameters_;
  OptimizerState state_;
};

/// The learning rate over training.
struct LearningRate {
  std::string schedule = "cosine";   ///< constant; cosine to 0; step: times `gamma` at each milestone
  double rate = 0.1;                 ///< more than 0
  double warm_up = 0.0;              ///< epochs over which it rises linearly before the schedule begins
  std::vector<double> milestones{};  ///< step: epochs, ascending
  double gamma = 0.1;                ///< step

  /// Throws InputError with every setting that is out of range.
  void check(double epochs) const;
  /// At `epoch` of `epochs`; a fraction counts the steps within an epoch.
  double at(double epoch, double epochs) const;
};

}  // namespace rheobase
