#include "api/codec_bodies.h"

namespace berth::api {

BERTH_DEFINE_CODEC(Quota);

}  // namespace berth::api
