#pragma once

#include <cstddef>
#include <vector>

namespace rheobase::fixed {

/// Sets of cells (a channel of a node's output) whose units have a known ratio:
/// unit(cell) = ratio(cell) * unit(root(cell)), with any positive unit of the root.
class UnitTies {
 public:
  explicit UnitTies(std::size_t cells = 0);

  /// unit(a) = ratio * unit(b). False, and nothing changes, where another ratio ties the two already.
  bool tie(std::size_t a, std::size_t b, double ratio);
  std::size_t root(std::size_t cell) const { return find(cell).root; }
  double ratio(std::size_t cell) const { return find(cell).ratio; }

 private:
  struct Place {
    std::size_t root;
    double ratio;  ///< of the unit to the root's
  };
  Place find(std::size_t cell) const;

  mutable std::vector<Place> parents_;  // paths are shortened when they are walked
};

}  // namespace rheobase::fixed
