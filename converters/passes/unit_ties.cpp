#include "converters/passes/unit_ties.h"

#include <cmath>

namespace rheobase::fixed {

UnitTies::UnitTies(std::size_t cells) {
  parents_.reserve(cells);
  for (std::size_t i = 0; i < cells; ++i) parents_.push_back({i, 1.0});
}

UnitTies::Place UnitTies::find(std::size_t cell) const {
  std::vector<std::size_t> path;
  while (parents_[cell].root != cell) {
    path.push_back(cell);
    cell = parents_[cell].root;
  }
  Place result{cell, 1.0};
  for (auto it = path.rbegin(); it != path.rend(); ++it) {
    result.ratio *= parents_[*it].ratio;
    parents_[*it] = result;
  }
  return result;
}

bool UnitTies::tie(std::size_t a, std::size_t b, double ratio) {
  const Place from = find(a);
  const Place to = find(b);
  const double between_roots = ratio * to.ratio / from.ratio;
  // Ratios are products and quotients of window areas: far from 1 where they differ at all.
  if (from.root == to.root) return std::abs(between_roots - 1.0) < 1e-6;
  parents_[from.root] = {to.root, between_roots};
  return true;
}

}  // namespace rheobase::fixed
