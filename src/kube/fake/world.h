#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "json/json_fwd.h"
#include "kube/fake/kinds.h"
#include "kube/fake/storage.h"

namespace berth::kube::fake {

// All that a FakeServer is.
struct World {
  const Clock& clock;
  Kinds kinds;
  Storage storage;
  std::function<bool(const Json& access)> allowed;  // empty: everything
  bool streaming_lists = true;
  uint64_t made = 0;  // objects so far; uids and generated names come from it

  std::string time() const;  // now, in whole seconds as the real server writes it
  std::string new_uid();
  std::string new_suffix();  // five characters after a generateName
};

}  // namespace berth::kube::fake
