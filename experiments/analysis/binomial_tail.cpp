#include <boost/math/distributions/binomial.hpp>

#include "experiments/analysis/guarantee.h"

namespace rheobase {

double binomial_tail(std::int64_t count, std::int64_t trials, double probability) {
  // Boost asks for 0 <= count <= trials and a probability.
  if (count >= trials || probability <= 0.0) return 1.0;
  if (probability >= 1.0) return 0.0;
  const boost::math::binomial_distribution<double> losses(static_cast<double>(trials), probability);
  return boost::math::cdf(losses, static_cast<double>(count));
}

}  // namespace rheobase
