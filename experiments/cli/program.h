#pragma once

#include <string>
#include <vector>

namespace rheobase {

/// Runs the command that `words` (without the program's name) ask for. Results go to standard output or
/// files, messages to standard error. Returns 0 on success, 1 on a failed run, 2 on bad usage or input, the
/// last two with one line on standard error.
int run_program(const std::vector<std::string>& words);

}  // namespace rheobase
