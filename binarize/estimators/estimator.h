#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rheobase {

/// What a sign is taken of: some methods treat weights and activations differently.
enum class SignRole { weights, activations };

/// Which estimator, and the constants of two of them, which the others ignore.
struct EstimatorSettings {
  std::string name = "reste";
  double o_end = 3.0;  ///< of ReSTE: exponent at the end of training; 1 or more
  double t = 1.5;      ///< of ReSTE: no gradient passes beyond; more than m
  double m = 0.1;      ///< of ReSTE: up to here the slope is that of the chord; more than 0
  double w = 1.0;      ///< of FDA: angular frequency of the square wave; more than 0

  bool operator==(const EstimatorSettings&) const = default;
};

/// Forward: sign, with sign(0) = +1. Backward: multiplication by slope(x), the derivative of a surrogate of
/// sign that may change over training. Immutable but for set_progress().
class SignEstimator {
 public:
  virtual ~SignEstimator() = default;

  /// `progress` is epoch / epochs, in [0, 1]. A new estimator is at 0.
  virtual void set_progress(double progress) = 0;
  /// g(x).
  virtual double slope(double x) const = 0;
  /// F(x), the surrogate. F' = g, for ReSTE only where m < |x| <= t: the method replaces the slope of its
  /// power function elsewhere.
  virtual double surrogate(double x) const = 0;
  /// dx[i] = g(x[i]) * dy[i] (+ dx[i] if `accumulate`), in float32.
  virtual void backward(std::span<const float> x, std::span<const float> dy, std::span<float> dx,
                        bool accumulate) const = 0;
  /// Weights are to be standardised, (W - mean) / deviation over each output channel, before their sign.
  virtual bool standardizes_weights() const = 0;
};

/// One estimator's entry in the family.
struct EstimatorInfo {
  std::string name;
  std::string source;    ///< paper
  std::string schedule;  ///< what changes with progress r, or `-`
};

/// reste, ste, clipped_ste, approx_sign, sign_swish, dsq, ede, rbnn, fda, ab
/// (docs/reference/estimators.md has the formulas).
const std::vector<EstimatorInfo>& sign_estimators();

/// Throws InputError for an unknown name or constants out of range.
std::unique_ptr<SignEstimator> make_estimator(const EstimatorSettings& settings, SignRole role);

/// sign with sign(0) = +1 (and of a negative zero: +1).
template <class T>
T sign_of(T x) {
  return x >= T(0) ? T(1) : T(-1);
}

}  // namespace rheobase
