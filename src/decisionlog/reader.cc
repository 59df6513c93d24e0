#include "decisionlog/reader.h"

namespace berth::decisionlog {

void Reader::refuse(const char* wants) { error_ = std::string("want ") + wants; }

Status Reader::status() const {
  if (!error_) return Done{};
  std::string place;
  for (const std::string_view name : path_) place += (place.empty() ? "" : ".") + std::string(name);
  const char* between = error_->starts_with("want") ? ": " : " ";
  return Error{Code::Invalid, place.empty() ? *error_ : place + between + *error_};
}

}  // namespace berth::decisionlog
