#pragma once
#include <string>

#include "json/schema.h"

namespace berth::crdgen {

// The document as YAML in block style. Same document, same bytes: keys in their order, strings in
// double quotes unless every YAML reader takes them for a string anyway.
std::string to_yaml(const Schema& document);

}  // namespace berth::crdgen
