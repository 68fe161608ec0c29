#pragma once

#include <string>

namespace rheobase {

/// Of this build, as files and `--version` say it: `0.1.0`.
std::string tool_version();

}  // namespace rheobase
