#pragma once
#include "api/registry.h"

namespace berth::crdgen {

// The CustomResourceDefinition of a kind, ready to be applied.
Schema custom_resource_definition(const api::KindEntry& kind);

}  // namespace berth::crdgen
