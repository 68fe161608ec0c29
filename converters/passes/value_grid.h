#pragma once

namespace rheobase {

/// The numbers offset + k step, k an integer. Equal means equal within 1e-6 steps, since weights and biases
/// are float32. A step of 0: nothing is known.
struct Grid {
  double step = 0;
  double offset = 0;
  bool zero_at_border = false;  ///< 0 is on it only where a window reaches into the padding

  bool is_known() const { return step > 0; }
  bool holds_zero() const;
  Grid scaled(double factor) const;
  Grid shifted(double shift) const;
  /// The coarsest grid that holds 0, too, and is at most twice as fine; unknown where there is none.
  Grid with_zero() const;
};

/// Holds all sums of terms that are added one after the other.
class GridOfSums {
 public:
  /// A bias, say.
  explicit GridOfSums(double constant) : offset_(constant) {}
  void add(const Grid& term);
  /// Unknown where the steps of the terms are no multiples of one of them.
  Grid result() const;

 private:
  double smallest_ = 0;  // step; of which all others are multiples
  double offset_;
  bool known_ = true;
};

}  // namespace rheobase
