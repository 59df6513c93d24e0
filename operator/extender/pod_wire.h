#pragma once
#include <simdjson.h>

#include <optional>
#include <string_view>

#include "base/result.h"
#include "operator/extender/pod_facts.h"

// The Pod inside a call, read strictly. Objects of the API server are read leniently, since a newer
// server may know more; but a call says for whom a node is asked, and a pod that is half understood
// would be taken for one that is not Berth's business. So what is read has its type, or is refused.
namespace berth::extender {

// A pod of Berth's own says who it is and whose; any other accelerator pod is read whole. Errors
// are Invalid and name the place: "Pod.metadata.uid: want a string".
Result<PodFacts> read_pod(simdjson::dom::element pod, const translate::Accelerators& accelerators);

// Whether this may name an object or be its UID: lower case, digits, inside also '-' and single
// dots, 253 at most. Names travel on into paths, logs and messages.
bool is_name(std::string_view text);

// The name of a member that some object in there has twice. JSON does not say which of the two
// counts, and our two parsers disagree.
std::optional<std::string_view> repeated_member(simdjson::dom::element root);

}  // namespace berth::extender
