// Never compiled with -fsanitize=thread, as the scheduler.
#include <algorithm>
#include <vector>

#include "tests/cuda/shim/emulator.h"

namespace emulator {
namespace {

constexpr int depth = 32;  // k of one instruction

struct Operands {
  std::int32_t* acc;
  const std::uint32_t *a, *b;
};

std::int32_t byte_of(std::uint32_t word, int index) { return static_cast<std::int8_t>(word >> (8 * index)); }

std::int32_t wrapping_sum(std::int32_t x, std::int32_t y) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(y));
}

// Lane 4g + t holds of b[j]: rows 4t to 4t + 3 of column g, and 16 more.
void unpack_b(const void* const* in, int nt, std::vector<std::int32_t>& b) {
  const int width = nt * 8;
  for (int lane = 0; lane < 32; ++lane) {
    const auto& operands = *static_cast<const Operands*>(in[lane]);
    for (int j = 0; j < nt; ++j) {
      for (int k = 0; k < 8; ++k) {
        const int row = k / 4 * 16 + lane % 4 * 4 + k % 4;
        b[row * width + 8 * j + lane / 4] = byte_of(operands.b[2 * j + k / 4], k % 4);
      }
    }
  }
}

void perform(const void* const* in, void* const* /*out*/, unsigned /*mask*/, int shape) {
  const int mt = shape / 64, nt = shape % 64, width = nt * 8;
  statistics().products += static_cast<std::uint64_t>(mt) * nt;
  thread_local std::vector<std::int32_t> b, sums;
  b.resize(static_cast<std::size_t>(depth) * width);
  unpack_b(in, nt, b);
  for (int row = 0; row < 16 * mt; ++row) {
    const int tile = row / 16, g = row % 8, upper = row % 16 / 8;
    sums.assign(static_cast<std::size_t>(width), 0);
    for (int k = 0; k < depth; ++k) {
      const auto& operands = *static_cast<const Operands*>(in[4 * g + k % 16 / 4]);
      const std::int32_t a = byte_of(operands.a[4 * tile + upper + 2 * (k / 16)], k % 4);
      if (a == 0) continue;
      for (int n = 0; n < width; ++n) sums[n] += a * b[k * width + n];  // 32 * 128 * 128 at most
    }
    for (int n = 0; n < width; ++n) {
      const auto& operands = *static_cast<const Operands*>(in[4 * g + n % 8 / 2]);
      std::int32_t& acc = operands.acc[(tile * nt + n / 8) * 4 + 2 * upper + n % 2];
      acc = wrapping_sum(acc, sums[n]);
    }
  }
}

}  // namespace

void mma_s8(int mt, int nt, std::int32_t* acc, const std::uint32_t* a, const std::uint32_t* b) {
  const Operands operands{acc, a, b};
  collective("mma.m16n8k32", 0xffffffffU, &operands, nullptr, perform, mt * 64 + nt);
}

}  // namespace emulator
