#pragma once

#include <string>

#include "converters/nir/file/nir_graph.h"
#include "sim/core/error.h"
#include "sim/graph/graph.h"

namespace rheobase::nir {

/// Whether rheobase wrote the file, and its attributes are there.
bool is_own(const NirGraph& file);

/// What there is to say of that: who wrote it, or that what it says beyond NIR is left aside.
Fault own_note(const NirGraph& file, bool left_aside);

/// The very graph that such a file was written from. Throws InputError naming `source` where the attributes
/// are no graph, or say something else than the file's parameters and edges do: it was changed since.
Graph own_graph(const NirGraph& file, const std::string& source);

}  // namespace rheobase::nir
