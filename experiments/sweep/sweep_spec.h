#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rheobase {

/// A stop rule of a sweep: every alpha by every threshold.
struct SweepPolicy {
  std::string name;                ///< confidence, margin, entropy, stable
  std::vector<double> alphas;      ///< one or more
  std::vector<double> thresholds;  ///< none: the Pareto front of all of them
  bool by_step = false;            ///< with a front: a threshold for every step (StepShape)
};

/// Samples that thresholds and corrections of .onnx models come from.
struct SweepCalibration {
  std::string data;  ///< SPEC; empty: none
  std::string split = "train";
  std::int64_t samples = 256;  ///< spread evenly; all where there are fewer
  std::optional<int> steps;    ///< T that models are made for; none: as convert
};

/// What `rheobase sweep` reads (docs/reference/sweep.md): every model by every data set, arithmetic, coding,
/// conversion and readout delay is simulated once, for the largest budget; every budget and policy is then
/// read from the recording.
struct SweepSpec {
  std::vector<std::string> models;      ///< .h5, or .onnx that is converted
  std::vector<std::string> data;        ///< SPECs
  std::vector<std::string> arithmetic;  ///< of .onnx models: float32, fixed
  std::vector<std::string> coding;      ///< direct, poisson, events; none: what each data set is for
  // Of .onnx models, as `convert` spells them.
  std::vector<std::string> methods{"auto"};      ///< auto, if, signed, mt, sigma-delta
  std::vector<std::int64_t> levels;              ///< of mt and sigma-delta; none: the method's own
  std::vector<std::string> thresholds{"auto"};   ///< auto, max, mse, ltb, percentiles
  std::vector<std::string> corrections{"none"};  ///< none, light, potential
  SweepCalibration calibration;
  std::vector<int> readout_delays{0};  ///< each less than all budgets but one step
  std::vector<int> steps;              ///< budgets T, ascending
  std::vector<SweepPolicy> policies;
  std::string split = "test";
  std::string normalize = "none";  ///< of .onnx models
  bool normalize_given = false;
  std::int64_t offset = 0;
  std::optional<std::int64_t> limit;
  std::int64_t seed = 0;
  std::string path;  ///< the file it was read from
  std::string text;  ///< its contents
};

/// Whether a model is a network that a sweep converts, and no model file.
bool is_converted(const std::string& model);

/// Throws InputError with every fault: no TOML, unknown keys, values of another type or out of range, nothing
/// to do.
SweepSpec read_sweep_spec(const std::string& path);

}  // namespace rheobase
