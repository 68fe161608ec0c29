#include "tests/bench/bit_peak.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/bit_peak.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway requires.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rheobase::testing::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int rounds = 10000;

// Keeps the compiler from seeing through a vector, without a move.
template <class V>
HWY_INLINE void hide(V& vector) {
#if HWY_TARGET != HWY_SCALAR
  asm volatile("" : "+x"(vector.raw));
#else
  asm volatile("" : "+r"(vector.raw));
#endif
}

// Eight independent sums, `step` for each of them a round.
template <class D, class Step>
HWY_INLINE void run(D d, const Step& step) {
  auto x = hn::Zero(d);
  hide(x);
  auto s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x;
  // Not equal, for all the compiler knows.
  hide(s0), hide(s1), hide(s2), hide(s3), hide(s4), hide(s5), hide(s6), hide(s7);
  for (int i = 0; i < rounds; ++i) {
    s0 = step(s0, x);
    s1 = step(s1, x);
    s2 = step(s2, x);
    s3 = step(s3, x);
    s4 = step(s4, x);
    s5 = step(s5, x);
    s6 = step(s6, x);
    s7 = step(s7, x);
    hide(x);
  }
  auto sum = hn::Xor(hn::Xor(hn::Xor(s0, s1), hn::Xor(s2, s3)), hn::Xor(hn::Xor(s4, s5), hn::Xor(s6, s7)));
  hide(sum);
}

double by_table() {
#if HWY_TARGET == HWY_SCALAR
  return 0.0;
#else
  const hn::CappedTag<std::uint8_t, 64> d;
  run(d, [](auto sum, auto x) HWY_ATTR { return hn::Add(hn::TableLookupBytes(x, sum), x); });
  return 8.0 * rounds * 4 * static_cast<double>(hn::Lanes(d));
#endif
}

double by_words() {
  const hn::CappedTag<std::uint64_t, 8> d;
  run(d, [](auto sum, auto x) HWY_ATTR { return hn::Add(hn::PopulationCount(hn::Xor(x, sum)), x); });
  return 8.0 * rounds * 64 * static_cast<double>(hn::Lanes(d));
}

}  // namespace rheobase::testing::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rheobase::testing {

HWY_EXPORT(by_table);
HWY_EXPORT(by_words);

double count_in_registers(CountMethod method) {
  return method == CountMethod::table ? HWY_DYNAMIC_DISPATCH(by_table)() : HWY_DYNAMIC_DISPATCH(by_words)();
}

}  // namespace rheobase::testing
#endif  // HWY_ONCE
