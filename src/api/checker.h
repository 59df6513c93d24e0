#pragma once
#include "json/schema_checker.h"

namespace berth::api {

// The checker of a kind's schema, made at the first call. Instantiated in codec_*.cc.
template <class K>
const SchemaChecker& checker_of();

}  // namespace berth::api
