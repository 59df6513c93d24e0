#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json_fwd.h"

namespace berth::cli {

struct Document {
  std::string place;  // "FILE:LINE", where it starts
  Json value;         // always an object
};

// The objects of a file of YAML documents, which JSON is too; empty ones are left out.
// Errors: NotFound, or Invalid with file and line, also for more than a million values (aliases
// count each time).
Result<std::vector<Document>> read_documents(const std::string& path);
Result<std::vector<Document>> parse_documents(const std::string& name, const std::string& text);

}  // namespace berth::cli
