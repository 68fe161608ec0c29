#include "experiments/spec/toml_reader.h"

#include "sim/core/file.h"

namespace rheobase {

toml::table read_toml(const std::string& path) {
  const std::string text = read_file(path, max_text_bytes);
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw InputError(path, fmt::format("line {}", error.source().begin.line),
                     std::string(error.description()));
  }
}

}  // namespace rheobase
