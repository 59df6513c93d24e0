#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "json/json_fwd.h"

namespace berth {

// Which members are read of the objects that a member of some name holds, or lists; of the objects
// under other names all are.
using ReadMembers = std::vector<std::pair<std::string_view, std::vector<std::string_view>>>;

// What JSON text says, as nlohmann's parser would: the same texts are refused (the value is then
// discarded, see is_discarded()), the same values made, of two members of one name the last. It is
// four times as fast, which counts for what the API server sends.
//
// `metadata.managedFields` is left out, at any depth: half of an object's bytes, and nobody here
// reads it. An object that is written back without it keeps it.
Json parse_json(std::string_view text);
// Leaves out, besides, what `read` does not name: making a value of all of a large object costs
// more than reading its text.
Json parse_json(std::string_view text, const ReadMembers& read);

}  // namespace berth
