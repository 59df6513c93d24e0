#include "api/codec_bodies.h"

namespace berth::api {

BERTH_DEFINE_CODEC(GpuJob);

}  // namespace berth::api
