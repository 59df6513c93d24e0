#pragma once
#include <string_view>

#include "api/capacitypool.h"
#include "api/gpujob.h"
#include "api/inferenceendpoint.h"
#include "api/placementpolicy.h"
#include "api/quota.h"
#include "api/reservation.h"
#include "api/slatier.h"
#include "base/result.h"
#include "json/json_fwd.h"
#include "json/violation.h"

// The seven kinds as JSON. Compiled once in codec_*.cc, so that callers pay for no templates.
namespace berth::api {

// The whole object, with apiVersion and kind.
template <class K>
Json to_json(const K& object);

// Errors: Invalid, with the path of the field. Does not look at apiVersion and kind: the items of a
// list have none. Unknown fields are ignored.
template <class K>
Result<K> from_json(const Json& json);

// All that the API server's schema and rules would refuse, in the order of the description; `old`
// is the object before an update, or nullptr for a creation. Defaults are filled in first, as the
// API server does.
template <class K>
Violations validate(const Json& now, const Json* old = nullptr);

// The user's four, then the three that serve them.
#define BERTH_FOR_EACH_KIND(DO) \
  DO(Quota)                     \
  DO(Reservation)               \
  DO(GpuJob)                    \
  DO(InferenceEndpoint)         \
  DO(SlaTier)                   \
  DO(PlacementPolicy)           \
  DO(CapacityPool)

#define BERTH_DECLARE_CODEC(K)                      \
  extern template Json to_json<K>(const K&);        \
  extern template Result<K> from_json(const Json&); \
  extern template Violations validate<K>(const Json&, const Json*);
BERTH_FOR_EACH_KIND(BERTH_DECLARE_CODEC)
#undef BERTH_DECLARE_CODEC

}  // namespace berth::api
