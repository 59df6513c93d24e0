#pragma once
#include <string>

#include "base/result.h"

namespace berth::kube {

// The content of a small file. Errors: NotFound; Unavailable when it is there and cannot be read;
// Invalid above 16 MiB.
Result<std::string> read_file(const std::string& path);

}  // namespace berth::kube
