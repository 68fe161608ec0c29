#pragma once

#include <cstddef>

namespace rheobase::cuda {

/// Makes GPU `index` the one that this thread works with. Throws InputError where it is not there.
void use_gpu(int index);

/// Blocks of a grid that loops over its work: enough to fill the current GPU.
int resident_blocks();

/// Bytes that the current GPU has left.
std::size_t free_memory();

}  // namespace rheobase::cuda
