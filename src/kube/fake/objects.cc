#include "kube/fake/objects.h"

#include "json/time.h"
#include "kube/fake/world.h"

namespace berth::kube::fake {

std::string text_at(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!object.contains(at) || !object[at].is_string()) return {};
  return object[at].get<std::string>();
}

Storage::Name name_of(const Json& object) {
  return {text_at(object, "/metadata/namespace"), text_at(object, "/metadata/name")};
}

std::string uid_of(const Json& object) { return text_at(object, "/metadata/uid"); }

bool has_finalizers(const Json& object) {
  const Json::json_pointer at("/metadata/finalizers");
  return object.contains(at) && !object[at].empty();
}

bool is_deleting(const Json& object) {
  return object.contains(Json::json_pointer("/metadata/deletionTimestamp"));
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
