#include <nlohmann/json.hpp>

#include "api/codec.h"
#include "api/registry.h"
#include "json/parse.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

// What the API server would take can be read, and what was read can be written.
template <class K>
void decode_one(const Json& json, bool is_valid) {
  const auto object = api::from_json<K>(json);
  require(object.ok() || !is_valid, "valid by its schema, and not to be read");
  if (!object) return;
  const auto again = api::from_json<K>(api::to_json(*object));
  require(again.ok() && *again == *object, "what was written is read as another");
}

using Decode = void (*)(const Json&, bool);
struct Kind {
  std::string_view name;
  Decode decode;
};
#define BERTH_KIND(K) {#K, decode_one<api::K>},
constexpr Kind kKinds[] = {BERTH_FOR_EACH_KIND(BERTH_KIND)};
#undef BERTH_KIND

}  // namespace

// An object of one of Berth's kinds, as somebody might have stored it.
void crd_objects(std::string_view input) {
  Json json = parse_json(input);
  if (!json.is_object() || !json.contains("kind")) return;
  for (const auto& [name, decode] : kKinds) {
    if (json["kind"] != name) continue;
    decode(json, false);
    json["metadata"] = {{"name", "x"}};  // the API server's own business
    const api::KindEntry* const kind = api::find_kind(name);
    kind->normalize(json);
    Json twice = json;
    kind->normalize(twice);
    require(twice == json, "normalised twice it is another");
    decode(json, kind->validate(json, nullptr).empty());
    (void)kind->validate(json, &twice);
  }
}

}  // namespace berth::fuzz
