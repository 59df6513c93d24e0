#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace berth {

// What a field of an API type may hold. Written once in the struct's describe(); the CRD schema,
// the reference docs and validate() are made from it. Text rules (length, pattern) of a list apply
// to its items. The defaults bound every list and string: the API server refuses a CRD whose CEL
// rules might walk something unbounded.
struct Rules {
  bool required = false;
  bool defaulted = false;    // the schema's default is the C++ initialiser of the member
  bool immutable = false;    // may not change, appear or vanish after creation
  bool is_template = false;  // a spec for objects to be made: its own immutable fields may change
  bool unsupported = false;  // in the schema for review, refused until it has behaviour
  bool quantity = false;     // a Kubernetes quantity above zero, "4" or 4 or "16Gi"
  bool set = false;          // a list of strings without duplicates
  std::optional<int64_t> minimum = std::nullopt;
  std::optional<int64_t> maximum = std::nullopt;
  int64_t min_length = 0;
  int64_t max_length = 253;
  int64_t min_items = 0;
  int64_t max_items = 64;
  std::string_view keys = {};     // of a list that is a map: "class,region"
  std::string_view pattern = {};  // RE2 and ECMAScript must agree on it: keep it plain
};

}  // namespace berth
