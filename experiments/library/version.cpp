#include "experiments/library/version.h"

namespace rheobase {

std::string tool_version() { return RHEOBASE_VERSION; }

}  // namespace rheobase
