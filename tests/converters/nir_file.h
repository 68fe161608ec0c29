#pragma once

#include <string>
#include <vector>

#include "converters/nir/file/nir_graph.h"

namespace rheobase::testing {

/// A NIR file as the `nir` package lays it out, and what a test asks it to do otherwise.
struct NirFile {
  std::vector<nir::NirNode> nodes;  ///< `GRAPH/NODE` goes to a nested graph
  std::vector<nir::Edge> edges;
  bool deflate = false;      ///< parameters of rank 1 and more, as newer versions of the package have them
  bool fixed_texts = false;  ///< texts of fixed length
  bool single = true;        ///< reals are float32

  /// The bytes; edges of nested graphs are told by the names of both ends.
  std::string bytes() const;
};

nir::Value reals(Shape shape, std::vector<double> values);
nir::Value integers(Shape shape, std::vector<std::int64_t> values);

/// Input {2} -> Linear -> LIF -> Output.
NirFile small_nir();

}  // namespace rheobase::testing
