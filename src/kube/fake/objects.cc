#include "kube/fake/objects.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "json/time.h"
#include "kube/fake/world.h"

namespace berth::kube::fake {

namespace {

// What `pointer` ("/metadata/name") leads to; nullptr when it is not there. Not Json::json_pointer,
// which is parsed anew every time: these questions are most of what a simulated server does.
const Json* at(const Json& object, std::string_view pointer) {
  const Json* found = &object;
  while (!pointer.empty()) {
    const size_t end = std::min(pointer.find('/', 1), pointer.size());
    if (!found->is_object()) return nullptr;
    const auto member = found->find(pointer.substr(1, end - 1));
    if (member == found->end()) return nullptr;
    found = &*member;
    pointer.remove_prefix(end);
  }
  return found;
}

}  // namespace

std::string text_at(const Json& object, const char* pointer) {
  const Json* found = at(object, pointer);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

Storage::Name name_of(const Json& object) {
  return {text_at(object, "/metadata/namespace"), text_at(object, "/metadata/name")};
}

std::string uid_of(const Json& object) { return text_at(object, "/metadata/uid"); }

bool has_finalizers(const Json& object) {
  const Json* found = at(object, "/metadata/finalizers");
  return found != nullptr && !found->empty();
}

bool is_deleting(const Json& object) {
  return at(object, "/metadata/deletionTimestamp") != nullptr;
}

bool is_owned(const Json& object) {
  const Json* found = at(object, "/metadata/ownerReferences");
  return found != nullptr && !found->empty();
}

void bump_generation(Json& object) {
  Json& meta = object["metadata"];
  if (!meta.contains("generation")) return;
  meta["generation"] = meta["generation"].get<int64_t>() + 1;
}

std::string World::time() const {
  return format_time(std::chrono::floor<std::chrono::seconds>(clock.now()));
}

std::string World::new_uid() {
  char text[40];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012llx",
                static_cast<unsigned long long>(++made));
  return text;
}

std::string World::new_suffix() {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";  // as the real server's
  uint64_t rest = ++made * 0x9e3779b97f4a7c15ull;
  std::string suffix;
  for (int i = 0; i < 5; ++i, rest /= kLetters.size()) suffix += kLetters[rest % kLetters.size()];
  return suffix;
}

}  // namespace berth::kube::fake
