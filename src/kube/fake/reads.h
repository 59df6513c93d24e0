#pragma once
#include <optional>
#include <string>
#include <variant>

#include "kube/fake/call.h"
#include "kube/fake/kinds.h"
#include "kube/fake/refusal.h"
#include "kube/fake/watch_cursor.h"
#include "kube/fake/world.h"

// What the reading verbs answer.
namespace berth::kube::fake {

// The object's text, with apiVersion and kind in front.
std::string full_text(const Kind& kind, const Stored& object);

Response list_objects(World& world, const Call& call, const Kind& kind);

std::variant<WatchCursor, Refusal> start_watch(World& world, const Call& call, const Kind& kind);
std::optional<std::string> next_line(World& world, WatchCursor& cursor);
std::string bookmark_line(World& world, WatchCursor& cursor);

}  // namespace berth::kube::fake
