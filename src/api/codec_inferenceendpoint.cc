#include "api/codec_bodies.h"

namespace berth::api {

BERTH_DEFINE_CODEC(InferenceEndpoint);

}  // namespace berth::api
