#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kube/transport.h"

namespace berth::kube::fake {

// A request taken apart: "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE?QUERY".
struct Call {
  std::string group;
  std::string version;
  std::string name_space;
  std::string plural;
  std::string name;
  std::string subresource;
  std::map<std::string, std::string, std::less<>> query;

  std::string param(std::string_view name) const;
  bool is_watch() const { return param("watch") == "true" || param("watch") == "1"; }
};

// Nothing when the path is not that of a resource.
std::optional<Call> parse_call(const Request& request);

}  // namespace berth::kube::fake
