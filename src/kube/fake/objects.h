#pragma once
#include <string>

#include "json/json_fwd.h"
#include "kube/fake/storage.h"

// Small questions about an object's JSON.
namespace berth::kube::fake {

std::string text_at(const Json& object, const char* pointer);  // "" when it is not there
Storage::Name name_of(const Json& object);
std::string uid_of(const Json& object);
bool has_finalizers(const Json& object);
bool is_deleting(const Json& object);
bool is_owned(const Json& object);
// Adds one to metadata.generation, for kinds that have it.
void bump_generation(Json& object);

}  // namespace berth::kube::fake
