#pragma once

#include <string>

#include "converters/nir/file/nir_graph.h"

namespace rheobase::nir {

/// A NIR file (HDF5) of a graph without nested ones, laid out as the `nir` package reads it: reals are
/// float32, texts UTF-8 of any length, all contiguous. Equal graphs give equal bytes. Throws InputError
/// naming the node where a text of `own` has a NUL character.
std::string nir_bytes(const NirGraph& graph);

}  // namespace rheobase::nir
