#pragma once

#include <cstdint>
#include <vector>

#include "sim/format/recording_file.h"

namespace rheobase {

/// Samples whose confidence max softmax(sum / alpha) falls into one of equal parts of (0, 1].
struct ReliabilityBin {
  std::int64_t samples = 0;
  double confidence = 0.0;  ///< on average; 0 where there are none
  double accuracy = 0.0;    ///< share read rightly; 0 where there are none
};

/// How far confidence is accuracy at one step (Guo et al., ICML 2017).
struct Reliability {
  std::vector<ReliabilityBin> bins;
  double ece = 0.0;  ///< expected calibration error: sum of |accuracy - confidence| weighted by samples
};

/// At step t = 1..T, of samples that ran so long and have labels. `bins`: 1 or more.
Reliability reliability(const Recording& recording, int t, double alpha, int bins = 15);

/// The alpha between 1e-3 and 1e3 at which softmax(sum / alpha) at step t has the least mean negative log
/// likelihood of the labels (temperature scaling), to a relative 1e-4.
double fitted_alpha(const Recording& recording, int t);

/// What confidence is worth at one step, as it is and after fitting alpha to that step on the same samples.
struct StepReliability {
  int step = 0;
  double accuracy = 0.0;
  double confidence = 0.0;  ///< on average
  double ece = 0.0;
  double fitted_alpha = 0.0;
  double fitted_ece = 0.0;
};

/// At steps 1, 2, 4, ... and T.
std::vector<StepReliability> reliability_by_step(const Recording& recording, double alpha);

}  // namespace rheobase
