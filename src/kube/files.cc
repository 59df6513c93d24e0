#include "kube/files.h"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace berth::kube {

Result<std::string> read_file(const std::string& path) {
  constexpr size_t kBytesMax = 16UL << 20;
  constexpr size_t kStep = 64UL << 10;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content;
  while (file && content.size() <= kBytesMax) {
    const size_t had = content.size();
    content.resize(had + kStep);
    file.read(content.data() + had, kStep);
    content.resize(had + static_cast<size_t>(file.gcount()));
  }
  if (content.size() > kBytesMax) return Error{Code::Invalid, path + ": larger than 16 MiB"};
  if (file.eof()) return content;
  const int why = errno;
  return Error{why == ENOENT ? Code::NotFound : Code::Unavailable,
               path + ": " + (why == 0 ? "cannot be read" : std::system_category().message(why))};
}

}  // namespace berth::kube
