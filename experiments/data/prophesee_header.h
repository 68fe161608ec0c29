#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/data/byte_stream.h"
#include "experiments/data/image_transform.h"

namespace rheobase {

/// The text that Prophesee's recordings begin with: lines of `% keyword value`, up to `% end` or the first
/// that does not begin so.
class PropheseeHeader {
 public:
  /// Leaves `file` at the first byte behind the header. Throws InputError naming the file where a line has no
  /// end.
  explicit PropheseeHeader(ByteStream& file);

  /// The value of a keyword, in lower case, of whatever case in the file; that of its last line. Nothing
  /// where it has none.
  std::optional<std::string> value(const std::string& keyword) const;
  /// `height` of a `% format EVT3;height=720;width=1280`, and the format itself for "".
  std::optional<std::string> format_value(const std::string& name) const;
  /// `% geometry 1280x720`, else that of the format, else `% width` and `% height`.
  std::optional<ImageSize> sensor() const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace rheobase
