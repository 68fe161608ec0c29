#pragma once

#include <cmath>
#include <numbers>

#include "binarize/estimators/estimator.h"

// Piecewise surrogates of sign, one struct each: at(r, role) sets what depends on progress, slope() is g and
// value() is F. T is float or double.
namespace rheobase::estimators {

template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

/// f(x) = sign(x) |x|^(1/o); the chord's slope within m, none beyond t (Wu et al., ICCV 2023).
template <class T>
struct ReSTE {
  T o_end = 3, t = T(1.5), m = T(0.1), o = 1;

  void at(double r, SignRole) {
    o = static_cast<T>(1 + (o_end - 1) * (1 - std::cos(std::numbers::pi / 2 * r)));
  }
  T chord() const { return std::pow(m, (T(1) - o) / o); }
  T slope(T x) const {
    const T a = std::abs(x);
    if (a <= m) return chord();
    return a <= t ? std::pow(a, (T(1) - o) / o) / o : T(0);
  }
  T value(T x) const { return sign_of(x) * std::pow(std::abs(x), T(1) / o); }
};

/// Identity (Bengio, Leonard and Courville, 2013).
template <class T>
struct Ste {
  void at(double, SignRole) {}
  T slope(T) const { return 1; }
  T value(T x) const { return x; }
};

/// Hard tanh (Hubara et al., NeurIPS 2016).
template <class T>
struct ClippedSte {
  void at(double, SignRole) {}
  T slope(T x) const { return std::abs(x) <= T(1) ? T(1) : T(0); }
  T value(T x) const { return std::abs(x) <= T(1) ? x : sign_of(x); }
};

/// Piecewise parabola (Liu et al., Bi-Real Net, ECCV 2018).
template <class T>
struct ApproxSign {
  void at(double, SignRole) {}
  T slope(T x) const { return std::abs(x) < T(1) ? T(2) - T(2) * std::abs(x) : T(0); }
  T value(T x) const { return std::abs(x) < T(1) ? T(2) * x - x * std::abs(x) : sign_of(x); }
};

}  // namespace rheobase::estimators
