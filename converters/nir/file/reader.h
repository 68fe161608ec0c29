#pragma once

#include <string>

#include "converters/nir/file/nir_graph.h"

namespace rheobase::nir {

/// The bytes of a NIR file (HDF5) as a graph. Throws InputError naming `source` and every node and parameter
/// at fault: no HDF5 file, a damaged one, links out of the file, values that it does not hold, compression
/// other than deflate, types that NIR does not have, edges of unknown nodes. Memory stays within a small
/// multiple of what the file holds.
NirGraph read_nir_bytes(const std::string& bytes, const std::string& source);

}  // namespace rheobase::nir
