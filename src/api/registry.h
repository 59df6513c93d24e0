#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "api/kind.h"
#include "json/json_fwd.h"
#include "json/schema.h"
#include "json/violation.h"

namespace berth::api {

// A kind without its C++ type, for what treats all kinds alike: berth-crdgen, the in-memory API
// server, the command line.
struct KindEntry {
  KindFacts facts;
  std::span<const Column> columns;
  std::optional<Scale> scale;
  const Schema& (*schema)();  // of the whole object, without apiVersion and kind
  // As api::validate<K> in codec.h.
  Violations (*validate)(const Json& now, const Json* old);
  // Drops unknown fields and fills in defaults, as the API server does with what it stores.
  void (*normalize)(Json& object);
};

// The seven kinds, the user's four first.
std::span<const KindEntry> all_kinds();

// By kind, "GpuJob", or nullptr.
const KindEntry* find_kind(std::string_view kind);

}  // namespace berth::api
