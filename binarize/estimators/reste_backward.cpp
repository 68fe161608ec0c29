// ReSTE's backward pass on vectors: powers by exp and log, the only transcendental functions in the inner
// loop of training.
#include "binarize/estimators/reste_backward.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "binarize/estimators/reste_backward.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using estimators::ReSTE;

using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

// g(x), see equations.h.
struct Slope {
  explicit Slope(const ReSTE<float>& reste)
      : m(hn::Set(d, reste.m)),
        t(hn::Set(d, reste.t)),
        chord(hn::Set(d, reste.chord())),
        exponent(hn::Set(d, (1.0F - reste.o) / reste.o)),
        offset(hn::Set(d, -std::log(reste.o))) {}

  HWY_INLINE Vector operator()(Vector x) const {
    const Vector a = hn::Abs(x);
    const Vector power = hn::Exp(d, hn::MulAdd(exponent, hn::Log(d, hn::Max(a, m)), offset));
    return hn::IfThenElse(hn::Le(a, m), chord, hn::IfThenElseZero(hn::Le(a, t), power));
  }

  Floats d;
  Vector m, t, chord, exponent, offset;
};

void backward(const ReSTE<float>& reste, const float* x, const float* dy, float* dx, std::int64_t count,
              bool accumulate) {
  const Floats d;
  const Slope slope(reste);
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Vector product = hn::Mul(slope(hn::LoadU(d, x + i)), hn::LoadU(d, dy + i));
    hn::StoreU(accumulate ? hn::Add(hn::LoadU(d, dx + i), product) : product, d, dx + i);
  }
  for (; i < count; ++i) {
    const float product = hn::GetLane(slope(hn::Set(d, x[i]))) * dy[i];
    dx[i] = accumulate ? dx[i] + product : product;
  }
}

}  // namespace rheobase::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase {
HWY_EXPORT(backward);

void estimators::reste_backward(const ReSTE<float>& reste, const float* x, const float* dy, float* dx,
                                std::int64_t count, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(backward)(reste, x, dy, dx, count, accumulate);
}

}  // namespace rheobase
#endif
