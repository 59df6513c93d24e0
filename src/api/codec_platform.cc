#include "api/codec_bodies.h"

namespace berth::api {

BERTH_DEFINE_CODEC(Reservation);
BERTH_DEFINE_CODEC(SlaTier);
BERTH_DEFINE_CODEC(PlacementPolicy);
BERTH_DEFINE_CODEC(CapacityPool);

}  // namespace berth::api
