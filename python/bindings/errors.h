#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <vector>

#include "sim/core/error.h"

namespace rheobase::python {

/// `text` as Python says it: an option such as --normalize is the argument normalize. Whole commands in
/// quotes, 'rheobase convert --data SPEC', stay, and so does the file or argument `source` that it begins
/// with.
std::string python_text(const std::string& text, const std::string& source = "");

/// One line each, `where: what`.
std::vector<std::string> python_texts(const Notes& notes);

/// Of bytes that may come from files of unknown origin.
nanobind::str to_str(const std::string& bytes);
nanobind::list to_strs(const std::vector<std::string>& texts);

}  // namespace rheobase::python
