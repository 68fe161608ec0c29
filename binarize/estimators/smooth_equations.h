#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "binarize/estimators/equations.h"

// Smooth surrogates of sign, and the parabola that narrows; see equations.h.
namespace rheobase::estimators {

/// SignSwish (Darabi et al., BNN+, 2018) with beta = 5. Negative beyond |x| = 0.48.
template <class T>
struct SignSwish {
  T beta = 5;

  void at(double, SignRole) {}
  T slope(T x) const {
    // 1 / (1 + cosh(y)) = 2 sigmoid(y) sigmoid(-y), which cannot overflow.
    return T(2) * beta * sigmoid(beta * x) * sigmoid(-beta * x) *
           (T(2) - beta * x * std::tanh(beta * x / T(2)));
  }
  T value(T x) const {
    const T s = sigmoid(beta * x);
    return T(2) * s * (T(1) + beta * x * (T(1) - s)) - T(1);
  }
};

/// Differentiable soft quantisation of one bit (Gong et al., ICCV 2019): s tanh(k x) on [-1, 1]. Its `a`,
/// which the paper trains, stays at its initial 0.2.
template <class T>
struct Dsq {
  T a = T(0.2);

  void at(double, SignRole) {}
  T k() const { return std::log(T(2) / a - T(1)) / T(2); }
  T s() const { return T(1) / (T(1) - a); }
  T slope(T x) const {
    if (std::abs(x) > T(1)) return 0;
    const T h = std::tanh(k() * x);
    return s() * k() * (T(1) - h * h);
  }
  T value(T x) const { return std::abs(x) <= T(1) ? s() * std::tanh(k() * x) : sign_of(x); }
};

/// Error decay estimator (Qin et al., IR-Net, CVPR 2020): k tanh(t x), t from 0.1 to 10.
template <class T>
struct Ede {
  T t = T(0.1), k = 10;

  void at(double r, SignRole) {
    t = static_cast<T>(0.1 * std::pow(100.0, r));
    k = std::max(T(1) / t, T(1));
  }
  T slope(T x) const {
    const T h = std::tanh(t * x);
    return k * t * (T(1) - h * h);
  }
  T value(T x) const { return k * std::tanh(t * x); }
};

/// Rotated binary network's (Lin et al., NeurIPS 2020): a parabola that narrows, t from 0.01 to 10. Its
/// rotation of the weights is not part of the estimator.
template <class T>
struct Rbnn {
  T t = T(0.01), k = 100;

  void at(double r, SignRole role) {
    t = static_cast<T>(0.01 * std::pow(1000.0, r));
    k = std::max(T(1) / t, T(1));
    if (role == SignRole::activations) {
      k = 1;
      t = std::max(t, T(1));
    }
  }
  T slope(T x) const {
    const T g = k * (std::numbers::sqrt2_v<T> * t - t * t * std::abs(x));
    return g > T(0) ? g : T(0);
  }
  T value(T x) const {
    if (std::abs(x) >= std::numbers::sqrt2_v<T> / t) return k * sign_of(x);
    return k * (std::numbers::sqrt2_v<T> * t * x - sign_of(x) * t * t * x * x / T(2));
  }
};

/// Fourier series of the square wave (Xu et al., FDA-BNN, NeurIPS 2021), n from 9 to 18, up to a quarter of
/// its period, where its slope is 0: the wave would fall again. The paper gives no w.
template <class T>
struct Fda {
  T w = 1;
  int n = 9;

  void at(double r, SignRole) { n = 9 + static_cast<int>(std::lround(9 * r)); }
  T reach() const { return std::numbers::pi_v<T> / (T(2) * w); }
  T slope(T x) const {
    if (std::abs(x) >= reach()) return 0;
    T sum = 0;
    for (int i = 0; i <= n; ++i) sum += std::cos(T(2 * i + 1) * w * x);
    return T(4) * w / std::numbers::pi_v<T> * sum;
  }
  T value(T x) const {
    x = std::clamp(x, -reach(), reach());
    T sum = 0;
    for (int i = 0; i <= n; ++i) sum += std::sin(T(2 * i + 1) * w * x) / T(2 * i + 1);
    return T(4) / std::numbers::pi_v<T> * sum;
  }
};

/// Scaled sigmoid (Ma et al., A&B BNN, CVPR 2024), a = 3.
template <class T>
struct AbSigmoid {
  T a = 3;

  void at(double, SignRole) {}
  T slope(T x) const { return T(2) * a * sigmoid(a * x) * sigmoid(-a * x); }
  T value(T x) const { return T(2) * sigmoid(a * x) - T(1); }
};

}  // namespace rheobase::estimators
