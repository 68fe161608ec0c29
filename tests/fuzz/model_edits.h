#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <hdf5.h>

namespace rheobase {

/// Changes an open model file through libhdf5 as the fuzzer's bytes say: what a hostile writer with the right
/// checksum could hand us while libhdf5 itself stays sound. Edits that make no sense have no effect.
void edit_model(hid_t file, FuzzedDataProvider& choices);

}  // namespace rheobase
