#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "experiments/data/npy_header.h"
#include "experiments/data/zip_archive.h"

namespace rheobase {

/// An array of a NumPy archive whose header was read and which has as many bytes behind it as that says.
struct NpzArray {
  ZipMember member;  ///< at the first value
  NpyHeader header;
  std::uint64_t values_at = 0;  ///< in the member
  std::uint64_t value_count = 0;
};

/// The next bytes of a member.
std::vector<std::uint8_t> read_member(ZipMember& member, std::uint64_t count);

/// The array `name`. Nothing where it is missing or damaged, which is then a fault; `way_out` is how to save
/// an archive that has it.
std::optional<NpzArray> open_npz_array(const ZipArchive& archive, const std::string& name,
                                       const char* way_out, std::vector<Fault>& faults);

}  // namespace rheobase
