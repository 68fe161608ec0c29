#pragma once

#include <cstdint>

// The inner loops of training that are not products of matrices, compiled for every instruction set. Values
// are [pixel][channel]; per-channel tables have `channels` entries. Sums are taken in double over blocks of
// 64 pixels.
namespace rheobase::loops {

struct Pixels {
  std::int64_t count = 0;
  std::int64_t channels = 0;
  std::int64_t size() const { return count * channels; }
};

/// y += x
void add(const float* x, float* y, std::int64_t count);
/// y[.][c] += x[c]
void add_to_channels(const float* x, Pixels pixels, float* y);
/// sums[c] = sum of x
void channel_sums(const float* x, Pixels pixels, double* sums);
/// sums[c] = sum of (x - mean)^2
void channel_squares(const float* x, const float* mean, Pixels pixels, double* sums);
/// y = x * scale + shift
void affine(const float* x, const float* scale, const float* shift, Pixels pixels, float* y);
/// sums[c] = sum of dy, products[c] = sum of dy (x - mean)
void normalized_sums(const float* x, const float* dy, const float* mean, Pixels pixels, double* sums,
                     double* products);
/// dx = a dy + b x + c (+ dx)
void normalized_gradient(const float* x, const float* dy, const float* const tables[3], Pixels pixels,
                         float* dx, bool accumulate);

/// y = max(x, 0); dx = dy where x > 0 (+ dx)
void relu(const float* x, float* y, std::int64_t count);
void relu_gradient(const float* x, const float* dy, float* dx, std::int64_t count, bool accumulate);

/// y = x where x > 0, slope x elsewhere
void prelu(const float* x, const float* slope, Pixels pixels, float* y);
/// dx (+)= dy or slope dy; slope_sums[c] = sum of dy x where x <= 0
void prelu_gradient(const float* x, const float* dy, const float* slope, Pixels pixels, float* dx,
                    bool accumulate, double* slope_sums);

/// y = sign(x), sign(0) = +1
void sign(const float* x, float* y, std::int64_t count);

/// The equation of neurons/qcfs_step.h.
void qcfs(const float* x, float lambda, float levels, float* y, std::int64_t count);
/// Straight through the floor: dx = dy where 0 <= x <= lambda (+ dx). Returns the sum of dy da/dlambda, which
/// is (a - x) / lambda there and 1 above.
double qcfs_gradient(const float* x, const float* y, const float* dy, float lambda, float* dx,
                     std::int64_t count, bool accumulate);

}  // namespace rheobase::loops
