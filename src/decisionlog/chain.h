#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// The hash chain over the lines of a log. A line is a JSON object whose last member is its hash:
//
//   line = BODY ',"hash":"' HASH '"}'       HASH = hex(SHA-256(hash of the line before + BODY))
//
// where BODY is the object without its closing brace, and the hash before the first line is empty.
// Whoever changes a byte has to make all later hashes anew; against that a hash that was kept
// elsewhere helps, the last one of a file being enough.
namespace berth::decisionlog {

// The line, with its end, and `previous` becomes its hash.
std::string seal(std::string_view body, std::string& previous);

// Without the hash and the closing brace; the whole line where it has no hash.
std::string_view body_of_line(std::string_view line);

// Whether the line, without its end, follows `previous`, which becomes its hash. Errors: Invalid.
Status check(std::string_view line, std::string& previous);

}  // namespace berth::decisionlog
