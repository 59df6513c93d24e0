#include "kube/fake/reads.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace berth::kube::fake {
namespace {

constexpr const char* kEndOfInitialEvents = "k8s.io/initial-events-end";

uint64_t number(const std::string& text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string event(const char* type, const std::string& object) {
  return std::string(R"({"type":")") + type + R"(","object":)" + object + "}";
}

std::optional<Refusal> too_new(World& world, const std::string& version) {
  if (number(version) <= world.storage.version()) return std::nullopt;
  return Refusal{504,
                 "Timeout",
                 "Too large resource version: " + version,
                 {},
                 {{"ResourceVersionTooLarge", "Too large resource version"}},
                 1};
}

std::deque<ObjectState> matching(World& world, const Kind& kind, const ObjectSelector& select) {
  std::deque<ObjectState> found;
  for (const auto& [name, state] : world.storage.objects(kind.collection())) {
    if (select.matches(state->object())) found.push_back(state);
  }
  return found;
}

std::string list_text(const Kind& kind, const std::vector<ObjectState>& items,
                      const Json& metadata) {
  std::string text = R"({"apiVersion":)" + quoted(api_version(kind.resource)) + R"(,"kind":")" +
                     std::string(kind.resource.kind) + R"(List","metadata":)" + metadata.dump() +
                     R"(,"items":[)";
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += ',';
    text += kind.typed_list_items ? full_text(kind, *items[i]) : items[i]->text();
  }
  return text + "]}";
}

std::optional<Refusal> check_streaming_list(const World& world, const Call& call) {
  if (call.param("sendInitialEvents") != "true") return std::nullopt;
  if (!world.streaming_lists) {
    return invalid(call, "",
                   {{"sendInitialEvents",
                     "Forbidden: sendInitialEvents is forbidden for watch unless the "
                     "WatchList feature gate is enabled"}});
  }
  if (call.param("resourceVersionMatch") == "NotOlderThan") return std::nullopt;
  return invalid(call, "",
                 {{"resourceVersionMatch",
                   "Forbidden: sendInitialEvents requires setting resourceVersionMatch "
                   "to NotOlderThan"}});
}

}  // namespace

std::string full_text(const Kind& kind, const Stored& object) {
  return R"({"apiVersion":)" + quoted(api_version(kind.resource)) + R"(,"kind":)" +
         quoted(std::string(kind.resource.kind)) + "," + object.text().substr(1);
}

Response list_objects(World& world, const Call& call, const Kind& kind) {
  const auto select =
      parse_selector(call.name_space, call.param("labelSelector"), call.param("fieldSelector"));
  if (!select) return refuse(call, bad_request(select.error().message));
  if (const auto refusal = too_new(world, call.param("resourceVersion"))) {
    return refuse(call, *refusal);
  }
  const std::string token = call.param("continue");
  Storage::Page page{world.storage.version(), {}};
  if (token.empty()) {
    page.rest = matching(world, kind, *select);
  } else if (const auto kept = world.storage.page(token)) {
    page = *kept;
  } else {
    return refuse(call, expired("The provided continue parameter is too old to display a "
                                "consistent list result"));
  }
  const uint64_t limit = number(call.param("limit"));
  std::vector<ObjectState> items;
  while (!page.rest.empty() && (limit == 0 || items.size() < limit)) {
    items.push_back(std::move(page.rest.front()));
    page.rest.pop_front();
  }
  Json metadata = {{"resourceVersion", std::to_string(page.version)}};
  if (!page.rest.empty()) {
    if (select->everything()) metadata["remainingItemCount"] = page.rest.size();
    metadata["continue"] = world.storage.keep_page(std::move(page));
  }
  return {200, std::nullopt, list_text(kind, items, metadata)};
}

std::variant<WatchCursor, Refusal> start_watch(World& world, const Call& call, const Kind& kind) {
  auto select =
      parse_selector(call.name_space, call.param("labelSelector"), call.param("fieldSelector"));
  if (!select) return bad_request(select.error().message);
  if (const auto refusal = check_streaming_list(world, call)) return *refusal;
  WatchCursor cursor{.call = call,
                     .collection = &world.storage.collection(kind.collection()),
                     .select = *std::move(select)};
  // One object by its name is watched as the collection with that field.
  if (!call.name.empty()) cursor.select.fields.push_back({"/metadata/name", call.name, true});
  cursor.bookmarks = call.param("allowWatchBookmarks") == "true";
  const std::string version = call.param("resourceVersion");
  // Without a version a watch is a streaming list too, unasked.
  if (call.param("sendInitialEvents") == "true" || number(version) == 0) {
    cursor.initial = matching(world, kind, cursor.select);
    cursor.mark_initial_end = world.streaming_lists && cursor.bookmarks;
    cursor.version = world.storage.version();
  } else {
    cursor.version = number(version);
  }
  if (const uint64_t seconds = number(call.param("timeoutSeconds")); seconds > 0) {
    cursor.ends = world.clock.now() + std::chrono::seconds(seconds);
  }
  return cursor;
}

std::optional<std::string> next_line(World& world, WatchCursor& cursor) {
  if (cursor.dead) return std::nullopt;
  const auto kind_of = [&]() -> const Kind& {
    return *world.kinds.find(cursor.call.group, cursor.call.version, cursor.call.plural);
  };
  if (!cursor.initial.empty()) {
    const ObjectState state = std::move(cursor.initial.front());
    cursor.initial.pop_front();
    return event("ADDED", full_text(kind_of(), *state));
  }
  if (cursor.mark_initial_end) return bookmark_line(world, cursor);
  if (world.storage.is_compacted(*cursor.collection, cursor.version)) {
    cursor.dead = true;
    return event("ERROR", status_text(cursor.call, expired("too old resource version: " +
                                                           std::to_string(cursor.version))));
  }
  while (const Change* change = Storage::next_change(*cursor.collection, cursor.version)) {
    cursor.version = change->version;
    const bool was = change->before && cursor.select.matches(change->before->object());
    const bool is = !change->deleted && cursor.select.matches(change->after->object());
    if (!was && !is) continue;
    const char* type = !was ? "ADDED" : is ? "MODIFIED" : "DELETED";
    return event(type, full_text(kind_of(), *change->after));
  }
  return std::nullopt;
}

std::string bookmark_line(World& world, WatchCursor& cursor) {
  const Kind& kind = *world.kinds.find(cursor.call.group, cursor.call.version, cursor.call.plural);
  Json metadata = {{"resourceVersion", std::to_string(cursor.version)}};
  if (std::exchange(cursor.mark_initial_end, false)) {
    metadata["annotations"] = {{kEndOfInitialEvents, "true"}};
  } else if (!Storage::next_change(*cursor.collection, cursor.version)) {
    // Told everything of this collection, so as new as the whole server.
    cursor.version = std::max(cursor.version, world.storage.version());
    metadata["resourceVersion"] = std::to_string(cursor.version);
  }
  return event("BOOKMARK", Json{{"apiVersion", api_version(kind.resource)},
                                {"kind", kind.resource.kind},
                                {"metadata", metadata}}
                               .dump());
}

}  // namespace berth::kube::fake
