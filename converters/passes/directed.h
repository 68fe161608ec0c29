#pragma once

#include <cmath>
#include <limits>

namespace rheobase {

// Sums and products rounded towards one side, and not at all where they are exact: a bound that is 0 stays 0.
// The rest of a sum is Knuth's, that of a product comes from fused multiply-add. An infinite bound absorbs
// everything, and infinity times 0 is 0: a weight of 0 reads nothing.

inline double rest_of_sum(double a, double b, double sum) {
  const double part = sum - a;
  return (a - (sum - part)) + (b - part);
}

/// The largest double that is not above a + b.
inline double add_down(double a, double b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a == -infinity || b == -infinity) return -infinity;
  const double sum = a + b;
  return std::isfinite(sum) && rest_of_sum(a, b, sum) < 0 ? std::nextafter(sum, -infinity) : sum;
}
inline double add_up(double a, double b) { return -add_down(-a, -b); }

inline double multiply_down(double a, double b) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (a == 0 || b == 0) return 0;
  const double product = a * b;
  return std::isfinite(product) && std::fma(a, b, -product) < 0 ? std::nextafter(product, -infinity)
                                                                : product;
}
inline double multiply_up(double a, double b) { return -multiply_down(-a, b); }

}  // namespace rheobase
