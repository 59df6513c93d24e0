#pragma once
#include <span>
#include <string>

#include "api/registry.h"

namespace berth::crdgen {

// The field reference as one Markdown page: every field of every kind with its type, what it may
// hold, its default and its meaning.
std::string reference_page(std::span<const api::KindEntry> kinds);

}  // namespace berth::crdgen
